"""The two branches add up to the model, and what is simulated comes out of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv import BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel
from regulars.clv.fork import Branches, Fork
from regulars.clv.value import discounted_clv

MODELS = [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel]
ROWS = pd.DataFrame(
    {
        "frequency": [0, 1, 4, 30],
        "recency": [0.0, 9, 30, 38],
        "T": 39.0,
        "weight": [60, 25, 15, 1],
    }
)
TERMS = {"discount_rate_annual": 0.1, "horizon_days": 365, "time_unit_days": 7}
SPANS = [2.0, 13.0, 40.0]


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.__name__)
def model(request):
    return fitted(request.param)


@cache
def fitted(kind):
    return kind(penalty=0.01).fit(ROWS)


def test_fresh_customers_are_the_same_whatever_was_asked_before(model):
    asked, unasked = model.standing(ROWS), model.standing(ROWS)
    asked.purchases(13.0), asked.no_purchase(13.0)
    fresh = asked.fresh()
    for name in ("purchases", "no_purchase", "leaving"):
        expected = getattr(unasked.fresh(), name)(13.0)
        np.testing.assert_array_equal(getattr(fresh, name)(13.0), expected)


def fork_of(model, span, rows=ROWS):
    return Fork.of(model.standing(rows[["frequency", "recency", "T"]]), span)


@pytest.mark.parametrize("span", SPANS)
def test_model_comes_back_where_silence_is_as_likely_as_it_says(model, span):
    fork = fork_of(model, span)
    silent = fork.silent
    alive, leaving = (
        model.probability_alive(ROWS),
        model.probability_leaving(ROWS, span),
    )
    np.testing.assert_allclose(fork.alive.mix(silent), alive, rtol=1e-12)
    np.testing.assert_allclose(fork.leaving.mix(silent), leaving, atol=1e-12)
    median = model.expected_next_order(ROWS)["median"]
    np.testing.assert_allclose(fork.wait(silent), median, rtol=1e-6)
    steps = 7 * span / np.ceil(7 * span / (365.25 / 12))
    whole = discounted_clv(
        model, ROWS, expected_value=1.0, margin=1.0, step_days=steps, **TERMS
    )
    found = fork.discounted_purchases(**TERMS).branches.mix(silent)
    np.testing.assert_allclose(found, whole, rtol=1e-7)


def test_horizon_inside_the_span_leaves_nothing_to_the_silent(model):
    scenarios = fork_of(model, 60.0).discounted_purchases(**TERMS)
    assert (scenarios.if_silent == 0).all()
    whole = discounted_clv(
        model, ROWS, expected_value=1.0, margin=1.0, step_days=30.0, **TERMS
    )
    fork = fork_of(model, 60.0)
    np.testing.assert_allclose(scenarios.branches.mix(fork.silent), whole, rtol=1e-12)


def test_who_buys_was_there_whatever_the_silence_before(model):
    rows = ROWS.iloc[[2, 2]].assign(recency=[39.0, 3.0])
    fork = fork_of(model, 13.0, rows)
    for branches in (fork.leaving, fork.discounted_purchases(**TERMS)):
        assert branches.if_bought[0] == branches.if_bought[1]
        assert branches.if_bought[0] >= branches.if_silent[1]
    assert fork.silent[1] > fork.silent[0]


def test_nobody_leaves_in_silence_where_only_buyers_leave():
    model = fitted(BetaGeoModel)
    np.testing.assert_allclose(fork_of(model, 13.0).leaving.if_silent, 0, atol=1e-12)


def simulated(model, frequency, age, span, n=400_000):
    """Lives of somebody who bought just before the cutoff, drawn one by one.

    Returns whether they leave in the span, purchases in it and in a year of 52 weeks.
    """
    rng = np.random.default_rng(3)
    r, alpha, a, b = (model.params_[name] for name in ("r", "alpha", "a", "b"))
    alive = rng.random(n) < (b + frequency - 1) / (a + b + frequency - 1)
    rate = rng.gamma(r + frequency, 1 / (alpha + age), n)
    dropout = rng.beta(a, b + frequency, n)
    gaps = rng.exponential(1, (n, 60)) / rate[:, None]
    last = rng.geometric(np.maximum(dropout, 1e-12))
    made = np.arange(1, 61) <= np.where(alive, last, 0)[:, None]
    when = np.where(made, gaps.cumsum(axis=1), np.inf)
    near, year = (when < span).sum(axis=1), (when < 52).sum(axis=1)
    return alive & (near == last), near, year


def test_branches_are_those_of_simulated_lives():
    model = fitted(BetaGeoModel)
    left, near, year = simulated(model, frequency=4, age=39.0, span=13.0)
    rows = pd.DataFrame({"frequency": [4], "recency": [39.0], "T": [39.0]})
    fork = fork_of(model, 13.0, rows)
    bought = near > 0
    assert fork.silent[0] == pytest.approx(1 - bought.mean(), abs=0.003)
    assert fork.leaving.if_bought[0] == pytest.approx(left[bought].mean(), abs=0.004)
    flat = {"discount_rate_annual": 0.0, "horizon_days": 364, "time_unit_days": 7}
    branches = fork.discounted_purchases(**flat)
    assert branches.if_bought[0] == pytest.approx(year[bought].mean(), rel=0.01)
    assert branches.if_silent[0] == pytest.approx(year[~bought].mean(), rel=0.03)


def lives_of_the_silent(model, frequency, recency, silent_until, n=2_000_000):
    """Draw rates and dropouts, weighed by how well they go with the silence."""
    rng = np.random.default_rng(4)
    r, alpha, *shapes = model.params_.values()
    rate = rng.gamma(r + frequency, 1 / (alpha + recency), n)
    waits = np.exp(-rate * (silent_until - recency))
    if isinstance(model, ParetoNBDModel):
        dropout = rng.gamma(shapes[0], 1 / shapes[1], n)
        either = rate + dropout
        stayed = np.exp(-either * (silent_until - recency))
        # there all the while, or gone at some moment since
        weight = stayed + dropout / either * (1 - stayed)
        return rate, dropout, weight * np.exp(-dropout * recency)
    dropout = rng.beta(*shapes, n)
    flips = frequency + model._first_flip
    left = dropout * (1 - dropout) ** (flips - 1) if flips else 0.0
    return rate, dropout, (1 - dropout) ** flips * waits + left


@pytest.mark.parametrize(
    ("frequency", "recency"), [(0, 0.0), (1, 9.0), (4, 20.0), (40, 15.0)]
)
def test_who_is_won_back_lives_on_as_one_of_the_silent(model, frequency, recency):
    span, year = 13.0, 52.0
    rate, dropout, weight = lives_of_the_silent(model, frequency, recency, 39.0 + span)
    ahead = year - span / 2
    if isinstance(model, ParetoNBDModel):
        later = rate / dropout * -np.expm1(-dropout * ahead)
    else:
        # the purchase may be the last, and so may each after it
        later = (1 - dropout) / dropout * -np.expm1(-rate * dropout * ahead)
    expected = 1 + np.average(later, weights=weight)
    row = {"frequency": [frequency], "recency": [recency], "T": [39.0]}
    flat = {"discount_rate_annual": 0.0, "horizon_days": 364, "time_unit_days": 7}
    scenarios = fork_of(model, span, pd.DataFrame(row)).discounted_purchases(**flat)
    assert scenarios.if_back[0] == pytest.approx(expected, rel=0.01)
    # of the silent: not what those who buy would bring
    assert scenarios.if_back[0] < scenarios.if_bought[0]


@settings(deadline=None, max_examples=150)
@given(
    frequency=st.integers(0, 400),
    share=st.floats(0.001, 1),
    age=st.floats(0.1, 500),
    span=st.floats(0.5, 120),
    silent=st.floats(0.0, 1.0),
    kind=st.sampled_from(MODELS),
    params=st.tuples(*[st.floats(-3, 3)] * 4),
)
def test_branches_are_in_order_whatever_the_history(
    frequency, share, age, span, silent, kind, params
):
    model = fitted(kind)._with_theta(np.array(params))
    recency = age * share if frequency else 0.0
    rows = pd.DataFrame({"frequency": [frequency], "recency": [recency], "T": [age]})
    fork = fork_of(model, span, rows)
    scenarios = fork.discounted_purchases(**TERMS)
    for branches in (fork.alive, scenarios.branches):
        low, high = branches.if_silent[0], branches.if_bought[0]
        assert 0 <= low <= branches.mix(np.array([silent]))[0] <= high
        assert np.isfinite(high)
    assert scenarios.if_silent[0] <= scenarios.if_back[0] <= scenarios.if_bought[0]
    for branch in fork.leaving:
        assert 0 <= branch[0] <= 1
    wait = fork.wait(np.array([silent]))[0]
    assert (wait < span) == (silent < 0.5)


def test_mix_is_never_outside_its_branches():
    one = Branches(np.array([0.1 + 0.2]), np.array([0.3]))
    for silent in (0.0, 1 / 3, 1.0):
        assert 0.3 <= one.mix(np.array([silent]))[0] <= 0.1 + 0.2
