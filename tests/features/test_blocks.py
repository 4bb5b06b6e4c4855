from __future__ import annotations

from datetime import date, timedelta

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.errors import DataError
from regulars.features.blocks import blocks, read_blocks
from regulars.features.matrix import FeaturePlan

SCHEMA = pa.schema({"customer_id": pa.string(), "line": pa.int64()})


def batches_of(ids, size):
    table = pa.table({"customer_id": list(ids), "line": range(len(ids))}, SCHEMA)
    return table.to_batches(size)


@given(
    ids=st.text("abcdef", max_size=40).map(sorted),
    size=st.integers(1, 9),
    n_lines=st.integers(1, 12),
)
def test_blocks_hold_whole_customers_and_every_line_once(ids, size, n_lines):
    found = list(blocks(batches_of(ids, size), SCHEMA, n_lines))
    lines = [line for block in found for line in block["line"].to_pylist()]
    assert lines == list(range(len(ids)))
    customers = [set(block["customer_id"].to_pylist()) for block in found]
    assert sum(map(len, customers)) == len(set(ids))
    assert len(found) >= 1


@pytest.mark.parametrize("ids", ["ba", "aab" + "a", "acb", "aabbaa"])
@pytest.mark.parametrize("size", [1, 2, 9])
def test_customers_that_come_out_of_order_are_refused(ids, size):
    with pytest.raises(DataError, match="not in the order of their customers"):
        list(blocks(batches_of(ids, size), SCHEMA, 1))


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_table_is_read_in_the_order_of_its_customers(clean_lines, in_memory):
    rows = [
        {"customer_id": f"c{n % 97:02}", "order_date": date(2024, 1, 1 + n % 5)}
        for n in range(5_000)
    ]
    table = clean_lines(rows)
    if in_memory:
        log = ibis.memtable(table)
    else:
        log = ibis.duckdb.connect().create_table("log", table)
    found = list(read_blocks(log, n_lines=700))
    assert len(found) > 3
    ids = [i for block in found for i in block["customer_id"].to_pylist()]
    assert ids == sorted(row["customer_id"] for row in rows)
    assert "order_time" in found[0].column_names


def test_order_times_stay_behind_where_orders_have_numbers(clean_lines):
    rows = [{"customer_id": "a", "order_date": date(2024, 1, 1), "order_id": "1"}]
    (block,) = read_blocks(ibis.memtable(clean_lines(rows)))
    assert "order_time" not in block.column_names


def test_blocks_give_the_same_bits_as_the_whole(clean_lines):
    rows = [
        {
            "customer_id": f"c{n % 23:02}",
            "order_date": date(2024, 1, 1) + timedelta(days=n * n % 400),
            "amount": n % 7 - 1.5,
            "category": "xyz"[n % 3],
        }
        for n in range(600)
    ]
    table = clean_lines(rows).sort_by([("customer_id", "ascending")])
    days = [date(2024, 9, 1), date(2024, 12, 1)]
    plan = FeaturePlan.of(days, first_day=date(2024, 1, 1))
    whole = plan.matrix([table])
    parts = [*blocks(table.to_batches(50), table.schema, 100)]
    assert len(parts) > 3
    pd.testing.assert_frame_equal(plan.matrix(parts), whole, check_exact=True)
    streamed = pd.concat(plan.frames(parts)).sort_values(["cutoff", "customer_id"])
    pd.testing.assert_frame_equal(
        streamed.reset_index(drop=True), whole, check_exact=True
    )
