from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.report.formats import (
    MINUS,
    MISSING,
    THIN,
    currency_prefix,
    date,
    in_sentence,
    is_missing,
    listing,
    moment,
    money,
    month,
    number,
    percent,
    plural,
    short_date,
    significant,
)

ABSENT = [None, float("nan"), float("inf"), pd.NaT, pd.NA]


@pytest.mark.parametrize("form", [number, significant, percent, date, month, moment])
@pytest.mark.parametrize("value", ABSENT)
def test_missing_values_are_a_dash_in_every_format(form, value):
    assert form(value) == MISSING


@pytest.mark.parametrize("value", ABSENT)
def test_missing_amounts_are_a_dash_without_a_currency(value):
    assert money(value, "USD") == MISSING


@given(st.integers(-(10**12), 10**12))
def test_number_reads_back_when_separators_are_taken_out(value):
    assert int(number(value).replace(THIN, "").replace(MINUS, "-")) == value


@given(st.floats(0, 1))
def test_percent_claims_certainty_only_where_there_is_some(share):
    text = percent(share)
    assert (text == "100%") == (share == 1)
    assert (text in {"0%", "0.0%"}) == (share == 0)


def test_number_has_no_sign_when_it_rounds_to_nothing():
    assert number(-0.0004, 2) == "0.00"


def test_money_counts_cents_only_below_a_hundred():
    assert money(99.99, "USD") == "$99.99"
    assert money(100.4, "USD") == "$100"
    assert money(0, "USD") == "$0"


def test_money_is_short_when_asked():
    assert money(2_500_315, "USD", short=True) == "$2.50\u00a0M"
    assert money(-3.1e9, "SEK", short=True) == f"{MINUS}SEK\u00a03.10\u00a0bn"


def test_money_without_a_currency_is_a_bare_number():
    assert money(12.5, "") == "12.50"


def test_significant_never_cuts_whole_digits():
    assert significant(123456) == f"123{THIN}456"
    assert significant(0.00012345) == "0.000123"
    assert significant(0) == "0"


@pytest.mark.parametrize(
    "day", [dt.date(1998, 7, 1), pd.Timestamp("1998-07-01 13:00"), "1998-07-01"]
)
def test_date_reads_every_kind_of_day(day):
    assert date(day) == "1\u00a0July\u00a01998"
    assert short_date(day) == "1\u00a0Jul\u00a01998"


def test_moment_is_given_in_utc_when_it_has_a_zone():
    assert (
        moment("1998-07-01T00:30:00+01:00") == "30\u00a0June\u00a01998, 23:30\u00a0UTC"
    )
    assert moment("yesterday") == "yesterday"


def test_listing_puts_and_before_the_last():
    assert listing(["a", "b"]) == "a and b"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.4321, "43%"), (0.043, "4.3%"), (0.0002, "<0.1%"), (0.9999, ">99.9%")],
)
def test_percent_has_a_decimal_where_it_matters(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("code", "prefix"), [("GBP", "£"), ("SEK", "SEK\u00a0"), ("", "")]
)
def test_currency_without_a_sign_keeps_its_code(code, prefix):
    assert currency_prefix(code) == prefix


@pytest.mark.parametrize(
    ("value", "text"), [("1997-01", "January 1997"), ("1997-W05", "1997-W05")]
)
def test_month_that_is_none_stays_as_it_is(value, text):
    assert month(value) == text


def test_day_that_is_none_stays_as_it_is():
    assert date("soon") == short_date("soon") == "soon"


def test_listing_of_few():
    assert (listing(["a"]), listing([])) == ("a", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Rank correlation", "rank correlation"),
        ("ROC AUC", "ROC AUC"),
        ("A day", "a day"),
    ],
)
def test_abbreviations_keep_their_capitals_in_a_sentence(words, expected):
    assert in_sentence(words) == expected


def test_one_is_singular():
    assert [plural(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


@pytest.mark.parametrize("value", [0, "", "text", dt.date(1998, 7, 1)])
def test_what_is_there_is_not_missing(value):
    assert not is_missing(value)
