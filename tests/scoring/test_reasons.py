"""Which themes speak, on which side, and in which order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.models.contrast import Contrast, Usual
from regulars.models.profile import Profile
from regulars.scoring.attribute_words import OfOne
from regulars.scoring.purchase_words import Facts
from regulars.scoring.reasons import (
    LEAST,
    N_REASONS,
    Voices,
    explain,
    of_purchases,
    of_tables,
    strength_of,
    strongest,
)

STAY = pd.Series(
    {"days_since_last_order": 10.0, "n_orders": 20.0, "orders_91d": 6.0, "aov": 30.0}
)
LEAVE = pd.Series(
    {"days_since_last_order": 400.0, "n_orders": 1.0, "orders_91d": 1.0, "aov": 15.0}
)
LAPSED = {
    "frequency": 3.0,
    "days_since_last_order": 63.0,
    "gap_mean_days": 12.0,
    "n_orders": 4.0,
    "T_days": 399.0,
    "orders_91d": 1.0,
    "orders_182d": 4.0,
    "aov": 20.0,
}
ONCE = LAPSED | {
    "frequency": 0.0,
    "n_orders": 1.0,
    "gap_mean_days": np.nan,
    "days_since_last_order": 399.0,
    "orders_91d": 0.0,
    "orders_182d": 0.0,
}
SPOKEN = ("days_since_last_order", "orders_91d", "frequency", "T_days", "aov")


NOTHING = {"risk_reasons": [], "stay_reasons": []}


def _reasons(customer=LAPSED, **strength):
    facts = Facts(pd.DataFrame([customer]), STAY, LEAVE)
    told = strongest([of_purchases(facts, pd.DataFrame([strength]))])
    return {name: sentences for name, [sentences] in told.items()}


def test_strongest_comes_first_and_no_more_than_three():
    found = _reasons(days_since_last_order=1, orders_91d=2, frequency=3, aov=0.5)
    assert found["risk_reasons"] == [
        "only 4 orders in 399 days (those who stay: 20)",
        "orders down from 3 to 1 in the last 91 days",
        "no order for 63 days; used to order every 12 days",
    ]
    assert len(found["risk_reasons"]) == N_REASONS
    assert found["stay_reasons"] == []


def test_each_theme_speaks_on_the_side_to_which_it_pulls():
    found = _reasons(days_since_last_order=1, frequency=-2, aov=-1)
    assert found["risk_reasons"] == [
        "no order for 63 days; used to order every 12 days"
    ]
    assert found["stay_reasons"] == [
        "4 orders in 399 days (those who leave: 1)",
        "spends 20.00 an order (those who leave: 15.00)",
    ]


def test_features_of_one_theme_are_one_reason():
    found = _reasons(days_since_last_order=0.06, silence_over_mean_gap=0.06, aov=0.11)
    assert len(found["risk_reasons"]) == 2
    assert found["risk_reasons"][0].startswith("no order for 63 days")


def test_features_that_pull_against_each_other_cancel():
    found = _reasons(days_since_last_order=1, silence_over_mean_gap=-0.95)
    assert found == NOTHING


def test_who_came_once_is_told_one_fact():
    found = _reasons(ONCE, **dict.fromkeys(SPOKEN, 1.0))
    assert found["risk_reasons"] == [
        "only one order, 399 days ago",
        "spent only 20.00 on the one order (those who stay: 30.00)",
    ]


def test_shares_of_the_one_fact_are_added_up():
    """None of the three is large enough to be a reason by itself."""
    few = dict.fromkeys(SPOKEN[:3], 0.6 * LEAST)
    assert len(_reasons(ONCE, **few)["risk_reasons"]) == 1
    assert _reasons(**few)["risk_reasons"] == []


@pytest.mark.parametrize("strength", [0.99 * LEAST, -0.99 * LEAST, 0.0, np.nan])
def test_next_to_nothing_is_no_reason(strength):
    assert _reasons(days_since_last_order=strength, aov=strength) == NOTHING


def test_nothing_is_invented_where_the_figures_say_otherwise():
    """A recent order is no warning, whatever it adds to the log-odds."""
    recent = LAPSED | {"days_since_last_order": 8.0}
    assert _reasons(recent, days_since_last_order=2.0) == NOTHING
    assert _reasons(LAPSED | {"aov": 12.0}, aov=-2.0) == NOTHING


def test_feature_without_a_theme_says_nothing():
    assert _reasons(n_pets=9.0) == NOTHING


def test_likely_leaver_is_held_against_those_who_stay_and_the_other_way_round():
    contrast = Contrast(
        Usual(STAY, pd.Series({"a": -1.0})), Usual(LEAVE, pd.Series({"a": 3.0}))
    )
    own = pd.DataFrame({"a": np.zeros(5)})
    churn = np.array([1.0, 0.8, 0.5, 0.2, 0.0])
    found = strength_of(own, churn, contrast)["a"]
    middle = 0.0 - (-1.0 + 3.0) / 2
    np.testing.assert_allclose(found.iloc[[0, 2, 4]], [1.0, middle, -3.0])
    assert found.iloc[1] > 0 > found.iloc[3]
    assert found.is_monotonic_decreasing


def test_sides_do_not_share_a_sentence():
    strength = np.array([[0.5, -0.5, 0.2], [-0.1, -0.2, -0.3]])
    both = np.zeros(2, dtype=int)
    warnings = [OfOne(both, [text]) for text in ("w0", "w1", "")]
    comforts = [OfOne(both, [text]) for text in ("c0", "c1", "c2")]
    found = strongest([Voices(strength, warnings, comforts)])
    assert found["risk_reasons"] == [["w0"], []]
    assert found["stay_reasons"] == [["c1"], ["c2", "c1", "c0"]]


# -- of a model -------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(champion):
    """Scores and reasons of the shop's customers."""
    model, customers = champion
    scores = model.predict(customers.features)
    churn = scores["churn_probability"].to_numpy()
    return scores.join(explain(model, customers.features, churn))


