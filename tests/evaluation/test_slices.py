"""Parts of the base and the figures of each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.evaluation.slices import evaluate_slices, label_customers


def rows(first_days, revenue, cutoff="2024-07-01"):
    age = (pd.Timestamp(cutoff) - pd.to_datetime(first_days)).days
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(len(revenue))],
            "cutoff": cutoff,
            "T_days": np.asarray(age, float),
            "revenue": np.asarray(revenue, float),
        }
    )


def test_cohorts_are_coarser_when_there_would_be_too_many():
    months = pd.date_range("2022-01-15", periods=24, freq="30D")
    found = label_customers(rows(months, range(24)))["cohort"]
    assert found.iloc[0] == "2022Q1"
    assert found.nunique() <= 8


def test_value_bands_are_thirds_and_equal_spend_stays_together():
    days = ["2024-01-01"] * 6
    assert label_customers(rows(days, range(6)))[
        "value_band"
    ].value_counts().tolist() == [
        2,
        2,
        2,
    ]
    assert len(set(label_customers(rows(days, [5] * 6))["value_band"])) == 1


def test_attributes_are_joined_by_customer_and_gaps_are_told():
    attributes = pd.DataFrame(
        {
            "customer_id": ["c2", "c0"],
            "city": ["Oslo", "Rome"],
            "serial": ["x", "x"],
        }
    )
    found = label_customers(rows(["2024-01-01"] * 3, range(3)), attributes)
    assert found["city"].tolist() == ["Rome", "unknown", "Oslo"]
    assert "serial" not in found, "one value tells no parts apart"


def test_figures_are_none_when_a_part_is_too_small():
    y, p = np.array([0.0, 1.0] * 40), np.array([0.2, 0.8] * 40)
    labels = pd.DataFrame({"plan": ["basic"] * 10 + ["full"] * 70})
    small, large = evaluate_slices(y, p, np.full(80, 0.5), labels)
    assert small["value"] == "basic"
    assert small["log_loss"] is None
    assert small["n_customers"] == 10
    assert large["difference"] < 0
    assert large["high"] < 0


def test_bands_stand_in_their_own_order():
    y = np.array([0.0, 1.0] * 45)
    labels = pd.DataFrame(
        {"value_band": np.repeat(["highest third", "lowest third", "middle third"], 30)}
    )
    found = evaluate_slices(y, y * 0.5 + 0.2, y * 0.5 + 0.2, labels)
    assert [row["value"] for row in found] == [
        "lowest third",
        "middle third",
        "highest third",
    ]
