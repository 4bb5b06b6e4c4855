"""Contracts and labelled tables are watched as far as their data allow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.config import parse_settings
from regulars.scoring.reference import FILE
from regulars.tracking import Store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_trees")]

DAY = pd.Timestamp("2024-01-01")
CONTRACTS = (
    "churn: {{kind: contractual, tuning_trials: 0, members: [logistic]}}\n"
    "source: {{subscriptions: {{path: '{root}/contracts.csv'}}}}\n"
)
TABLE = (
    "churn: {{kind: labelled, tuning_trials: 0, members: [logistic], labelled: {{"
    "path: '{root}/customers.csv', label: left, positive: 'yes', id: who{date}}}}}\n"
)


def _quietly(step):
    """Say nothing of the steps."""


def _settings(folder, kind, *overrides):
    root = folder.as_posix()
    return parse_settings(
        "name: shop\ntime: {horizon_days: 60, training_cutoffs: 3}\n"
        f"{kind.format(root=root, date=', date: seen')}"
        f"tracking: {{uri: 'sqlite:///{root}/mlflow.db'}}\noutputs: '{root}/out'\n",
        overrides,
    )


def _train(settings):
    pipeline.train_model(pipeline.open_work(settings, _quietly), _quietly)


def _monitor(settings):
    return pipeline.monitor(pipeline.open_work(settings, _quietly), _quietly)


def _contracts(n=900):
    rng = np.random.default_rng(0)
    start = rng.integers(0, 700, n)
    plan = rng.choice(["basic", "pro"], n)
    life = rng.exponential(np.where(plan == "basic", 150, 700)).astype(int) + 1
    return pd.DataFrame(
        {
            "customer_id": [f"c{k:03}" for k in range(n)],
            "started_at": DAY + pd.to_timedelta(start, unit="D"),
            "ended_at": DAY + pd.to_timedelta(start + life, unit="D"),
            "plan": plan,
            "monthly_amount": np.where(plan == "basic", 9.0, 29.0),
        }
    )


def test_contracts_are_watched_by_tenure_and_cancellations(tmp_path):
    contracts = _contracts()
    contracts.to_csv(tmp_path / "contracts.csv", index=False)
    _train(_settings(tmp_path, CONTRACTS, "time.cutoff=2025-03-01"))
    result = _monitor(_settings(tmp_path, CONTRACTS, "time.cutoff=2025-07-01"))
    assert result["alarms"] == []
    assert {row["name"] for row in result["inputs"]} >= {"plan", "monthly_amount"}
    assert len(result["outcomes"]) == 3
    # a price that was raised for everybody is another input
    contracts["monthly_amount"] *= 3
    contracts.to_csv(tmp_path / "contracts.csv", index=False)
    result = _monitor(_settings(tmp_path, CONTRACTS, "time.cutoff=2025-07-01"))
    assert "monthly_amount" in {each["name"] for each in result["alarms"]}


def _table(n=900):
    rng = np.random.default_rng(1)
    calls, age = rng.poisson(20, n), rng.integers(18, 80, n)
    left = rng.random(n) < 1 / (1 + np.exp(0.2 * calls - 4))
    return pd.DataFrame(
        {
            "who": [f"c{k}" for k in range(n)],
            "calls": calls,
            "age": age,
            "seen": (DAY + pd.to_timedelta(np.arange(n) // 3, unit="D")).date,
            "left": np.where(left, "yes", "no"),
        }
    )


def test_rows_later_than_the_training_are_the_outcome_of_a_table(tmp_path):
    table = _table()
    table[:600].to_csv(tmp_path / "customers.csv", index=False)
    _train(_settings(tmp_path, TABLE))
    table.to_csv(tmp_path / "customers.csv", index=False)
    result = _monitor(_settings(tmp_path, TABLE))
    assert result["alarms"] == []
    [outcome] = result["outcomes"]
    assert outcome["n_customers"] == 300
    # calls counted twice
    table.loc[600:, "calls"] *= 2
    table[600:].to_csv(tmp_path / "customers.csv", index=False)
    result = _monitor(_settings(tmp_path, TABLE))
    assert "calls" in {each["name"] for each in result["alarms"]}


def test_table_without_days_says_that_it_has_no_outcome(tmp_path):
    _table().drop(columns="seen").to_csv(tmp_path / "customers.csv", index=False)
    undated = TABLE.replace("{date}", "")
    _train(_settings(tmp_path, undated))
    result = _monitor(_settings(tmp_path, undated))
    assert result["alarms"] == []
    assert result["inputs"]
    assert any(note.startswith("No outcome can be told") for note in result["notes"])


def test_table_of_a_model_without_its_rows_says_so(tmp_path):
    _table().to_csv(tmp_path / "customers.csv", index=False)
    settings = _settings(tmp_path, TABLE)
    _train(settings)
    folder, _ = Store(settings.tracking.uri, settings.name).fetch()
    (folder / FILE).unlink()
    result = _monitor(settings)
    assert result["inputs"] == []
    assert any("Train again" in note for note in result["notes"])
