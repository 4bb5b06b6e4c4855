from __future__ import annotations

import gc
from datetime import date, datetime

import ibis
import pyarrow as pa
import pytest

from regulars.data.ledger import build_ledger, materialise
from regulars.errors import DataError

DAY = date(2024, 1, 5)


def table(**columns):
    n = len(columns["amount"])
    filled = {
        "customer_id": ["a"] * n,
        "order_date": [DAY] * n,
        "order_time": [datetime(2024, 1, 5)] * n,
        "is_return": [amount < 0 for amount in columns["amount"]],
        **columns,
    }
    return ibis.memtable(pa.table(filled))


def days_of(**columns):
    days = build_ledger(table(**columns)).days.order_by("customer_id", "day")
    return days.to_pyarrow().to_pylist()


def test_build_ledger_sums_the_lines_of_a_day():
    (day,) = days_of(
        amount=[10.0, 2.5], quantity=[1.0, 3.0], discount_amount=[0.5, None]
    )
    assert day["spend"] == 12.5
    assert day["n_lines"] == 2
    assert day["quantity"] == 4.0
    assert day["discount_amount"] == 0.5
    assert day["is_purchase"]


def test_build_ledger_nets_returns_and_does_not_count_them():
    (day,) = days_of(amount=[10.0, -4.0], quantity=[2.0, 1.0])
    assert (day["spend"], day["returns_amount"]) == (6.0, 4.0)
    assert (day["n_lines"], day["n_orders"], day["quantity"]) == (1, 1, 1.0)


def test_build_ledger_takes_flagged_positive_amount_for_a_return():
    (day,) = days_of(amount=[10.0, 4.0], is_return=[False, True])
    assert (day["spend"], day["returns_amount"], day["n_lines"]) == (6.0, 4.0, 1)


def test_build_ledger_has_no_purchase_when_day_has_refunds_only():
    (day,) = days_of(amount=[-4.0])
    assert not day["is_purchase"]
    assert (day["n_orders"], day["n_lines"], day["spend"]) == (0, 0, -4.0)


def test_build_ledger_counts_an_order_of_amount_zero():
    (day,) = days_of(amount=[0.0])
    assert day["is_purchase"]
    assert day["n_orders"] == 1


@pytest.mark.parametrize(
    ("order_id", "expected"),
    [
        (["1", "1", "2"], 2),
        (["1", "1", "1"], 1),
        ([None, None, None], 1),
        (["1", None, "2"], 2),
    ],
)
def test_build_ledger_counts_distinct_order_numbers(order_id, expected):
    (day,) = days_of(amount=[1.0, 2.0, 3.0], order_id=pa.array(order_id, pa.string()))
    assert day["n_orders"] == expected


def test_build_ledger_ignores_the_order_number_of_a_return():
    (day,) = days_of(amount=[1.0, -1.0], order_id=["1", "2"])
    assert day["n_orders"] == 1


def test_build_ledger_counts_distinct_times_when_there_are_no_order_numbers():
    times = [datetime(2024, 1, 5, hour) for hour in (9, 9, 17)]
    (day,) = days_of(amount=[1.0, 2.0, 3.0], order_time=times)
    assert day["n_orders"] == 2


def test_build_ledger_is_null_where_source_has_no_column():
    (day,) = days_of(amount=[1.0])
    assert day["quantity"] is None
    assert day["discount_amount"] is None
    assert day["discount_amount_micros"] is None


def test_build_ledger_sums_cents_exactly():
    (day,) = days_of(amount=[0.1] * 10 + [-0.3])
    assert day["spend_micros"] == 700_000
    assert day["spend"] == 0.7


def test_build_ledger_lists_the_lines_bought():
    log = table(amount=[1.0, 2.0, -1.0], product_id=["p", "p", "q"])
    items = build_ledger(log).items
    assert items.columns == ("customer_id", "day", "product_id")
    assert items.count().execute() == 2


def test_build_ledger_has_no_items_when_source_names_no_products():
    assert build_ledger(table(amount=[1.0])).items is None


def test_build_ledger_knows_its_first_and_last_day():
    dates = [date(2024, 2, 1), date(2024, 1, 5)]
    ledger = build_ledger(table(amount=[1.0, -2.0], order_date=dates))
    assert (ledger.first_day, ledger.last_day) == (dates[1], dates[0])


def test_build_ledger_is_empty_when_log_is_empty():
    ledger = build_ledger(table(amount=[1.0]).filter(ibis.literal(False)))
    assert ledger.first_day is None
    assert ledger.days.count().execute() == 0


def test_build_ledger_refuses_missing_columns():
    log = table(amount=[1.0]).drop("is_return")
    with pytest.raises(DataError, match=r"lack the columns \['is_return'\]"):
        build_ledger(log)


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -1e12])
def test_build_ledger_refuses_amounts_that_cannot_be_summed(amount):
    log = table(amount=[1.0, amount], is_return=[False, False])
    with pytest.raises(DataError, match=r"'amount' has 1 values .*customers a\)"):
        build_ledger(log)


def test_materialise_drops_unused_tables_with_the_next_call():
    con = ibis.duckdb.connect()
    con.raw_sql("CREATE TABLE numbers AS SELECT 1 AS x")
    count = "SELECT count(*) FROM duckdb_tables()"
    copy = materialise(con.table("numbers"))
    assert con.raw_sql(count).fetchall() == [(2,)]
    del copy
    gc.collect()
    copy = materialise(con.table("numbers"))
    assert con.raw_sql(count).fetchall() == [(2,)]
    assert copy.x.sum().execute() == 1


def test_collecting_unused_tables_leaves_a_result_that_is_being_read():
    con = ibis.duckdb.connect()
    con.raw_sql("CREATE TABLE numbers AS SELECT 1 AS x")
    copy = materialise(con.table("numbers"))
    result = con.raw_sql("SELECT x FROM numbers")
    del copy
    gc.collect()
    assert result.fetchall() == [(1,)]
