"""Sentences about purchases: true of the customer, and only if they say something."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from regulars.features.matrix import FEATURES
from regulars.kinds.non_contractual.problem import PROCESS_MEANINGS
from regulars.scoring.purchase_words import THEMES, Facts, one_fact, theme_of

NAMES = [theme.name for theme in THEMES]
# what no sentence of ours would make clearer to a campaign team
UNSPOKEN = (
    "year_",
    "month_",
    "same_weekday",
    "weekend",
    "new_product",
    "category",
    "favourite_category",
)
STAY = pd.Series(
    {
        "days_since_last_order": 10.0,
        "n_orders": 20.0,
        "T_days": 400.0,
        "orders_91d": 6.0,
        "aov": 30.0,
        "returns_share": 0.0,
        "discount_share": 0.1,
    }
)
LEAVE = pd.Series(
    {
        "days_since_last_order": 200.0,
        "n_orders": 2.0,
        "T_days": 300.0,
        "orders_91d": 1.0,
        "aov": 15.0,
        "returns_share": 0.2,
        "discount_share": 0.3,
    }
)
CUSTOMER = {
    "frequency": 3.0,
    "days_since_last_order": 63.0,
    "gap_mean_days": 12.0,
    "n_orders": 4.0,
    "T_days": 399.0,
    "orders_91d": 2.0,
    "orders_182d": 4.0,
    "aov": 20.0,
}


def _words(theme, currency="", **changes):
    rows = pd.DataFrame([CUSTOMER | changes])
    words = THEMES[NAMES.index(theme)].words(Facts(rows, STAY, LEAVE, currency))
    return tuple(_texts(side)[0] for side in words)


def _texts(said):
    return said.texts(np.arange(len(said.speaks)))


@pytest.mark.parametrize("feature", sorted({*FEATURES, *PROCESS_MEANINGS}))
def test_feature_has_a_theme_or_is_known_to_have_none(feature):
    assert (theme_of(feature) is None) == feature.startswith(UNSPOKEN)


@pytest.mark.parametrize(
    ("feature", "theme"),
    [
        ("silence_over_mean_gap", "silence"),
        ("btyd_no_purchase_probability", "silence"),
        ("orders_trend_28d", "activity"),
        ("recent_gap_ratio", "activity"),
        ("recent_gap_mean_days", "orders"),
        ("btyd_expected_purchases", "orders"),
        ("T_days", "age"),
        ("btyd_order_value", "spend"),
    ],
)
def test_feature_belongs_to_the_theme_that_speaks_of_it(feature, theme):
    assert NAMES[theme_of(feature)] == theme


def test_feature_of_a_users_own_has_no_theme():
    assert theme_of("n_pets") is None


def test_sentences_have_no_gaps_whatever_is_missing():
    rng = np.random.default_rng(0)
    names = sorted({*FEATURES, *PROCESS_MEANINGS})
    rows = pd.DataFrame(rng.exponential(5, (200, len(names))), columns=names)
    rows["frequency"] = rng.integers(0, 3, 200)
    for facts in (
        Facts(rows, rows.median(), rows.mean(), "USD"),
        Facts(rows.mask(rng.random(rows.shape) < 0.5), STAY, LEAVE),
        Facts(rows[["frequency"]], STAY, LEAVE),
        Facts(rows, pd.Series(dtype=float), pd.Series(dtype=float)),
    ):
        for theme in THEMES:
            for text in np.concatenate([_texts(side) for side in theme.words(facts)]):
                assert not re.search(r"nan|inf|None|  |\{", text), (theme.name, text)


def test_no_theme_warns_and_comforts_with_one_figure():
    """Two cases in which both may stand are told apart by their figures."""
    rng = np.random.default_rng(1)
    usual = pd.Series(CUSTOMER | {"lines_per_order": 2.0, "n_products": 9.0})
    rows = pd.DataFrame({n: v * rng.uniform(0, 4, 500) for n, v in usual.items()})
    facts = Facts(rows, usual, usual)
    for theme in THEMES:
        if theme.name not in {"silence", "discount"}:
            warning, comfort = theme.words(facts)
            assert not (warning.speaks & comfort.speaks).any(), theme.name
            silent = {"returns"}
            assert warning.speaks.any() or theme.name in silent


# -- the silence ------------------------------------------------------------------


def test_silence_is_held_against_the_customers_own_rhythm():
    warning, comfort = _words("silence")
    assert warning == "no order for 63 days; used to order every 12 days"
    assert comfort == ""
    _, comfort = _words("silence", days_since_last_order=9.0)
    assert comfort == "last order 9 days ago; orders every 12 days"


def test_silence_that_is_usual_of_the_customer_is_held_against_others():
    warning, comfort = _words("silence", gap_mean_days=60.0)
    assert warning == "no order for 63 days (those who stay: 10)"
    assert comfort == "last order 63 days ago (those who leave: 200)"


def test_late_customer_is_no_comfort_because_others_are_later():
    assert _words("silence", gap_mean_days=30.0)[1] == ""
    assert _words("silence", gap_mean_days=40.0)[1] != ""


def test_one_gap_is_no_habit():
    warning, _ = _words("silence", frequency=1.0, n_orders=2.0)
    assert warning == "no order for 63 days; came back once, after 12 days"
    _, comfort = _words("silence", frequency=1.0, gap_mean_days=100.0)
    assert comfort == "last order 63 days ago; came back once, after 100 days"


def test_daily_buyer_orders_every_day():
    assert _words("silence", gap_mean_days=0.6)[0].endswith("used to order every day")


ONCE = {"frequency": 0.0, "n_orders": 1.0, "gap_mean_days": np.nan}


def test_who_came_once_is_told_so_once():
    warning, _ = _words("silence", **ONCE, days_since_last_order=300.0)
    assert warning == "only one order, 300 days ago"
    warning, _ = _words("silence", **ONCE | {"n_orders": 3.0})
    assert warning == "all orders on one day, 63 days ago"


def test_new_customer_is_a_comfort_where_those_who_leave_are_long_gone():
    assert _words("silence", **ONCE)[1] == "new: first order 63 days ago"
    assert _words("silence", **ONCE, days_since_last_order=190.0)[1] == ""


def test_themes_that_are_one_fact_with_the_silence():
    rows = pd.DataFrame([CUSTOMER, CUSTOMER | {"orders_91d": 0.0}, CUSTOMER | ONCE])
    same = pd.DataFrame(one_fact(Facts(rows, STAY, LEAVE)), columns=NAMES)
    assert not same.iloc[0].any()
    assert same.columns[same.iloc[1]].tolist() == ["activity"]
    assert {*same.columns[same.iloc[2]]} == {"activity", "orders", "age", "range"}


# -- the others -------------------------------------------------------------------


def test_orders_of_late_are_held_against_the_customers_own():
    warning, comfort = _words("activity", orders_182d=7.0)
    assert (warning, comfort) == ("orders down from 5 to 2 in the last 91 days", "")
    warning, comfort = _words("activity", orders_91d=9.0, orders_182d=12.0)
    assert (warning, comfort) == ("", "orders up from 3 to 9 in the last 91 days")


def test_even_orders_are_held_against_those_of_others():
    warning, comfort = _words("activity")
    assert warning == "only 2 orders in the last 91 days (those who stay: 6)"
    assert comfort == "2 orders in the last 91 days (those who leave: 1)"


def test_fall_is_no_comfort_and_a_rise_no_warning():
    """However the customer stands to others."""
    assert _words("activity", orders_91d=3.0, orders_182d=20.0)[1] == ""
    assert _words("activity", orders_91d=3.0, orders_182d=4.0)[0] == ""


def test_one_order_of_late_is_told_by_the_silence():
    few = LEAVE.to_dict() | {"orders_91d": 0.0}
    even = [{"orders_91d": n, "orders_182d": 2 * n} for n in (1, 2)]
    rows = pd.DataFrame([CUSTOMER | each for each in even])
    words = THEMES[NAMES.index("activity")].words(Facts(rows, STAY, pd.Series(few)))
    assert _texts(words.comfort).tolist() == [
        "",
        "2 orders in the last 91 days (those who leave: 0)",
    ]


def test_young_customer_had_no_time_to_order_before():
    warning, comfort = _words("activity", T_days=100.0, orders_182d=2.0)
    assert warning.startswith("only 2 orders")
    assert comfort.startswith("2 orders")


def test_shorter_span_speaks_where_the_log_is_short():
    rows = pd.DataFrame([{"frequency": 2.0, "orders_28d": 1.0, "T_days": 40.0}])
    facts = Facts(rows, pd.Series({"orders_28d": 4.0}), LEAVE)
    (warning,) = _texts(THEMES[NAMES.index("activity")].words(facts).warning)
    assert warning == "only 1 order in the last 28 days (those who stay: 4)"


@pytest.mark.parametrize(
    ("theme", "changes", "warning", "comfort"),
    [
        (
            "orders",
            {},
            "only 4 orders in 399 days (those who stay: 20)",
            "4 orders in 399 days (those who leave: 2)",
        ),
        (
            "orders",
            {"n_orders": 18.0},
            "",
            "18 orders in 399 days (those who leave: 2)",
        ),
        (
            "orders",
            {"n_orders": 2.0},
            "only 2 orders in 399 days (those who stay: 20)",
            "",
        ),
        (
            "age",
            {"T_days": 30.0},
            "a customer for only 30 days (those who stay: 400)",
            "",
        ),
        (
            "age",
            {"T_days": 390.0},
            "",
            "a customer for 390 days (those who leave: 300)",
        ),
        ("age", {"T_days": 350.0}, "", ""),
        (
            "spend",
            {"aov": 10.0},
            "spends only SEK 10.00 an order (those who stay: SEK 30.00)",
            "",
        ),
        (
            "spend",
            {"aov": 10.0, "n_orders": 1.0},
            "spent only SEK 10.00 on the one order (those who stay: SEK 30.00)",
            "",
        ),
        (
            "spend",
            {"aov": 500.0},
            "",
            "spends SEK 500 an order (those who leave: SEK 15.00)",
        ),
        ("returns", {"returns_share": 0.25}, "sent back 25% of what was bought", ""),
        ("returns", {"returns_share": 0.0}, "", "has sent nothing back"),
        (
            "discount",
            {"discount_share": 0.1},
            "",
            "discounts of 10% of the price (those who leave: 30%)",
        ),
    ],
)
def test_figure_is_told_where_it_is_off_the_usual(theme, changes, warning, comfort):
    assert _words(theme, "SEK", **changes) == (warning, comfort)
