from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.extrapolation import (
    ExtrapolationTest,
    choose_extrapolation_weight,
    extrapolate_bounds,
    extrapolate_churn,
    extrapolate_spend,
)

MONEY = st.just(0.0) | st.floats(0.01, 1e6)
CHANCE = st.floats(0, 1)


@given(CHANCE, CHANCE, CHANCE)
def test_silence_over_a_longer_horizon_is_no_likelier(learnt, one, other):
    short, long = max(one, other), min(one, other)
    args = (np.array([value]) for value in (learnt, short, long))
    carried = extrapolate_churn(*args)[0]
    assert 0 <= carried <= 1
    assert carried <= np.clip(learnt, 1e-6, 1 - 1e-6) + 1e-12


@given(MONEY, MONEY, MONEY)
def test_bounds_keep_their_place_about_the_expectation(learnt, short, long):
    expected = extrapolate_spend(
        *(np.array([value]) for value in (learnt, short, long))
    )
    bounds = np.array([[0.5 * learnt, 3.0 * learnt]])
    low, high = extrapolate_bounds(bounds, np.array([learnt]), expected)[0]
    assert 0 <= low <= high
    if learnt > 0:
        np.testing.assert_allclose([low, high], expected * [0.5, 3.0], atol=1e-9)


@given(CHANCE, CHANCE, CHANCE, st.floats(1, 6))
def test_silence_lies_between_the_process_and_the_days(learnt, one, other, stretch):
    short, long = max(one, other), min(one, other)
    args = [np.array([value]) for value in (learnt, short, long)]
    carried = [
        extrapolate_churn(*args, stretch=stretch, extrapolation_weight=share)[0]
        for share in (0.0, 0.4, 1.0)
    ]
    assert min(carried) - 1e-12 <= carried[1] <= max(carried) + 1e-12


def story(outcome_rate, n=2_000):
    rng = np.random.default_rng(0)
    learnt, short, long = np.full(n, 0.8), np.full(n, 0.8), np.full(n, 0.75)
    churned = (rng.random(n) < outcome_rate).astype(float)
    return ExtrapolationTest(learnt, short, long, 3.0, churned)


def test_weight_is_one_when_silence_ends_as_the_days_say():
    assert choose_extrapolation_weight([story(0.8**3)]) >= 0.9


def test_weight_is_zero_when_the_process_was_right():
    assert choose_extrapolation_weight([story(0.75)]) == 0


def test_weight_is_zero_when_the_gain_may_be_chance():
    # eight customers say little, whatever they did
    assert choose_extrapolation_weight([story(0.6, n=8)]) == 0
    assert choose_extrapolation_weight([]) == 0


def test_weight_lies_between_when_the_tests_disagree():
    found = choose_extrapolation_weight([story(0.8**3), story(0.75)])
    assert 0 < found < 1


def test_process_sets_the_ratio_and_the_days_the_power():
    learnt, short, long = np.array([0.5]), np.array([0.9]), np.array([0.85])
    by_process = extrapolate_churn(learnt, short, long)
    np.testing.assert_allclose(by_process, 0.5 ** (np.log(0.85) / np.log(0.9)))
    by_days = extrapolate_churn(learnt, short, long, stretch=2, extrapolation_weight=1)
    np.testing.assert_allclose(by_days, 0.25)


def test_spend_is_the_mean_of_the_scaled_and_the_processes_own():
    spend = extrapolate_spend(np.array([12.0]), np.array([10.0]), np.array([25.0]))
    assert spend.tolist() == [(12 * 2.5 + 25) / 2]


def test_spend_that_the_process_did_not_expect_is_not_divided_by():
    spend = extrapolate_spend(np.array([12.0]), np.array([0.0]), np.array([0.0]))
    assert spend.tolist() == [0.0]
