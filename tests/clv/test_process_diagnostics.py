"""The report's diagnostics of a purchase process: plain data, and the right sums."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from regulars.clv.process import PurchaseProcess
from regulars.clv.process_diagnostics import process_diagnostics
from regulars.errors import DataError

START = dt.date(2024, 1, 1)
CUTOFF = START + dt.timedelta(280)
END = CUTOFF + dt.timedelta(91)


@pytest.fixture(scope="module")
def log():
    """Return purchase days of 1,500 customers who leave after random purchases."""
    rng = np.random.default_rng(5)
    n = 1500
    first = rng.integers(0, 84, n)
    rate = rng.gamma(0.8, 1 / 40, n)
    allowed = rng.geometric(np.maximum(rng.beta(0.8, 2.5, n), 1e-9))
    made = np.minimum(rng.poisson(rate * 400), allowed)
    who = np.repeat(np.arange(n), made)
    gap = rng.exponential(1 / rate[who])
    later = first[who] + 1 + pd.Series(gap).groupby(who).cumsum().to_numpy()
    days = np.concatenate([first, later]).astype(int)
    frame = pd.DataFrame({"customer_id": np.concatenate([np.arange(n), who])})
    frame["day"] = pd.Timestamp(START) + pd.to_timedelta(days, unit="D")
    frame["amount"] = rng.gamma(5.0, 4.0, len(frame)) * (1 + frame["customer_id"] % 4)
    frame = frame[frame["day"] < pd.Timestamp(END)]
    return frame.drop_duplicates(["customer_id", "day"]).sort_values("day")


@pytest.fixture(scope="module")
def fitted(log):
    """Return the process at the cutoff, and its rows with forecasts and outcomes."""
    seen = log[log["day"] < pd.Timestamp(CUTOFF)]
    by_customer = seen.groupby("customer_id")
    days = by_customer["day"].agg(["min", "max", "size"])
    repeats = seen[by_customer.cumcount() > 0].groupby("customer_id")["amount"].mean()
    rows = pd.DataFrame(
        {
            "frequency": days["size"] - 1.0,
            "recency_days": (days["max"] - days["min"]).dt.days.astype(float),
            "T_days": (pd.Timestamp(CUTOFF) - days["min"]).dt.days.astype(float),
            "monetary_value": repeats,
        }
    )
    process = PurchaseProcess().fit(rows)
    later = log[log["day"] >= pd.Timestamp(CUTOFF)].groupby("customer_id").size()
    made = later.reindex(rows.index, fill_value=0)
    forecast = process.predict(rows, horizon_days=91)
    return process, rows.assign(n_purchases=made, **forecast)


@pytest.fixture(scope="module")
def found(fitted, log):
    return process_diagnostics(*fitted, log, cutoff=CUTOFF, end=END)


def test_diagnostics_are_json_without_nan(found):
    text = json.dumps(found, allow_nan=False)
    assert sorted(json.loads(text)) == [
        "alive_matrix",
        "by_frequency",
        "spend_density",
        "tracking",
    ]


def test_tracking_counts_every_repeat_purchase_and_marks_the_cutoff(found, log):
    weeks = found["tracking"]
    customers = log["customer_id"].nunique()
    assert weeks["actual_cumulative"][-1] == len(log) - customers
    assert weeks["cutoff_week"] == 40.0
    assert weeks["week"][-1] == 53
    assert weeks["start"][0] == "2024-01-01"
    total = weeks["expected_cumulative"][-1]
    assert total == pytest.approx(weeks["actual_cumulative"][-1], rel=0.12)


def test_by_frequency_means_add_up_to_all_purchases(found, fitted):
    groups, (_, rows) = found["by_frequency"], fitted
    assert groups["frequency"][0] == "0"
    assert groups["frequency"][-1] == "7 or more"
    assert sum(groups["n_customers"]) == len(rows)
    total = np.dot(groups["n_customers"], groups["actual"])
    assert total == pytest.approx(rows["n_purchases"].sum())
    expected = np.dot(groups["n_customers"], groups["expected"])
    assert expected == pytest.approx(rows["btyd_expected_purchases"].sum())


def test_alive_matrix_leaves_impossible_pairs_empty(found):
    matrix = found["alive_matrix"]
    assert len(matrix["p"]) == len(matrix["frequency"])
    assert {len(row) for row in matrix["p"]} == {len(matrix["recency"])}
    assert matrix["p"][0][0] == 1.0  # BG/NBD: who bought once is alive
    assert matrix["p"][0][1] is None
    assert matrix["p"][1][0] is None
    assert matrix["p"][3][-1] > matrix["p"][3][1]


def test_tracking_is_left_out_without_days_and_without_one_week(fitted, log):
    assert "tracking" not in process_diagnostics(*fitted, cutoff=CUTOFF)
    short = process_diagnostics(
        *fitted, log, cutoff=CUTOFF, end=START + dt.timedelta(5)
    )
    assert "tracking" not in short


def test_diagnostics_ask_for_outcomes(fitted):
    process, rows = fitted
    with pytest.raises(DataError, match=r"lack the columns \['n_purchases'\]"):
        process_diagnostics(process, rows.drop(columns="n_purchases"), cutoff=CUTOFF)
