from __future__ import annotations

from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.config import ProfitSettings, TimeSettings
from regulars.evaluation.offer import campaign_costs
from regulars.metrics import log_loss, profit_at_threshold
from regulars.timeline import plan

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def rivals(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from rivals import handmade, iranian, judging

    return {"handmade": handmade, "iranian": iranian, "judging": judging}


def purchases(n_customers=40, days=200):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "customer_id": rng.integers(0, n_customers, 900).astype(str),
            "order_time": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, days, 900), unit="D"),
            "amount": rng.uniform(1, 50, 900).round(2),
            "is_return": rng.random(900) < 0.05,
        }
    )
    return frame.assign(order_date=frame["order_time"].dt.date)


def line_of(frame):
    days = frame["order_date"]
    settings = TimeSettings(horizon_days=28, cutoff=date(2024, 7, 1))
    return plan(settings, days.min(), days.max())


def test_hand_made_features_when_counted_by_hand(rivals):
    days = ["2024-01-01", "2024-01-11", "2024-01-31", "2024-02-03"]
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "order_time": pd.to_datetime(days),
            "order_date": pd.to_datetime(days).date,
            "amount": [10.0, 20.0, 30.0, 5.0],
            "is_return": [False, False, False, False],
        }
    )
    line = plan(TimeSettings(horizon_days=28), date(2024, 1, 1), date(2024, 6, 1))
    rows = rivals["handmade"].labelled_rows(
        ibis.memtable(frame), line, [date(2024, 2, 2), date(2024, 3, 1)]
    )
    first = rows.iloc[0]
    found = first[["days", "days_7", "days_28", "recency", "tenure", "gap_mean"]]
    assert found.tolist() == [3, 1, 2, 2, 32, 15]
    assert first[["spend_28", "spend_last", "recency_over_gap_max"]].tolist() == [
        50.0,
        30.0,
        0.1,
    ]
    # a was silent in the 28 days after 2 February, and the second window is not over
    assert rows["churned"].tolist()[0] == 1.0
    assert rows["churned"].isna().tolist() == [False, True, True]


def test_hand_made_rows_when_the_test_window_changes(rivals):
    frame = purchases()
    line = line_of(frame)
    cutoffs = [*reversed(line.training_cutoffs), line.test_cutoff]
    label = rivals["handmade"].labelled_rows
    before = label(ibis.memtable(frame), line, cutoffs)
    later = frame["order_date"] >= line.test_cutoff
    changed = frame.assign(
        amount=frame["amount"].where(~later, 9_999.0),
        customer_id=frame["customer_id"].where(~later, "0"),
    )
    assert later.sum() > 20
    pd.testing.assert_frame_equal(before, label(ibis.memtable(changed), line, cutoffs))


def test_kept_forecasts_when_the_log_changes(rivals, tmp_path):
    frame = purchases()
    line = line_of(frame)

    def forecast(log):
        return rivals["handmade"].forecast(
            ibis.memtable(log), line, trials=1, keep=tmp_path
        )

    first = forecast(frame)
    pd.testing.assert_frame_equal(first, forecast(frame))
    assert len(list(tmp_path.iterdir())) == 1
    assert first["churn"].between(0, 1).all()
    assert (first["spend"] >= 0).all()
    forecast(frame.assign(amount=frame["amount"] * 2))
    assert len(list(tmp_path.iterdir())) == 2


def test_verdict_when_the_model_knows_more_than_its_rivals(rivals):
    rng = np.random.default_rng(0)
    chance = rng.uniform(0, 1, 2_000)
    y = (rng.random(2_000) < chance).astype(float)
    coin, dull = np.full(2_000, 0.5), 0.25 + chance / 2
    verdict = rivals["judging"].verdict
    found = verdict("log_loss", y, {"model": chance, "coin": coin, "dull": dull})
    assert (found["rival"], found["verdict"]) == ("dull", "ahead")
    assert found["difference"] == pytest.approx(log_loss(y, chance) - log_loss(y, dull))
    turned = verdict("log_loss", y, {"model": dull, "coin": coin, "chance": chance})
    assert (turned["rival"], turned["verdict"]) == ("chance", "behind")
    assert verdict("roc_auc", y, {"model": dull, "same": chance})["verdict"] == "level"


def test_profit_of_the_rules_at_one_value_for_all(rivals):
    rng = np.random.default_rng(1)
    chance, clv = rng.uniform(0, 1, 500), rng.uniform(-5, 300, 500)
    y = (rng.random(500) < chance).astype(float)
    costs = ProfitSettings()
    found = rivals["judging"].profits(y, chance, clv, costs, 0.7)
    worth = np.average(np.maximum(clv, 0), weights=chance)
    assert found["leaver_value"] == pytest.approx(worth)
    found, offer = found["rules"], {"clv": worth, "costs": campaign_costs(costs)}
    for name, threshold in (
        ("everyone above 0.5", 0.5),
        ("threshold from validation", 0.7),
        ("everyone", 0.0),
    ):
        assert found[name]["profit"] == pytest.approx(
            profit_at_threshold(y, chance, threshold, **offer)
        )
    assert found["riskiest tenth"]["n_contacted"] == 50
    assert found["nobody"]["profit"] == 0


def test_difference_over_splits_when_training_rows_are_shared(rivals):
    differences = np.array([0.01, 0.03, 0.02, 0.02])
    found = rivals["iranian"].corrected_difference(differences, test_share=0.2)
    low, high = found["interval"]
    naive = 1.96 * differences.std(ddof=1) / 2
    assert found["difference"] == pytest.approx(0.02)
    # the share of test to training rows is added to one over the number of splits
    assert (high - low) / 2 == pytest.approx(naive * np.sqrt(2))
