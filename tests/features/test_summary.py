from __future__ import annotations

from datetime import date

import ibis
import pytest

from regulars.features import Group, History
from regulars.features.summary import aggregates_at, lasting, left_join

CUTOFFS = (date(2024, 2, 1), date(2024, 3, 1))


@pytest.fixture
def pasts(ledger_of):
    days = [("a", date(2024, 1, 1)), ("a", date(2024, 2, 9)), ("b", date(2024, 1, 5))]
    rows = [{"customer_id": who, "order_date": day} for who, day in days]
    return History(ledger_of(rows)).along(CUTOFFS)


@pytest.mark.parametrize(
    ("cutoff", "orders", "ages"),
    [
        (CUTOFFS[0], {"a": 1, "b": 1}, {"a": 31, "b": 27}),
        (CUTOFFS[1], {"a": 2, "b": 1}, {"a": 21, "b": 56}),
    ],
)
def test_lasting_rows_hold_until_the_next_cutoff_with_a_new_day(
    pasts, cutoff, orders, ages
):
    rows = lasting(pasts[0].known, []).at(cutoff).to_pyarrow().to_pylist()
    assert {row["customer_id"]: row["n_orders"] for row in rows} == orders
    assert {row["customer_id"]: row["last_age"] for row in rows} == ages


def test_recent_aggregates_are_zero_for_who_has_no_recent_day(pasts):
    past = pasts[1]
    recent = {30: {"late": (past.days.age_days <= 30).cast("int32").sum()}}
    groups = [("own", Group({}, lambda s: {}, recent=recent))]
    rows = (
        aggregates_at(past, groups, lasting(past.known, groups))
        .to_pyarrow()
        .to_pylist()
    )
    assert {row["customer_id"]: row["late"] for row in rows} == {"a": 1, "b": 0}


def test_left_join_is_null_where_a_table_has_no_row():
    left = ibis.memtable({"customer_id": ["a", "b"]})
    right = ibis.memtable({"customer_id": ["b"], "n": [3]})
    joined = left_join(left, right).order_by("customer_id").to_pyarrow()
    assert joined.to_pydict() == {"customer_id": ["a", "b"], "n": [None, 3]}
