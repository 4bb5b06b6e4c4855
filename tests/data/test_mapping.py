import pytest

from regulars.config import TableSettings
from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.mapping import map_columns
from regulars.data.reading import read_raw
from regulars.errors import ConfigError, DataError


@pytest.fixture
def mapped(tmp_path):
    def run(text, **columns):
        (tmp_path / "a.csv").write_text(text)
        settings = TableSettings(path=str(tmp_path / "a.csv"), columns=columns)
        connection = connect()
        raw = read_raw("transactions", settings, connection, tmp_path)
        return map_columns(raw, TABLES["transactions"], settings, connection)

    return run


BASE = {"customer_id": "c", "order_time": "d", "amount": "a"}


def test_names_are_found_whatever_their_case(mapped):
    sources = mapped("Customer_ID, order_time ,AMOUNT\n", order_time="ORDER_TIME")
    assert sources.described == {
        "order_time": "order_time",
        "customer_id": "Customer_ID",
        "amount": "AMOUNT",
    }


def test_missing_columns_are_all_listed_with_the_nearest(mapped):
    expected = (
        r"no columns 'dolars' \(wanted as amount\), 'customer_id'\. "
        r"Did you mean 'dollars'\?.*Its columns are date, dollars"
    )
    with pytest.raises(DataError, match=expected):
        mapped("date,dollars\n", order_time="date", amount="dolars")


def test_file_without_header_is_recognised_in_the_message(mapped):
    with pytest.raises(DataError, match=r"looks like data.*column1, column2"):
        mapped("7,2024-01-01,5\n8,2024-01-01,6\n")


def test_repeated_column_is_refused_where_it_is_used(mapped):
    with pytest.raises(DataError, match="column 'a' more than once"):
        mapped("c,d,a,A\n", **BASE)


def test_repeated_column_is_harmless_where_it_is_not_used(mapped):
    assert mapped("c,d,a,x,x\n", **BASE).sources["amount"] == "a"


def test_unknown_canonical_name_is_refused(mapped):
    with pytest.raises(ConfigError, match="Did you mean 'category'"):
        mapped("c,d,a,x\n", **BASE, categry="x")


@pytest.mark.parametrize(
    ("sql", "rows", "expected"),
    [
        ("q * p", "2,3", 6.0),
        ("-q * (p + 1)", "2,3", -8.0),
        ("q * p", "two,3", None),
        ("CAST(q AS DOUBLE) * p", "2,3", 6.0),
        ("CAST(q AS DOUBLE)", "two,3", None),
        ("coalesce(q, p)", ",3", 3.0),
        ("CASE WHEN p > 2 THEN q ELSE 0 END", "5,10", 5.0),
        ("CASE WHEN q = 'x' THEN -1 * p ELSE p END", "x,3", -3.0),
        ("abs(q)", "-2,3", 2.0),
        ("round(q * p, 1)", "0.55,1.1", 0.6),
        ("replace(q, '$', '')::DOUBLE", "$5,3", 5.0),
    ],
)
def test_expression_over_text_means_what_it_says(mapped, sql, rows, expected):
    columns = {**BASE, "amount": {"sql": sql}}
    mapping = mapped(f"c,d,q,p\n7,2024-01-01,{rows}\n", **columns)
    (row,) = mapping.table.to_pyarrow().to_pylist()
    value = row[mapping.sources["amount"]]
    assert value == (None if expected is None else pytest.approx(expected))


def test_text_functions_see_the_text_of_the_file(mapped):
    columns = {**BASE, "customer_id": {"sql": "s || '-' || c"}}
    mapping = mapped("c,d,a,s\n007,2024-01-01,5,01\n", **columns)
    values = mapping.table[mapping.sources["customer_id"]].to_pyarrow().to_pylist()
    assert values == ["01-007"]


def test_seconds_since_1970_can_be_worked_out(mapped):
    columns = {**BASE, "order_time": {"sql": "to_timestamp(d)"}}
    mapping = mapped("c,d,a\n7,1704067200,5\n", **columns)
    kind = mapping.table[mapping.sources["order_time"]].type()
    assert kind.is_timestamp()


def test_times_can_be_worked_out(mapped):
    columns = {**BASE, "order_time": {"sql": "strptime(d || ' ' || t, '%d.%m.%y %H')"}}
    mapping = mapped("c,d,a,t\n7,31.12.24,5,23\n7,x,5,23\n", **columns)
    values = mapping.table[mapping.sources["order_time"]].to_pyarrow().to_pylist()
    assert [str(value) for value in values] == ["2024-12-31 23:00:00", "None"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("quantty * p", "uses the column 'quantty'.*Did you mean 'quantity'"),
        ("quantity *", "cannot be read"),
        ("sum(quantity)", "one expression over the columns of one row"),
        ("(SELECT 1)", "one expression over the columns of one row"),
        ("row_number() OVER ()", "one expression over the columns of one row"),
        ("no_such_function(quantity)", "no_such_function"),
    ],
)
def test_bad_expression_is_refused(mapped, sql, message):
    with pytest.raises(ConfigError, match=message):
        mapped("c,d,quantity,p\n", **{**BASE, "amount": {"sql": sql}})


def test_attributes_that_differ_in_capitals_alone_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("customer_id,a,b\n1,x,y\n")
    settings = TableSettings(
        path=str(tmp_path / "a.csv"), columns={"Region": "a", "region": "b"}
    )
    connection = connect()
    raw = read_raw("customers", settings, connection, tmp_path)
    with pytest.raises(ConfigError, match="'Region' and 'region' differ in nothing"):
        map_columns(raw, TABLES["customers"], settings, connection)
