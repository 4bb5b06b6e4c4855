from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.config import Settings, TimeSettings
from regulars.data.ledger import build_ledger
from regulars.kinds.non_contractual.extrapolation import (
    backtest_extrapolation,
    extrapolation_timelines,
)
from regulars.kinds.non_contractual.snapshots import Snapshots
from regulars.models.churn.ensemble import Recipe
from regulars.timeline import plan

FIRST = date(2024, 1, 1)
LEARNT = Recipe({"process": 0.5, "logistic": 0.5}, settings={"logistic": {"C": 0.03}})


def log_of(n_customers=600, days=240, seed=0):
    """Customers who came in the first month and buy at paces of their own."""
    rng = np.random.default_rng(seed)
    pace = rng.gamma(1.5, 40, n_customers) + 5
    gaps = rng.exponential(1, (n_customers, 60)) * pace[:, None]
    gaps[:, 0] = rng.uniform(0, 30, n_customers)
    times = np.cumsum(gaps, axis=1)
    alive = times < rng.exponential(400, n_customers)[:, None] + times[:, [0]]
    customer, position = np.nonzero((times < days) & alive)
    day = pd.Timestamp(FIRST) + pd.to_timedelta(
        np.floor(times[customer, position]), unit="D"
    )
    return pd.DataFrame(
        {
            "customer_id": customer.astype(str),
            "order_time": day,
            "order_date": day.date,
            "amount": 10.0,
            "is_return": False,
        }
    )


def settings_of(frame, horizon):
    path = {"path": "unused.csv", "columns": {"amount": "amount"}}
    return Settings.model_validate(
        {
            "name": "short",
            "source": {"transactions": path},
            "time": {"horizon_days": horizon, "cutoff": "2024-08-28"},
            "features": {"cache": False},
        }
    )


def weight_of(frame, line, settings, recipe):
    snapshots = Snapshots.of(build_ledger(ibis.memtable(frame)), line, settings)
    return backtest_extrapolation(snapshots, settings, recipe)


@pytest.mark.parametrize("gap", [0, 7])
@pytest.mark.parametrize("horizon", [80, 120, 180, 273])
def test_tests_of_the_extrapolation_end_when_the_test_begins(horizon, gap):
    settings = TimeSettings(horizon_days=horizon, gap_days=gap)
    line = plan(settings, FIRST, FIRST + timedelta(days=400))
    lines = extrapolation_timelines(line, FIRST) if line.is_extrapolated else ()
    assert bool(lines) == line.is_extrapolated
    for each in lines:
        assert each.label_window(each.test_cutoff)[1] <= line.test_cutoff
        ends = [each.teaching.label_window(day)[1] for day in each.training_cutoffs]
        assert max(ends) <= each.test_cutoff
        asked = line.horizon_days / line.label_horizon_days
        assert each.horizon_days / each.label_horizon_days == pytest.approx(asked, 0.1)


def test_weight_is_the_same_when_the_test_window_changes():
    frame = log_of(300)
    settings = settings_of(frame, 120)
    line = plan(settings.time, FIRST, frame["order_date"].max())
    assert line.is_extrapolated
    late = frame["order_date"] >= line.test_cutoff
    assert late.sum() > 50
    moved = frame.assign(
        order_date=frame["order_date"].where(~late, line.test_cutoff),
        amount=frame["amount"].where(~late, 99.0),
    )
    weights = [weight_of(rows, line, settings, LEARNT) for rows in (frame, moved)]
    assert weights[0] == weights[1]
    assert 0 <= weights[0] <= 1


def test_weight_is_0_when_nothing_is_extrapolated():
    frame = log_of(60)
    settings = settings_of(frame, 28)
    line = plan(settings.time, FIRST, frame["order_date"].max())
    assert not line.is_extrapolated
    assert weight_of(frame, line, settings, LEARNT) == 0
    short = replace(line, horizon_days=120, label_horizon_days=40)
    assert weight_of(frame, short, settings, Recipe.process_only()) == 0
