import re

import ibis
import pytest
import sqlglot
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.data.engine import connect
from regulars.data.number_formats import (
    expand_numbers,
    number_expression,
    number_sql,
    read_text,
)
from regulars.data.numbers import AmbiguousNumberError, find_number_format, format_of
from regulars.errors import DataError

ENGINE = connect()
NO_BREAK, NARROW, THIN = "\u00a0", "\u202f", "\u2009"
MINUS, EN_DASH = "\u2212", "\u2013"
CURLY = "\u2019"


def column(texts, name="v"):
    return ibis.memtable({name: list(texts)}, schema={name: "string"})[name]


def expanded(sql):
    tree = expand_numbers(sqlglot.parse_one(sql, dialect="duckdb"), "amount.sql")
    return tree.sql(dialect="duckdb")


def by_sql(form, texts, name="v"):
    ENGINE.create_table("texts", column(texts, name).as_table(), overwrite=True)
    sql = f"SELECT {number_expression(form, name)} FROM texts"
    return [row[0] for row in ENGINE.raw_sql(sql).fetchall()]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["$1,200.00", "$80.00", "($50.00)", "$20.00"], [1200, 80, -50, 20]),
        (["1,234", "2,500", "0,990"], [1.234, 2.5, 0.99]),
        (["1,234", "12,50"], [1.234, 12.5]),
        (["1,234", "1234,567"], [1.234, 1234.567]),
        (["1,234", "12.50"], [1234, 12.5]),
        (["1,234", "1,234,567"], [1234, 1234567]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1.234,50", "7"], [1234.5, 7]),
        (["1,23,456.50", "12,34,567"], [123456.5, 1234567]),
        (["1'234.50", "7.25"], [1234.5, 7.25]),
        ([f"1{CURLY}234", "7"], [1234, 7]),
        (["1 234,50", "-7,25"], [1234.5, -7.25]),
        ([f"1{NO_BREAK}234,50", f"1{NARROW}234", f"1{THIN}234"], [1234.5, 1234, 1234]),
        (["12,5", "7,25-"], [12.5, -7.25]),
        ([f"{MINUS}12,50", f"{EN_DASH}7,25", "+1,5"], [-12.5, -7.25, 1.5]),
        (["-€12,50", "€-7,25", "€ 1,50"], [-12.5, -7.25, 1.5]),
        (["12,50 €-", "7,25- €", "(1,50) €"], [-12.5, -7.25, -1.5]),
        (["( $ 12.50 )", "$(7.25)", "$.5"], [-12.5, -7.25, 0.5]),
        (["Rs. 500", "Rs.1,200.50", "-Rs 5"], [500, 1200.5, -5]),
        (["12,50 eur", "7,25 EUR"], [12.5, 7.25]),
        ([f"12.50{NO_BREAK}kr", "kr. 7.25"], [12.5, 7.25]),
        ([f"{NO_BREAK}12.50", "7.25 "], [12.5, 7.25]),
        (["12.50-", "7.25"], [-12.5, 7.25]),
        (["$5.00 CAD", "$7.50 CAD"], [5, 7.5]),
    ],
)
def test_numbers_are_read_as_they_are_written(texts, numbers):
    form = find_number_format(column(texts))
    assert by_sql(form, texts) == numbers
    assert [read_text(text, form) for text in texts] == numbers
    assert (form.n_read, form.n_unread) == (len(texts), 0)


@pytest.mark.parametrize(
    "texts",
    [
        ["5", "7.5", "-2", "1e5"],
        ["1.234", "2.5"],
        ["0.125", "1.250"],
        ["1234.567", "1.250"],
        ["red", "blue", "1,5"],
        ["12%", "5%"],
        ["10-20", "30-40"],
        ["SKU-1,5", "SKU-2,5"],
        ["2024-01-01", "2024-01-02"],
        ["", "n/a"],
        [],
    ],
)
def test_plain_numbers_and_other_texts_have_no_format(texts):
    assert find_number_format(column(texts)) is None


@pytest.mark.parametrize(
    ("texts", "readings"),
    [
        (["1,234", "2,500"], [1234, 1.234]),
        (["1,234", "5"], [1234, 1.234]),
        (["€1,234", "€5"], [1234, 1.234]),
        (["1.234", "2.500"], [1.234, 1234]),
        (["1,234", "1.234"], [1234, 1.234]),
        (["-1,234"], [-1234, -1.234]),
    ],
)
def test_numbers_with_two_readings_are_asked_for(texts, readings):
    with pytest.raises(AmbiguousNumberError, match="can be read in two ways") as caught:
        find_number_format(column(texts), setting="source.transactions.columns.amount")
    forms = caught.value.formats
    assert [by_sql(form, [form.example]) for form in forms] == [[r] for r in readings]
    lines = str(caught.value).splitlines()[1:]
    proposed = [yaml.safe_load(line)["amount"]["sql"] for line in lines]
    assert proposed == [number_sql(form, "v") for form in forms]
    assert [f"{reading:g}" in str(caught.value) for reading in readings] == [True] * 2


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ["1,234.50"] * 2 + ["1.234,50"],
            "in more than one way: of 3 numbers .* reads 2",
        ),
        (["12.50", "7,25"], "a decimal comma .*'7,25'.* reads 1"),
        (["1e5", "1,200.00"], "'1e5' does not fit"),
        (["€5,00", "€6,00", "$5,00"], "currencies .EUR 2 rows, USD 1 row."),
        (["5 kr", "5 €"], "several currencies"),
        (["5 USD", "5 CAD"], "several currencies"),
    ],
)
def test_mixtures_are_refused_with_counts(texts, message):
    with pytest.raises(DataError, match=message) as caught:
        find_number_format(column(texts))
    assert not isinstance(caught.value, AmbiguousNumberError)


