"""Segments as of a cutoff, worked out by hand; what happens from it on is not seen."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from tests.kpis.tables import ledger, table

from regulars.kpis import KpiData
from regulars.kpis.past_segments import attributes_of_past, segments_of_past

CUTOFF = date(2024, 7, 1)
# old bought in 2023, the others in the year before the cutoff
IDS = pd.Series(["c", "a", "b", "old"], index=[7, 8, 9, 3])
BEFORE = [
    ("a", "2024-06-20", 9.0, "web"),
    ("b", "2024-01-10", 9.0, "shop"),
    ("b", "2024-03-01", 9.0, "web"),
    ("c", "2024-01-05", 9.0, None),
    ("c", "2024-02-05", 9.0, None),
    ("c", "2024-02-06", 9.0, None),
    ("old", "2023-05-01", 9.0, "web"),
]
AFTER = [
    ("a", "2024-07-01", 9.0, "shop"),
    ("c", "2024-07-02", 9.0, "shop"),
    ("old", "2024-07-02", 9.0, "shop"),
    ("old", "2024-07-03", 9.0, "shop"),
]


def data_of(rows, **tables):
    return KpiData(
        ledger("customer_id order_date amount channel", rows), CUTOFF, tables=tables
    )


def postings(*rows):
    return table("loyalty", "customer_id posted_at kind points tier", rows)


KNOWN = [
    ("a", "2024-05-01", "earn", 5.0, "silver"),
    ("b", "2024-03-01", "earn", 5.0, "bronze"),
    ("b", "2024-06-30", "redeem", 5.0, "silver"),
]
LATER = [
    ("a", "2024-07-01", "earn", 5.0, "gold"),
    ("c", "2024-07-05", "earn", 5.0, "x"),
]


@pytest.fixture
def found():
    data = data_of([*BEFORE, *AFTER], loyalty=postings(*KNOWN, *LATER))
    return segments_of_past(data, IDS)


def test_rows_are_in_the_order_that_was_asked(found):
    assert [*found.index] == [7, 8, 9, 3]
    assert [*found.columns] == ["rfm", "loyalty_map", "channel", "tier"]


def test_thirds_of_recency_and_orders_are_of_those_of_the_last_year(found):
    # last days c, b, a and orders a, b, c: ranks 0, 1/2 and 1
    assert found["rfm"].tolist() == ["R1 F3", "R3 F1", "R2 F2", "lapsed"]


def test_tier_is_the_last_before_the_cutoff(found):
    assert found["tier"].tolist() == ["no tier", "silver", "silver", "no tier"]


def test_channel_is_that_of_the_first_purchase(found):
    assert found["channel"].tolist() == ["unknown", "web", "shop", "web"]


def test_map_is_of_the_index_and_activity_before_the_cutoff(found):
    # programme 0, 1/2, 1, 0 and tenure 5/8, 1/8, 3/8, 7/8 weigh the same
    cells = ["staying", "staying", "loyal_staying", "leaving"]
    assert found["loyalty_map"].tolist() == cells


def test_nothing_from_the_cutoff_on_is_seen(found):
    alone = segments_of_past(data_of(BEFORE, loyalty=postings(*KNOWN)), IDS)
    pd.testing.assert_frame_equal(found, alone)


def test_log_without_signs_of_preference_has_no_map_and_no_tier():
    rows = [row[:3] for row in BEFORE]
    data = KpiData(ledger("customer_id order_date amount", rows), CUTOFF)
    assert [*segments_of_past(data, IDS)] == ["rfm"]


def test_attributes_are_the_last_known_before_the_cutoff():
    rows = [
        ("a", "2024-01-01", "north", "a street"),
        ("a", "2024-07-10", "south", "b street"),
        ("b", "2024-07-01", "south", "c street"),
        ("c", None, "south", "d street"),
        ("old", "2023-01-01", "north", "e street"),
        ("old", "2024-02-01", "south", "f street"),
    ]
    customers = table("customers", "customer_id known_from region street", rows)
    data = data_of(BEFORE, customers=customers)
    found = attributes_of_past(data, IDS, most_values=2)
    # three streets are more than two
    assert [*found.columns] == ["region"]
    assert found["region"].tolist() == ["south", "north", "unknown", "south"]


def test_attribute_may_be_called_tier():
    customers = table("customers", "customer_id tier", [("a", "x"), ("b", "y")])
    data = data_of(BEFORE, customers=customers)
    assert attributes_of_past(data, IDS, 5)["tier"].tolist()[1:3] == ["x", "y"]
