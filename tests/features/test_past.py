from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulars.errors import ConfigError
from regulars.features import Past
from regulars.features.history import history_of

CUTOFF = date(2024, 2, 1)


@pytest.fixture
def past_of(clean_lines):
    """What is known at the cutoff of purchases on days before and after it."""

    def build(*shifts, **columns):
        rows = [
            {"customer_id": "a", "order_date": CUTOFF + timedelta(days=shift)} | columns
            for shift in shifts
        ]
        return Past(history_of(clean_lines(rows)), CUTOFF, seen_days=365)

    return build


def test_day_of_the_cutoff_and_later_ones_are_not_seen(past_of):
    past = past_of(-40, -1, 0, 1)
    assert past.n_days.tolist() == [2]
    assert (past.first_age[0], past.last_age[0]) == (40, 1)
    assert past.total("n_lines").tolist() == [2]
    assert past.total("n_lines", 39).tolist() == [1]


def test_tables_end_before_the_cutoff(past_of):
    past = past_of(-40, -1, 0, 1, product_id="p")
    assert sorted(past.days.age_days.to_pyarrow().to_pylist()) == [1, 40]
    gaps = past.days.order_by("day").gap_days.to_pyarrow().to_pylist()
    assert gaps == [None, 39]
    assert past.transactions.count().execute() == 2
    assert past.has("product_id", "amount")
    assert not past.has("category")


def test_alone_it_holds_no_later_row(past_of):
    past = past_of(-40, -1, 0, 1)
    assert (len(past.rows), len(past.alone.rows)) == (4, 2)


def test_customers_without_a_purchase_before_the_cutoff_are_not_there(past_of):
    assert len(past_of(0, 5)) == 0


def test_windows_beyond_the_log_are_missing(past_of):
    past = past_of(-40, -1)
    assert past.window("n_orders", 365).tolist() == [2]
    assert str(past.window("n_orders", 366).tolist()) == "[nan]"


def test_lookback_leaves_out_what_lies_before_it(features_of):
    rows = [
        {"customer_id": "a", "order_date": CUTOFF + timedelta(days=shift)}
        for shift in (-40, -1)
    ]
    short = features_of(rows, CUTOFF, lookback_days=39).iloc[0]
    assert (short["frequency"], short["T_days"]) == (0, 1)
    whole = features_of(rows, CUTOFF, lookback_days=40).iloc[0]
    assert (whole["frequency"], whole["T_days"]) == (1, 40)


def test_first_day_of_a_larger_log_decides_what_windows_reach(features_of):
    rows = [{"customer_id": "a", "order_date": CUTOFF - timedelta(days=9)}]
    alone = features_of(rows, CUTOFF).iloc[0]
    known = features_of(rows, CUTOFF, first_day=date(2023, 2, 1)).iloc[0]
    assert str(alone["orders_28d"]) == "nan"
    assert (known["orders_28d"], known["orders_365d"]) == (1, 1)


def test_lookback_below_one_is_refused(features_of):
    rows = [{"customer_id": "a", "order_date": CUTOFF - timedelta(days=9)}]
    with pytest.raises(ConfigError, match=r"time.lookback_days is 0; .*at least 1"):
        features_of(rows, CUTOFF, lookback_days=0)
