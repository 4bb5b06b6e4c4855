from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.errors import DataError
from regulars.metrics import (
    CampaignCosts,
    best_threshold,
    break_even_probability,
    expected_profit,
    mpc,
    profit_at_capacity,
    profit_at_threshold,
    profit_curve,
)

# a churner won back at a rate of one half earns 94, any other contact costs 11
COSTS = CampaignCosts(contact_cost=1, incentive_cost=10, accept_rate=0.5)
OFFER = {"clv": 200, "costs": COSTS}
Y = [1, 0, 1, 0]
SCORE = [0.9, 0.6, 0.4, 0.1]


def test_profit_curve_adds_up_contact_by_contact():
    curve = profit_curve(Y, SCORE, **OFFER)
    assert curve["profit"].tolist() == [0, 94, 83, 177, 166]
    assert curve["n_contacted"].tolist() == [0, 1, 2, 3, 4]
    assert curve["share_contacted"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve["threshold"].tolist() == [math.inf, *SCORE]


def test_profit_curve_uses_each_customers_own_value():
    curve = profit_curve(Y, SCORE, **{**OFFER, "clv": [200, 9, 30, 9]})
    assert curve["profit"].tolist() == [0, 94, 83, 92, 81]


def test_profit_curve_keeps_both_ends_when_thinned():
    curve = profit_curve(Y, SCORE, **OFFER, max_points=2)
    assert curve["n_contacted"].tolist() == [0, 4]


def test_best_threshold_is_where_the_curve_is_highest():
    best = best_threshold(Y, SCORE, **OFFER)
    assert best == (0.4, 177.0, 0.75)
    assert profit_at_threshold(Y, SCORE, best.threshold, **OFFER) == best.profit
    found = mpc(Y, SCORE, clv=200, **asdict(COSTS))
    assert found == (best.profit / 4, best.target_fraction)


def test_best_threshold_is_infinite_when_no_contact_pays():
    assert best_threshold([0, 0], [0.2, 0.1]) == (math.inf, 0.0, 0.0)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(math.inf, 0), (0.95, 0), (0.9, 94), (0.5, 83), (0.1, 166), (-1, 166)],
)
def test_profit_at_threshold_contacts_all_at_or_above_it(threshold, expected):
    assert profit_at_threshold(Y, SCORE, threshold, **OFFER) == expected


def test_profit_at_threshold_refuses_nan():
    with pytest.raises(ValueError, match="'threshold' is NaN"):
        profit_at_threshold(Y, SCORE, math.nan)


@pytest.mark.parametrize(
    ("capacity", "expected"), [(0, 0), (1, 94), (2, 83), (4, 166), (9, 166)]
)
def test_profit_at_capacity_contacts_the_highest_scores(capacity, expected):
    assert profit_at_capacity(Y, SCORE, capacity, **OFFER) == expected


def test_profit_at_capacity_is_the_expectation_when_scores_are_equal():
    assert profit_at_capacity([1, 0], [0.5, 0.5], 1, **OFFER) == 83 / 2


def test_profit_at_capacity_refuses_a_negative_capacity():
    with pytest.raises(ValueError, match="'capacity' is -1"):
        profit_at_capacity(Y, SCORE, -1)


def test_expected_profit_is_what_either_outcome_earns():
    assert expected_profit([1.0, 0.0, 0.5], **OFFER).tolist() == [94, -11, 41.5]


def test_expected_profit_refuses_what_is_no_probability():
    with pytest.raises(DataError, match=r"'probability' has 1 of 1 .*outside"):
        expected_profit([1.2])


@given(st.integers(0, 500), st.integers(0, 50), st.integers(1, 20), st.floats(0.01, 1))
def test_expected_profit_is_0_at_the_break_even_probability(
    clv, incentive_cost, contact_cost, accept_rate
):
    offer = {
        "clv": clv,
        "costs": CampaignCosts(
            incentive_cost=incentive_cost,
            contact_cost=contact_cost,
            accept_rate=accept_rate,
        ),
    }
    (probability,) = break_even_probability(**offer)
    if probability <= 1:
        assert expected_profit([probability], **offer)[0] == pytest.approx(0, abs=1e-9)
    else:
        assert expected_profit([1.0], **offer)[0] < 1e-9


def test_break_even_probability_is_infinite_when_there_is_nothing_to_win():
    costs = CampaignCosts(incentive_cost=0.0)
    found = break_even_probability(clv=[0.0, 200.0], costs=costs)
    assert found.tolist() == [math.inf, pytest.approx(1 / 60)]


def test_profit_is_linear_in_the_number_of_copies():
    rng = np.random.default_rng(0)
    y, score = (rng.random(50) < 0.4).astype(float), rng.random(50).round(1)
    once = best_threshold(y, score)
    twice = best_threshold(np.tile(y, 2), np.tile(score, 2))
    assert twice.profit == pytest.approx(2 * once.profit)
    assert twice.threshold == once.threshold
