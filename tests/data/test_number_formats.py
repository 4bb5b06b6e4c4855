import pytest
import sqlglot
from tests.data.test_numbers import by_sql, column

from regulars.data.number_formats import (
    NumberFormat,
    expand_numbers,
    number_sql,
    read_text,
    sql_name,
)
from regulars.data.numbers import find_number_format
from regulars.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        *("12,-", "5€600", "10 20", "--5,00", "(-5,00)", "(5,00", "5,00)", "5%"),
        *(
            "1.23,5",
            "1,2,3",
            "0.123,5",
            "1_000",
            "abc",
            "12,50 kg",
            "5,",
            "5,00,",
            ")5(",
        ),
        *("1.234.56", "£5,00", "", "5 000 ,00"),
    ],
)
def test_what_does_not_fit_is_no_number(text):
    texts = ["1.234,50 €", "7,25 €", text]
    form = find_number_format(column(["1.234,50 €", "7,25 €"]))
    assert by_sql(form, texts) == [1234.5, 7.25, None]
    assert read_text(text, form) is None


@pytest.mark.parametrize(
    "sql",
    [
        "read_number(v)",
        "read_number('1.234,5', v)",
        "read_number(v, '1.23,5')",
        "read_number(v, '1.234,5', 3)",
        "read_number(v + 1, '1.234,5')",
    ],
)
def test_a_way_of_writing_that_makes_no_sense_is_refused(sql):
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    with pytest.raises(ConfigError, match=r"amount.sql: .*its numbers are written"):
        expand_numbers(tree, "amount.sql")


@pytest.mark.parametrize(
    ("name", "sql"),
    [("price", "price"), ("date", '"date"'), ("Unit Price", '"Unit Price"')],
)
def test_name_of_a_column_is_quoted_where_sql_needs_it(name, sql):
    assert sql_name(name) == sql


def test_a_configuration_says_a_format_by_an_example():
    form = NumberFormat(",", ".", signs=("€",))
    assert number_sql(form, "price") == "read_number(price, '1.234,5', '€')"
