from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.config import MonitoringSettings
from regulars.monitoring.arrival import Lines
from regulars.monitoring.quality import (
    watch_categories,
    watch_missing,
    watch_set_aside,
)
from regulars.results.monitoring import IntakeCount

CUTOFF, FIRST = date(2024, 12, 30), date(2024, 1, 1)
TOLERATED = MonitoringSettings()


@pytest.fixture
def log():
    """A year of two channels, seven customers a day."""
    rng = np.random.default_rng(0)
    days = pd.date_range(FIRST, CUTOFF, inclusive="left")
    picked = np.repeat(days, rng.poisson(7.0, len(days)))
    return pd.DataFrame(
        {
            "customer_id": np.arange(len(picked)),
            "order_date": picked.date,
            "amount": 10.0,
            "is_return": False,
            "channel": rng.choice(["web", "shop"], len(picked)),
        }
    )


def _lines(frame):
    return Lines(ibis.memtable(frame), CUTOFF, FIRST)


def _late(log, day):
    return pd.to_datetime(log["order_date"]) >= day


def test_categories_that_go_on_do_not_surprise(log):
    watches = watch_categories(_lines(log), TOLERATED)
    assert len(watches) == 4
    assert min(each.p_value for each in watches) > 0.05


def test_category_that_vanished_is_told_from_its_last_day(log):
    frame = log[~(_late(log, "2024-12-10") & (log["channel"] == "web"))]
    watches = {each.name: each for each in watch_categories(_lines(frame), TOLERATED)}
    gone = watches["channel 'web' of 7 days"]
    assert gone.p_value < 1e-4
    last = frame.loc[frame["channel"] == "web", "order_date"].max()
    assert gone.since == last + timedelta(days=1)
    assert "has vanished" in gone.sentence
    # the others have not grown
    others = [each for name, each in watches.items() if "'shop'" in name]
    assert min(each.p_value for each in others) > 0.05


def test_month_of_few_customers_is_no_news_of_a_category(log):
    frame = log[~_late(log, "2024-12-02") | (log.index % 4 == 0)]
    watches = watch_categories(_lines(frame), TOLERATED)
    assert min(each.p_value for each in watches) > 0.05


def test_category_never_seen_before_is_new(log):
    late = _late(log, "2024-12-20") & (log["channel"] == "web")
    frame = log.assign(channel=log["channel"].where(~late, "kiosk"))
    watches = {each.name: each for each in watch_categories(_lines(frame), TOLERATED)}
    new = watches["new channel 'kiosk' of 28 days"]
    assert new.is_beyond
    assert new.p_value < 1e-6


def test_one_customer_of_a_new_kind_is_no_alarm(log):
    log.loc[log.index[-1], "channel"] = "fax"
    watches = {each.name: each for each in watch_categories(_lines(log), TOLERATED)}
    assert watches["new channel 'fax' of 28 days"].p_value > 0.01


def test_names_are_no_categories(log):
    names = log.assign(channel=log["customer_id"].astype(str))
    assert watch_categories(_lines(names), TOLERATED) == []


def test_values_that_go_missing_are_told_by_column(log):
    late = _late(log, "2024-12-10")
    frame = log.assign(channel=log["channel"].where(~late))
    watches = {each.name: each for each in watch_missing(_lines(frame), TOLERATED)}
    assert watches["missing channel"].is_beyond
    assert watches["missing channel"].p_value < 1e-6
    assert not watches["missing amount"].is_beyond


def _count(rows_in, aside, day):
    return IntakeCount(
        cutoff=day, table="transactions", rows_in=rows_in, rows_set_aside=aside
    )


def test_new_rows_that_are_set_aside_are_compared_with_those_before():
    before = [_count(10_000, 100, date(2024, 11, 1))]
    [same] = watch_set_aside({"transactions": (11_000, 110)}, before, TOLERATED)
    [worse] = watch_set_aside({"transactions": (11_000, 200)}, before, TOLERATED)
    assert same.p_value > 0.5
    assert worse.p_value < 1e-6
    assert "100 of 1,000 new rows" in worse.sentence


def test_without_new_rows_nothing_is_said():
    before = [_count(10_000, 100, date(2024, 11, 1))]
    assert watch_set_aside({"transactions": (10_000, 100)}, before, TOLERATED) == []
    assert watch_set_aside({"transactions": (10_000, 100)}, [], TOLERATED) == []
