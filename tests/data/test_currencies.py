import ibis
import pytest

from regulars.data.currencies import (
    codes_of,
    counted_list,
    currencies_in,
    currency_in_name,
)


@pytest.mark.parametrize(
    ("name", "currency"),
    [
        ("Total (€)", "EUR"),
        ("amount_eur", "EUR"),
        ("PurchaseAmountUSD", "USD"),
        ("purchaseamountusd", "USD"),
        ("Valor R$", "BRL"),
        ("price in CHF", "CHF"),
        ("£ spent", "GBP"),
        ("price (₹)", "INR"),
        ("dollar_value", "USD"),
        ("amount_try", "TRY"),
        ("total_all", None),
        ("amount", None),
        ("order_total", None),
        ("price (kr)", None),
        ("discount %", None),
    ],
)
def test_currency_in_the_name_of_a_column(name, currency):
    found = currency_in_name(name)
    assert (found and found[1]) == currency


@pytest.mark.parametrize("text", ["kg", "pcs", "x", "", "%", "top", "cup", "abc", "/"])
def test_other_words_are_no_currency(text):
    assert codes_of(text) is None


@pytest.mark.parametrize(
    ("texts", "counts"),
    [
        (["EUR", "eur", "USD"], {"EUR": 2, "USD": 1}),
        (["€", " EUR "], {"EUR": 2}),
        (["EUR", ""], {"EUR": 1}),
        (["EUR", "gold"], {}),
        ([""], {}),
    ],
)
def test_currencies_of_a_column_are_counted(texts, counts):
    assert currencies_in(ibis.memtable({"c": texts}).c) == counts


@pytest.mark.parametrize(
    ("sign", "codes"),
    [
        ("€", ("EUR",)),
        ("chf", ("CHF",)),
        ("KR", ("SEK", "NOK", "DKK", "ISK")),
        ("¤", ()),
    ],
)
def test_sign_stands_for_codes(sign, codes):
    assert codes_of(sign) == codes


def test_sign_is_returned_as_it_stands_in_the_name():
    assert currency_in_name("PurchaseAmountUSD") == ("USD", "USD")
    assert currency_in_name("amount_eur") == ("eur", "EUR")


def test_counts_are_listed_in_words():
    assert counted_list({"EUR": 1200, "USD": 1}) == "EUR 1,200 rows, USD 1 row"
