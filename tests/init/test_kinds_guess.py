from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.config import parse_settings
from regulars.errors import ConfigError
from regulars.init.kinds_guess import guess_kind


def written(folder, frame, name="file.csv"):
    path = folder / name
    frame.to_csv(path, index=False)
    return path


def contracts(n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        rng.integers(0, 500, n_rows), unit="D"
    )
    life = pd.to_timedelta(rng.exponential(250, n_rows).astype(int) + 1, unit="D")
    ended = (start + life).where(start + life < "2024-12-01")
    return pd.DataFrame(
        {
            "account_id": [f"a{n}" for n in range(n_rows)],
            "plan_name": rng.choice(["basic", "pro"], n_rows),
            "MRR": rng.choice([9.0, 29.0], n_rows),
            "start_date": start,
            "cancelled_at": ended,
        }
    )


def people(n_rows=300, seed=0):
    rng = np.random.default_rng(seed)
    calls = rng.integers(0, 9, n_rows)
    left = rng.random(n_rows) < 0.1 + 0.08 * calls
    return pd.DataFrame(
        {
            "CustomerID": np.arange(n_rows) + 7000,
            "Calls": calls,
            "City": rng.choice(["Rome", "Oslo"], n_rows),
            "Churn": np.where(left, "Yes", "No"),
        }
    )


def run(found, folder):
    quick = ["churn.tuning_trials=1", "churn.classifiers=[logistic]"]
    places = [f"tracking.uri=sqlite:///{folder}/s.db", f"outputs={folder}/out"]
    settings = parse_settings(found.text, [*quick, *places])
    return pipeline.run(settings, lambda step: None)


def test_contracts_are_recognised_and_run(tmp_path):
    found = guess_kind(written(tmp_path, contracts()))
    assert found.kind == "contractual"
    settings = parse_settings(found.text)
    assert settings.source.subscriptions.columns == {
        "customer_id": "account_id",
        "plan": "plan_name",
        "monthly_amount": "MRR",
        "started_at": "start_date",
        "ended_at": "cancelled_at",
    }
    assert settings.time.horizon_days == 60
    result = run(found, tmp_path)
    assert result["is_champion"]
    assert result["kind"] == "contractual"


def test_table_with_a_label_is_recognised_and_runs(tmp_path):
    found = guess_kind(written(tmp_path, people()))
    assert found.kind == "labelled"
    place = parse_settings(found.text).churn.labelled
    assert (place.label, place.positive, place.id) == ("Churn", True, "CustomerID")
    result = run(found, tmp_path)
    assert result["test"]["roc_auc"] > 0.6


def test_label_may_be_named(tmp_path):
    path = written(tmp_path, people().rename(columns={"Churn": "outcome"}))
    assert guess_kind(path) is None
    assert parse_settings(guess_kind(path, "outcome").text).churn.labelled.positive


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["Attrited Customer", "Existing Customer"], "Attrited Customer"),
        ([0, 1], 1),
        ([True, False], True),
        (["stayed", "moved"], "moved"),
    ],
)
def test_value_that_means_churned_is_found(tmp_path, values, positive):
    frame = people().assign(Churn=np.resize(values, 300))
    place = parse_settings(guess_kind(written(tmp_path, frame)).text).churn.labelled
    assert place.positive == positive


def test_date_of_rows_is_taken_when_customers_repeat(tmp_path):
    frame = pd.concat(
        people().assign(snapshot_date=day) for day in ("2024-01-01", "2024-02-01")
    )
    place = parse_settings(guess_kind(written(tmp_path, frame)).text).churn.labelled
    assert (place.id, place.date) == ("CustomerID", "snapshot_date")
    undated = frame.drop(columns="snapshot_date")
    place = parse_settings(guess_kind(written(tmp_path, undated)).text).churn.labelled
    assert (place.id, place.date) == (None, None)


def test_purchase_log_is_neither(tmp_path):
    frame = pd.DataFrame({"customer": ["a"], "date": ["2024-01-01"], "amount": [3.0]})
    assert guess_kind(written(tmp_path, frame)) is None


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("Churm", "no column 'Churm'. Did you mean 'Churn'"),
        ("Calls", "'Calls' has 9 values"),
    ],
)
def test_label_that_cannot_be_one_is_refused(tmp_path, label, told):
    with pytest.raises(ConfigError, match=told):
        guess_kind(written(tmp_path, people()), label)


def test_contracts_without_a_customer_are_refused(tmp_path):
    path = written(tmp_path, contracts().rename(columns={"account_id": "x"}))
    with pytest.raises(ConfigError, match="no column that names the customer"):
        guess_kind(path)
