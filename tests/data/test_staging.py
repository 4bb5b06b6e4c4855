from datetime import date

import ibis

from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.staging import (
    Rules,
    apply_rules,
    originals,
    row_fingerprint,
    temporary_table,
)


def test_fingerprints_tell_where_one_value_ends():
    connection = connect()
    connection.raw_sql(
        "CREATE TABLE t AS SELECT * FROM (VALUES ('ab', 'c'), ('a', 'bc'), "
        "('a', NULL), (NULL, 'a')) AS v(x, y)"
    )
    table = connection.table("t")
    assert row_fingerprint(table, ("x", "y")).nunique().execute() == 4


def test_day_after_today_is_the_last_fault_to_be_tried():
    table = ibis.memtable(
        {"customer_id": ["a"], "order_time": ["20240101"], "amount": ["x"]}
    )
    names = {name: name for name in table.columns}
    rules = Rules("UTC", {}, None, date(2024, 1, 1), drop_duplicates=True)
    faults = apply_rules(table, names, TABLES["transactions"], rules).faults
    assert faults[-1][0] == "in_the_future"


def test_original_values_are_kept_as_text():
    table = ibis.memtable({"a": [1], "b": ["x"]})
    assert originals(table, ("a", "b")).execute()[0] == ["1", "x"]


def test_temporary_table_replaces_one_of_its_name():
    engine = connect()
    engine.raw_sql("CREATE TABLE source AS SELECT 1 AS a")
    source = engine.table("source")
    temporary_table(engine, "one", source)
    assert temporary_table(engine, "one", source.mutate(b=2)).columns == ("a", "b")
