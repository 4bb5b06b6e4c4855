from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulars.errors import ConfigError, LeakageError
from regulars.features import History, refuse_future

CUTOFF = date(2024, 2, 1)


def rows_around_cutoff():
    return [
        {"customer_id": "a", "order_date": CUTOFF + timedelta(days=shift)}
        for shift in (-40, -1, 0, 1)
    ]


def test_history_leaves_out_the_day_of_the_cutoff_and_later(ledger_of):
    past = History(ledger_of(rows_around_cutoff())).at(CUTOFF)
    assert sorted(past.days.age_days.to_pyarrow().to_pylist()) == [1, 40]
    assert past.transactions.count().execute() == 2


def test_history_leaves_out_what_lies_before_the_lookback(ledger_of):
    history = History(ledger_of(rows_around_cutoff()), lookback_days=39)
    past = history.at(CUTOFF)
    assert past.days.age_days.to_pyarrow().to_pylist() == [1]
    assert past.days.gap_days.to_pyarrow().to_pylist() == [None]
    assert past.seen_days == 39


def test_history_keeps_the_first_day_of_the_lookback(ledger_of):
    past = History(ledger_of(rows_around_cutoff()), lookback_days=40).at(CUTOFF)
    assert past.days.count().execute() == 2


def test_history_filters_items_as_it_filters_days(ledger_of):
    rows = [row | {"product_id": "p"} for row in rows_around_cutoff()]
    past = History(ledger_of(rows)).at(CUTOFF)
    assert past.items.count().execute() == 2


def test_history_takes_the_first_day_of_a_larger_log(ledger_of):
    ledger = ledger_of(rows_around_cutoff())
    past = History(ledger, first_day=date(2023, 2, 1)).at(CUTOFF)
    assert past.seen_days == 365


def test_history_has_seen_nothing_when_cutoff_lies_before_the_log(ledger_of):
    past = History(ledger_of(rows_around_cutoff())).at(date(2020, 1, 1))
    assert past.seen_days == 0
    assert past.days.count().execute() == 0


def test_history_refuses_a_lookback_below_one(ledger_of):
    with pytest.raises(ConfigError, match=r"time.lookback_days is 0; .*at least 1"):
        History(ledger_of(rows_around_cutoff()), lookback_days=0)


def test_refuse_future_returns_the_table_when_all_is_past(ledger_of):
    log = ledger_of(rows_around_cutoff()[:2]).transactions
    assert refuse_future(log, CUTOFF) is log


def test_refuse_future_raises_when_a_record_is_on_the_cutoff(ledger_of):
    log = ledger_of(rows_around_cutoff()).transactions
    with pytest.raises(
        LeakageError, match=r"'order_date' has 2 of 4 values on or after .*customers a"
    ):
        refuse_future(log, CUTOFF)
