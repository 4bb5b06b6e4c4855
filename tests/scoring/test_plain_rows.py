"""What is read without an engine is what the intake would have read."""

from __future__ import annotations

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from regulars.data.intake import normalise
from regulars.scoring.histories import clean_lines, flatten
from regulars.scoring.plain_rows import read_plain

COLUMNS = ["is_return", "order_id", "category", "quantity", "cost_amount"]
PLAIN = {
    "order_time": "2024-01-31T10:00:00",
    "amount": 3.5,
    "order_id": "A1",
    "category": "tea",
    "quantity": 2.0,
    "cost_amount": 1.0,
}

odd_row = st.fixed_dictionaries(
    {
        "order_time": st.sampled_from(
            [
                "2024-01-31",
                "2024-01-31 10:00:00",
                "2024-01-31T23:59:59.123456",
                "2024-02-30",
                "2024-01-31T10:00:00Z",
                "2024-01-31T10:00",
                "2024-01-31T24:00:00",
                "1899-12-31",
                "2100-01-01",
                "20240131",
                " 2024-01-31",
                "",
                None,
            ]
        ),
        "amount": st.sampled_from(
            [3.5, 0, -2, 1e13, -1e12, float("nan"), float("inf"), "3.5", "1_000", None]
        ),
        "order_id": st.sampled_from(
            ["A1", 7, " A1", "A1 ", "null", "", None, "\u00a0x"]
        ),
        "category": st.sampled_from(["tea", "N/A", "nan", "\ttea", None]),
        "quantity": st.sampled_from([1, 2.5, 1e9, "many", float("nan"), None]),
        "cost_amount": st.sampled_from([1.0, -1.0, 1e14, None]),
        "is_return": st.sampled_from([True, False, None, "yes", 1]),
    }
)
names = st.lists(st.sampled_from(sorted(PLAIN)), max_size=2)
few_odd = st.tuples(odd_row, names).map(
    lambda drawn: PLAIN | {name: drawn[0][name] for name in drawn[1]}
)
times = st.sampled_from(["UTC", "Europe/Berlin"])


def sent(*rows, customer="c"):
    return flatten(pd.Series([customer]), pd.Series([list(rows)]), COLUMNS)


def by_intake(table, time_zone):
    log = ibis.memtable(table)
    checked = normalise(log, time_zone=time_zone, with_fault=True)
    return checked.to_pyarrow()


# the intake compiles for half a second: few examples, of many rows
@given(rows=st.lists(few_odd, min_size=40, max_size=60), time_zone=times)
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_rows_are_read_as_the_intake_reads_them_or_not_at_all(rows, time_zone):
    expected = by_intake(sent(*rows), time_zone).to_pylist()
    n_plain = 0
    for row, read in zip(rows, expected, strict=True):
        plain = read_plain(sent(PLAIN, row), time_zone)
        if plain is None:
            continue
        n_plain += 1
        found = plain.to_pylist()[1]
        if time_zone != "UTC":
            # only told apart by them are orders without a number, and all are days here
            del found["order_time"]
        assert read["fault"] is None
        assert found == {name: read[name] for name in found}
    assert n_plain or time_zone != "UTC"


@pytest.mark.parametrize(
    ("change", "is_plain"),
    [
        ({}, True),
        ({"order_time": "2024-01-31"}, True),
        ({"order_id": None, "category": None, "quantity": None}, True),
        ({"order_time": "2024-01-31T10:00:00Z"}, False),
        ({"order_time": "2024-02-30"}, False),
        ({"amount": "3.5"}, False),
        ({"amount": float("nan")}, False),
        ({"category": " tea"}, False),
        ({"category": "None"}, False),
    ],
)
def test_doubt_is_left_to_the_intake(change, is_plain):
    assert (read_plain(sent(PLAIN | change, PLAIN), "UTC") is not None) == is_plain


def test_hours_elsewhere_are_left_to_the_intake():
    assert read_plain(sent(PLAIN), "Europe/Berlin") is None
    day = PLAIN | {"order_time": "2024-01-31"}
    assert read_plain(sent(day), "Europe/Berlin") is not None


def test_customer_whose_name_means_nothing_is_left_to_the_intake():
    assert read_plain(sent(PLAIN, customer="null"), "UTC") is None


@pytest.mark.parametrize(
    ("change", "column", "expected"),
    [
        ({"amount": "3.50"}, "amount", 3.5),
        ({"is_return": "yes"}, "is_return", True),
        ({"category": " n/a "}, "category", None),
        ({"quantity": "many"}, "quantity", None),
    ],
)
def test_long_way_reads_what_a_file_may_hold(change, column, expected):
    found = clean_lines(sent(PLAIN | change), "UTC")
    assert found[column].to_pylist() == [expected]
    assert pa.types.is_date(found["order_date"].type)


ZONED = (
    "2024-01-31T10:00:00Z",
    "2024-01-31 23:30:00-05:00",
    "2024-03-31 01:30:00.25+02:00",
    "2024-01-01T00:00:00+14:00",
    "2024-05-09 07:46:02.319987+00:00",
)


def test_times_with_an_offset_are_read_as_the_intake_reads_them():
    rows = [PLAIN | {"order_time": time} for time in ZONED]
    found = read_plain(sent(*rows), "UTC").to_pylist()
    expected = by_intake(sent(*rows), "UTC").to_pylist()
    assert found == [{name: row[name] for name in found[0]} for row in expected]
    assert read_plain(sent(*rows), "Europe/Berlin") is None
    wrong = PLAIN | {"order_time": "2024-01-31T10:00:00+25:00"}
    assert read_plain(sent(wrong), "UTC") is None
