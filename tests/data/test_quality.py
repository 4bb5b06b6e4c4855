import pytest

from regulars.data.engine import connect
from regulars.data.quality import dressed_number, label, undress_sql
from regulars.data.staging import fingerprint


@pytest.mark.parametrize(
    "text", ["1,234", "1.234,50", "$5", "5 EUR", "(12.50)", "12-", "€ 3,20", "1'000"]
)
def test_dressed_numbers_are_recognised(text):
    assert dressed_number(["n/a", text]) == text


@pytest.mark.parametrize("text", ["n/a", "abc", "2024-01-01", "A5B", "", "-"])
def test_other_texts_are_not_numbers(text):
    assert dressed_number([text]) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.50", 1234.5), ("1.234,50", 1234.5), ("$5.25", 5.25), ("12,5", 12.5)],
)
def test_proposed_sql_reads_the_number(text, number):
    sql = undress_sql(text, "v")
    row = connect().raw_sql(f"SELECT {sql} FROM (SELECT '{text}' AS v)").fetchone()
    assert row == (number,)


def test_unlisted_reason_still_has_a_label():
    assert label("odd_thing") == "odd thing"


def test_fingerprints_tell_where_one_value_ends():
    connection = connect()
    connection.raw_sql(
        "CREATE TABLE t AS SELECT * FROM (VALUES ('ab', 'c'), ('a', 'bc'), "
        "('a', NULL), (NULL, 'a')) AS v(x, y)"
    )
    table = connection.table("t")
    assert fingerprint(table, ("x", "y")).nunique().execute() == 4
