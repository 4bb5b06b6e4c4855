from __future__ import annotations

import pandas as pd
from tests.init.logs import contracts, people, written

from regulars import pipeline
from regulars.config import parse_settings
from regulars.init.kinds_guess import guess_kind


def run(found, folder):
    quick = ["churn.tuning_trials=1", "churn.members=[process, logistic]"]
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


def test_purchase_log_is_neither(tmp_path):
    frame = pd.DataFrame({"customer": ["a"], "date": ["2024-01-01"], "amount": [3.0]})
    assert guess_kind(written(tmp_path, frame)) is None