def test_high_risk_has_what_speaks_for_leaving(shop):
    high = shop[shop["risk_band"] == "high"]
    assert len(high) > 20
    assert (high["risk_reasons"].str.len() > 0).mean() > 0.95
    first = high["risk_reasons"].str[0].dropna()
    assert first.str.match(
        r"no order|only|orders down|all orders|spen|a customer"
    ).all()


def test_low_risk_has_what_speaks_for_staying(shop):
    low = shop[shop["risk_band"] == "low"]
    assert len(low) > 20
    assert (low["stay_reasons"].str.len() > 0).mean() > 0.95


def test_no_reason_is_told_on_both_sides_or_twice(shop):
    both = shop["risk_reasons"] + shop["stay_reasons"]
    assert (both.map(len) == both.map(lambda told: len({*told}))).all()
    assert shop["risk_reasons"].map(len).max() <= N_REASONS
    assert shop["stay_reasons"].map(len).max() <= N_REASONS


def test_block_of_customers_is_explained_as_each_alone(champion):
    model, customers = champion
    rows = customers.features.iloc[40:43]
    whole = explain(model, rows, model.predict_churn(rows))
    for k in range(3):
        row = rows.iloc[[k]]
        alone = explain(model, row, model.predict_churn(row))
        pd.testing.assert_frame_equal(alone, whole.iloc[[k]])


def test_column_that_the_contrast_does_not_know_stands_for_nothing():
    known = pd.Series({"frequency": 0.4})
    usual = Usual(STAY, known)
    found = strength_of(
        pd.DataFrame({"frequency": [1.0], "aov": [0.2]}),
        np.array([0.5]),
        Contrast(usual, usual),
    )
    np.testing.assert_allclose(found.to_numpy(), [[0.6, 0.2]])


def test_tables_are_told_by_signals_and_the_rest_by_attribute():
    own = {"tickets_open": 1.0, "oldest_open_ticket_days": 3.0, "seats": 1.0}
    facts = Facts(pd.DataFrame([own]), {"tickets_open": 0.0}, {})
    profile = Profile({"seats": [*range(2, 100)]}, {})
    # together the first two move more than the third
    moved = {"tickets_open": 0.2, "oldest_open_ticket_days": 0.3, "seats": 0.4}
    voices = of_tables(facts, pd.DataFrame([moved]), facts.rows, profile)
    found = strongest([voices])
    assert found["risk_reasons"] == [
        ["1 support ticket open for 3 days", "seats 1: lower than 100% of customers"]
    ]
    assert found["stay_reasons"] == [[]]


def test_tables_that_the_model_left_out_say_nothing():
    facts = Facts(pd.DataFrame([LAPSED, ONCE]), STAY, LEAVE)
    nothing = pd.DataFrame(index=facts.rows.index)
    voices = [
        of_purchases(facts, pd.DataFrame({"n_orders": [1.0, 1.0]})),
        of_tables(facts, nothing, nothing, Profile({}, {})),
    ]
    assert strongest(voices) == strongest(voices[:1])
    assert strongest(voices[1:]) == {name: [[], []] for name in NOTHING}
