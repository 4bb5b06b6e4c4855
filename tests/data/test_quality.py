from regulars.data.engine import connect
from regulars.data.quality import label
from regulars.data.staging import row_fingerprint


def test_unlisted_reason_still_has_a_label():
    assert label("odd_thing") == "odd thing"


def test_fingerprints_tell_where_one_value_ends():
    connection = connect()
    connection.raw_sql(
        "CREATE TABLE t AS SELECT * FROM (VALUES ('ab', 'c'), ('a', 'bc'), "
        "('a', NULL), (NULL, 'a')) AS v(x, y)"
    )
    table = connection.table("t")
    assert row_fingerprint(table, ("x", "y")).nunique().execute() == 4
