from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from regulars.features.sequence import RECENT_GAPS, novelties, sequence

DAYS = [date(2024, 1, day) for day in (1, 4, 5, 9, 20)]


def test_days_know_the_purchase_before_them_and_refunds_do_not_count():
    table = pa.table(
        {
            "customer_id": ["a"] * 5,
            "day": DAYS,
            "is_purchase": [True, True, False, True, True],
            "n_orders": [1, 1, 0, 1, 1],
            "n_lines": [1] * 5,
        }
    )
    rows = sequence(ibis.memtable(table)).order_by("day").to_pyarrow().to_pylist()
    assert [row["gap_days"] for row in rows] == [None, 3, None, 5, 11]
    assert rows[4]["recent_gaps_days"] == 19  # the last three gaps together
    assert RECENT_GAPS == 3
    assert [row["purchase_number"] for row in rows if row["is_purchase"]] == [
        1,
        2,
        3,
        4,
    ]
    assert rows[1]["next_day"] == date(2024, 1, 9)


def test_first_purchase_of_a_product_is_new_and_lines_without_one_are_not():
    items = pa.table(
        {
            "customer_id": ["a"] * 4,
            "product_id": ["p", "p", None, "q"],
            "day": DAYS[:4],
        }
    )
    found = novelties(ibis.memtable(items)).order_by("day").to_pyarrow()
    assert found["day"].to_pylist() == [DAYS[0], DAYS[3]]
