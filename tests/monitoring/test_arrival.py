from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.config import MonitoringSettings
from regulars.monitoring.arrival import (
    Lines,
    amounts_by_period,
    watch_arrival,
    watch_lateness,
)

CUTOFF, FIRST = date(2024, 12, 30), date(2024, 1, 1)
TOLERATED = MonitoringSettings()


def log_of(days, customers=None, amounts=None, **columns):
    n = len(days)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n) if customers is None else customers,
            "order_date": pd.to_datetime(days).date,
            "amount": np.full(n, 10.0) if amounts is None else amounts,
            "is_return": np.zeros(n, dtype=bool),
            **columns,
        }
    )


def lines_of(frame, cutoff=CUTOFF):
    return Lines(ibis.memtable(frame), cutoff, FIRST)


def steady(seed=0, a_day=6.0):
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST, CUTOFF, inclusive="left")
    picked = np.repeat(days, rng.poisson(a_day, len(days)))
    return log_of(picked, amounts=rng.lognormal(3, 0.5, len(picked)))


def test_periods_are_counted_back_from_the_cutoff():
    frame = log_of(
        ["2024-12-29", "2024-12-02", "2024-12-01"], ["a", "a", "b"], [1.0, 2.0, 4.0]
    )
    found = amounts_by_period(lines_of(frame), 28)
    assert found["n_lines"].tolist()[:3] == [2, 1, 0]
    assert found["n_customers"].tolist()[:3] == [1, 1, 0]
    assert found["revenue"].tolist()[:3] == [3.0, 4.0, 0.0]
    # whole periods only
    assert len(found) == 364 // 28


def test_returns_lower_revenue_and_no_median():
    frame = log_of(["2024-12-29"] * 3, amounts=[10.0, 20.0, 6.0])
    frame["is_return"] = [False, False, True]
    found = amounts_by_period(lines_of(frame), 28).iloc[0]
    assert found["revenue"] == 24.0
    assert found["median"] == 15.0


def test_lines_of_the_cutoff_and_later_do_not_count():
    frame = log_of(["2024-12-30", "2024-12-31"])
    assert amounts_by_period(lines_of(frame), 28)["n_lines"].sum() == 0


def test_steady_log_does_not_surprise():
    watches, periods = watch_arrival(lines_of(steady()), TOLERATED)
    assert min(each.p_value for each in watches) > 0.05
    assert len(periods) == 13
    assert periods[-1].end == CUTOFF


def test_half_of_the_lines_missing_surprises():
    frame = steady(a_day=30.0)
    late = pd.to_datetime(frame["order_date"]) >= "2024-12-02"
    kept = frame[~late | (frame.index % 2 == 0)]
    watches, _ = watch_arrival(lines_of(kept), TOLERATED)
    lines = next(each for each in watches if each.name == "lines of 28 days")
    assert lines.p_value < 0.01
    assert lines.since == date(2024, 12, 2)
    assert "Lines of the 28 days since 2024-12-02" in lines.sentence


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_amounts_that_slip_tell_the_day(factor):
    frame = steady()
    late = pd.to_datetime(frame["order_date"]) >= "2024-12-20"
    frame["amount"] = frame["amount"].where(~late, frame["amount"] * factor)
    watches, _ = watch_arrival(lines_of(frame), TOLERATED)
    week = next(each for each in watches if each.name == "median amount of 7 days")
    assert week.p_value < 1e-6
    assert week.since == date(2024, 12, 20)


def test_late_log_is_told_with_its_last_day():
    frame = steady()
    early = frame[pd.to_datetime(frame["order_date"]) < "2024-12-23"]
    [late] = watch_lateness(lines_of(early), CUTOFF, TOLERATED)
    assert late.value == 7
    assert late.p_value < 1e-6
    assert late.since == date(2024, 12, 23)
    assert "ends on 2024-12-22: the 7 days after it and before 2024-12-30" in (
        late.sentence
    )


def test_log_that_ends_yesterday_is_in_time():
    [late] = watch_lateness(lines_of(steady()), CUTOFF, TOLERATED)
    assert late.value == 0
    assert late.p_value == 1.0


def test_shop_that_rests_at_times_is_not_late_when_it_rests():
    frame = steady()
    day = pd.to_datetime(frame["order_date"])
    rested = frame[~day.between("2024-08-01", "2024-08-10") & (day < "2024-12-23")]
    [late] = watch_lateness(lines_of(rested), CUTOFF, TOLERATED)
    assert late.p_value == 1.0
