from datetime import datetime
from zoneinfo import ZoneInfo

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.data.contract import ColumnContract, TableContract
from regulars.data.engine import connect
from regulars.data.parsing import (
    first_fault,
    is_missing,
    parse_format,
    read_columns,
)


def values(kind, texts, sql_type="VARCHAR", required=True, **options):
    """Parse a column in the engine and return its rows as dictionaries."""
    connection = connect()
    listed = ", ".join(
        "(NULL)" if text is None else "('" + str(text).replace("'", "''") + "')"
        for text in texts
    )
    connection.raw_sql(
        f"CREATE TABLE t AS SELECT row_number() OVER () AS i, x::{sql_type} AS x "
        f"FROM (VALUES {listed}) AS v(x)"
    )
    contract = TableContract(
        "t", "a row", (ColumnContract("v", kind, "value", required=required),)
    )
    reading = read_columns(connection.table("t"), {"v": "x"}, contract, **options)
    none = ibis.null("string")
    fault = ibis.cases(
        *[(w.fill_null(False), r) for r, w in reading.faults],
        (ibis.literal(False), ""),
        else_=none,
    )
    lost = reading.lost.get("v", ibis.literal(False))
    columns = {**reading.columns, "fault": fault, "lost": lost}
    rows = reading.table.order_by("i").select(**columns).to_pyarrow().to_pylist()
    connection.disconnect()
    return rows


def test_whole_floats_become_integer_ids():
    rows = values("id", [7, "nan", 7.5], "DOUBLE")
    assert rows[0]["v"] == 7
    assert [row["fault"] for row in rows] == [None, "missing_v", "v_not_whole"]


def test_other_ids_keep_their_type():
    assert values("id", [7], "BIGINT")[0]["v"] == 7
    assert values("id", [7], "DECIMAL(18,0)")[0]["v"] == 7
    uuid = "90015098-3cd2-4fb0-d696-3f7d28e17f72"
    assert values("id", [uuid], "UUID")[0]["v"] == uuid


@pytest.mark.parametrize(
    ("sql_type", "text"),
    [
        ("DATE", "2024-01-31"),
        ("TIMESTAMP", "2024-01-31 00:00:00"),
        ("TIMESTAMP_NS", "2024-01-31 00:00:00"),
        ("TIMESTAMPTZ", "2024-01-31 00:00:00+00"),
        ("INTEGER", 20240131),
        ("DOUBLE", 20240131),
    ],
)
def test_times_of_every_type_are_read(sql_type, text):
    assert values("time", [text], sql_type)[0]["v"] == datetime(2024, 1, 31)


@pytest.mark.parametrize("sql_type", ["BOOLEAN", "TIME"])
def test_types_that_are_no_times_are_unreadable(sql_type):
    text = {"BOOLEAN": "true", "TIME": "10:00"}[sql_type]
    assert values("time", [text], sql_type)[0]["fault"] == "v_unreadable"


def test_stated_format_with_offset_is_an_instant():
    rows = values(
        "time", ["31.01.2024 +0200"], time_zone="Asia/Tokyo",
        formats={"v": "%d.%m.%Y %z"},
    )  # fmt: skip
    assert rows[0]["v"] == datetime(2024, 1, 30, 22)
    assert str(rows[0]["v_date"]) == "2024-01-31"


@pytest.mark.parametrize("text", ["infinity", "-infinity", "epoch", "2024-01-01 25:00"])
def test_special_words_are_no_times(text):
    assert values("time", [text])[0]["fault"] == "v_unreadable"


def test_optional_value_that_cannot_be_read_is_lost_not_faulty():
    (row,) = values("number", ["x"], required=False)
    assert (row["v"], row["fault"], row["lost"]) == (None, None, True)


def test_missing_optional_value_is_not_lost():
    (row,) = values("number", ["n/a"], required=False)
    assert (row["v"], row["lost"]) == (None, False)


def test_flags_are_read_from_words_and_numbers():
    words = values("flag", ["Yes", "f", None, "0"])
    assert [row["v"] for row in words] == [True, False, False, False]
    numbers = values("flag", [2, 0, None], "INTEGER")
    assert [row["v"] for row in numbers] == [True, False, False]


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(
    moments=st.lists(
        st.datetimes(datetime(1970, 1, 1), datetime(2037, 1, 1)), min_size=20
    ),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_offsets_agree_with_the_standard_library(moments, zone):
    written = [m.replace(tzinfo=ZoneInfo(zone), microsecond=0) for m in moments]
    rows = values("time", [m.isoformat(" ") for m in written], time_zone=zone)
    utc = [m.astimezone(ZoneInfo("UTC")) for m in written]
    assert [row["v"] for row in rows] == [m.replace(tzinfo=None) for m in utc]
    local = [m.astimezone(ZoneInfo(zone)).date() for m in utc]
    assert [row["v_date"] for row in rows] == local


def test_words_for_nothing_are_missing():
    texts = ibis.memtable({"id": ["7", "N/A", "none", "0"]}).id
    assert is_missing(texts).execute().tolist() == [False, True, True, False]


def test_text_that_does_not_fit_a_format_is_null():
    table = ibis.memtable({"t": ["31.12.2024", "2024-12-31"]})
    days = parse_format(table.t, "%d.%m.%Y").execute()
    assert days.isna().tolist() == [False, True]


def test_first_of_several_faults_counts():
    table = ibis.memtable({"a": [1, 2, 3]})
    faults = [("two", table.a > 1), ("three", table.a > 2)]
    assert first_fault(faults).to_pyarrow().to_pylist() == [None, 1, 1]