@pytest.mark.parametrize(
    ("text", "currency", "codes"),
    [
        ("€5", "EUR", ("EUR",)),
        ("$5", "USD", ("USD",)),
        ("US$ 5", "USD", ("USD",)),
        ("CA$5", "CAD", ("CAD",)),
        ("A$5", "AUD", ("AUD",)),
        ("R$ 5", "BRL", ("BRL",)),
        ("₹5", "INR", ("INR",)),
        ("£5", "GBP", ("GBP",)),
        ("5 zł", "PLN", ("PLN",)),
        ("₺5", "TRY", ("TRY",)),
        ("₽5", "RUB", ("RUB",)),
        ("₩5", "KRW", ("KRW",)),
        ("CHF 5", "CHF", ("CHF",)),
        ("5 kr", None, ("SEK", "NOK", "DKK", "ISK")),
        ("¥5", None, ("JPY", "CNY")),
        ("(5)", None, ()),
    ],
)
def test_signs_say_the_currency(text, currency, codes):
    form = find_number_format(column([text]))
    assert (form.currency, form.codes) == (currency, codes)


def test_values_that_are_no_numbers_are_counted():
    form = find_number_format(column(["1.234,50", "7,25", "free"]))
    assert (form.n_read, form.n_unread, form.unread) == (2, 1, "free")


def test_a_few_texts_say_how_they_are_written():
    assert format_of(["1.234,50 €", "7,25 €"]).decimal == ","
    assert format_of(["1.5", "2"]) is None
    assert format_of(["2024-01-01", "12:30", "blue", "5,5"]) is None


@pytest.mark.parametrize("name", ["Total (€)", 'the "best" one', "order", "naïve's"])
def test_any_name_of_a_column_can_be_pasted(name):
    texts = ["1,234", "2,500"]
    with pytest.raises(AmbiguousNumberError) as caught:
        find_number_format(column(texts, name))
    line = str(caught.value).splitlines()[1]
    (source,) = yaml.safe_load(line).values()
    ENGINE.create_table("texts", column(texts, name).as_table(), overwrite=True)
    rows = ENGINE.raw_sql(f"SELECT {expanded(source['sql'])} FROM texts").fetchall()
    assert rows == [(1234.0,), (2500.0,)]


BLANKS = st.sampled_from(["", " ", NO_BREAK, NARROW, THIN, "  "])
THOUSANDS = {
    ".": ["", ",", "'", CURLY, " ", NO_BREAK, NARROW],
    ",": ["", ".", "'", CURLY, " ", NO_BREAK, NARROW],
}
SIGNS = ["", "€", "$", "£", "R$", "₹", "kr", "Rs.", "zł", "CHF", "USD", "¥"]


@st.composite
def styles(draw):
    decimal = draw(st.sampled_from(".,"))
    return {
        "decimal": decimal,
        "thousands": draw(st.sampled_from(THOUSANDS[decimal])),
        "places": draw(st.sampled_from([0, 1, 2, 3])),
        "sign": draw(st.sampled_from(SIGNS)),
        "is_before": draw(st.booleans()),
        "minus": draw(st.sampled_from(["first", "inside", "last", "brackets"])),
        "dash": draw(st.sampled_from(["-", MINUS, EN_DASH])),
        "blank": draw(BLANKS),
        "is_indian": draw(st.booleans()) and decimal == ".",
    }


def written(units, style):
    """Write a number of the smallest units in a style."""
    places = style["places"]
    digits = str(abs(units)).zfill(places + 1)
    whole, fraction = (digits[:-places], digits[-places:]) if places else (digits, "")
    mark = style["thousands"]
    if mark == "," and style["is_indian"]:
        whole = re.sub(r"\B(?=(\d{2})*\d{3}$)", mark, whole)
    elif mark:
        whole = re.sub(r"\B(?=(\d{3})+$)", lambda _: mark, whole)
    text = whole + (style["decimal"] + fraction if places else "")
    dash = style["dash"] if units < 0 else ""
    if dash and style["minus"] == "inside":
        text = dash + text if style["is_before"] else text + dash
    if style["sign"]:
        pair = [style["sign"], text] if style["is_before"] else [text, style["sign"]]
        text = style["blank"].join(pair)
    if dash and style["minus"] == "brackets":
        return f"({text})"
    if dash and style["minus"] in {"first", "last"}:
        return dash + text if style["minus"] == "first" else text + dash
    return text


AMOUNTS = st.lists(st.integers(-99_999_999, 99_999_999), min_size=1, max_size=12)


def readings(texts):
    """Return what the texts are by the format found, or by each that competes."""
    try:
        form = find_number_format(column(texts))
    except AmbiguousNumberError as error:
        return [by_sql(form, texts) for form in error.formats]
    return [[float(text) for text in texts] if form is None else by_sql(form, texts)]


@settings(max_examples=60, deadline=None)
@given(units=AMOUNTS, style=styles())
def test_numbers_of_any_format_are_read_back_or_asked_for(units, style):
    texts = [written(each, style) for each in units]
    assert [float(f"{each}e-{style['places']}") for each in units] in readings(texts)
