"""BG/BB: published numbers, gradients, an oracle by enumeration, and refusals."""

from __future__ import annotations

import importlib.util
import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv.base import ParametricModel
from regulars.clv.beta_geo_beta_binom import BetaGeoBetaBinomModel
from regulars.clv.opportunities import Terms
from regulars.errors import BoundaryWarning, DataError, NotEnoughHistoryError


@pytest.fixture(scope="module")
def donations():
    # found, not imported: lifetimes warns when pandas 3 imports it
    (folder,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    names = {"periods": "T", "weights": "weight"}
    return pd.read_csv(Path(folder, "datasets", "donations.csv")).rename(columns=names)


@pytest.fixture(scope="module")
def fitted(donations):
    return BetaGeoBetaBinomModel().fit(donations)


def at(alpha, beta, gamma, delta):
    """A model at given parameters."""
    model = BetaGeoBetaBinomModel()
    model._set_theta(np.log([alpha, beta, gamma, delta]), np.eye(4))
    return model


def history(x, recency, n):
    return pd.DataFrame({"frequency": [x], "recency": [recency], "T": [n]})


def probability_of(pattern, theta, buy):
    """P(a customer with given probabilities shows a pattern): over leaving times."""
    total = 0.0
    for lifetime in range(len(pattern) + 1):
        left = theta if lifetime < len(pattern) else 1.0
        alive = (1 - theta) ** lifetime * left
        shown = [
            (buy if bought else 1 - buy) if k < lifetime else float(not bought)
            for k, bought in enumerate(pattern)
        ]
        total += alive * math.prod(shown)
    return total


def test_parameters_equal_the_papers_when_fitted_to_donations(fitted):
    """Fader, Hardie and Shang (2010), table 5."""
    assert fitted.alpha_ == pytest.approx(1.204, abs=1e-3)
    assert fitted.beta_ == pytest.approx(0.750, abs=1e-3)
    assert fitted.gamma_ == pytest.approx(0.657, abs=1e-3)
    assert fitted.delta_ == pytest.approx(2.783, abs=1e-3)
    assert fitted.log_likelihood_ == pytest.approx(-33225.6, abs=0.05)
    assert fitted.n_customers_ == 11104


def test_expected_donations_equal_the_papers(fitted, donations):
    """The same paper, table 6: expected repeat transactions in five more years."""
    expected = fitted.expected_purchases(donations, 5)
    assert expected.iloc[-1] == pytest.approx(3.75, abs=5e-3)
    assert expected.iloc[0] == pytest.approx(0.07, abs=5e-3)


def test_likelihood_equals_enumeration_over_customers():
    """Average the plain probability of each pattern over drawn customers."""
    model = at(1.2, 0.75, 0.66, 2.8)
    rng = np.random.default_rng(0)
    theta, buy = rng.beta(0.66, 2.8, 4000), rng.beta(1.2, 0.75, 4000)
    for pattern in itertools.product([0, 1], repeat=4):
        x, last = (
            sum(pattern),
            max((k + 1 for k, b in enumerate(pattern) if b), default=0),
        )
        mine = np.exp(
            model._log_likelihood(np.array([x]), np.array([last]), np.array([4]))
        )
        drawn = probability_of(pattern, theta, buy)
        error = drawn.std() / np.sqrt(drawn.size)
        assert mine[0] == pytest.approx(drawn.mean(), abs=5 * error)


@settings(max_examples=60, deadline=None)
@given(theta=st.tuples(*[st.floats(-5, 6)] * 4))
def test_gradient_equals_differences_for_any_parameters(theta):
    rows = [(0, 0, 7), (1, 1, 7), (3, 5, 6), (6, 6, 6), (2, 9, 30)]
    terms = Terms(*np.array(rows, dtype=float).T)
    theta = np.array(theta)
    _, slopes = terms.evaluate(theta)
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-6
        above, below = terms.evaluate(theta + step)[0], terms.evaluate(theta - step)[0]
        np.testing.assert_allclose(
            slopes[k], (above - below) / 2e-6, rtol=1e-4, atol=1e-5
        )


def test_patterns_of_all_histories_sum_to_one():
    model, total = at(0.8, 2.0, 1.5, 3.0), 0.0
    for pattern in itertools.product([0, 1], repeat=6):
        x, last = (
            sum(pattern),
            max((k + 1 for k, b in enumerate(pattern) if b), default=0),
        )
        total += np.exp(
            model._log_likelihood(np.array([x]), np.array([last]), np.array([6]))
        )[0]
    assert total == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    log_params=st.tuples(*[st.floats(-3, 4)] * 4),
    n=st.integers(1, 12),
    data=st.data(),
    t=st.integers(0, 8),
)
def test_predictions_agree_with_each_other_for_any_customer(log_params, n, data, t):
    recency = data.draw(st.integers(0, n))
    x = data.draw(st.integers(1, recency)) if recency else 0
    model, rows = at(*np.exp(log_params)), history(x, recency, n)
    counts = np.array(
        [model.probability_n_purchases(rows, k, t).iloc[0] for k in range(t + 1)]
    )
    expected = model.expected_purchases(rows, t).iloc[0]
    alive = model.probability_alive(rows).iloc[0]
    silent = model.probability_no_purchase(rows, t).iloc[0]
    assert counts.sum() == pytest.approx(1.0, abs=1e-9)
    assert counts @ np.arange(t + 1) == pytest.approx(expected, abs=1e-9)
    assert 0 <= expected <= t
    assert 0 <= alive <= 1 + 1e-12
    assert 1 - alive <= silent + 1e-12
    assert model.probability_alive(rows, 1).iloc[0] <= alive + 1e-12
    if recency == n:
        assert alive == pytest.approx(1.0)


def test_expected_purchases_equal_equation_13_when_gamma_is_not_one():
    from scipy.special import betaln, gammaln

    a, b, g, d, x, tx, n, t = 1.2, 0.75, 0.66, 2.8, 3, 4, 6, 5
    model, rows = at(a, b, g, d), history(3, 4, 6)
    log_l = model._log_likelihood(np.array([x]), np.array([tx]), np.array([n]))[0]
    front = np.exp(betaln(a + x + 1, b + n - x) - betaln(a, b) - log_l)
    middle = d / (g - 1) * np.exp(gammaln(g + d) - gammaln(1 + d))
    ends = [np.exp(gammaln(1 + d + k) - gammaln(g + d + k)) for k in (n, n + t)]
    expected = front * middle * (ends[0] - ends[1])
    assert model.expected_purchases(rows, t).iloc[0] == pytest.approx(expected)


def test_expected_purchases_pass_smoothly_through_gamma_one():
    rows = history(3, 4, 6)
    below, one, above = (
        at(1.2, 0.75, g, 2.8).expected_purchases(rows, 5).iloc[0]
        for g in (1 - 1e-7, 1.0, 1 + 1e-7)
    )
    assert one == pytest.approx((below + above) / 2, rel=1e-9)


def test_new_customers_add_up(fitted):
    shares = fitted.probability_n_purchases_new_customer(np.arange(7), 6)
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ np.arange(7) == pytest.approx(
        fitted.expected_purchases_new_customer(6)
    )
    assert fitted.expected_purchases_new_customer(0) == 0.0
    assert fitted.probability_n_purchases_new_customer(7, 6) == 0.0
    mixed = fitted.probability_n_purchases_new_customer(2, np.array([3, 6]))
    assert mixed[1] == pytest.approx(shares[2])
    many = fitted.expected_purchases_new_customer(np.arange(7))
    assert (np.diff(many) > 0).all()


def test_known_customers_average_to_the_new_one(fitted):
    """Six opportunities, then five: E over histories is E(11) - E(6) of a new one."""
    model, total = fitted, 0.0
    for pattern in itertools.product([0, 1], repeat=6):
        x, last = (
            sum(pattern),
            max((k + 1 for k, b in enumerate(pattern) if b), default=0),
        )
        likelihood = np.exp(
            model._log_likelihood(np.array([x]), np.array([last]), np.array([6]))
        )[0]
        total += likelihood * model.expected_purchases(history(x, last, 6), 5).iloc[0]
    later = model.expected_purchases_new_customer(11)
    assert total == pytest.approx(later - model.expected_purchases_new_customer(6))


def test_weights_count_identical_customers(donations, fitted):
    repeated = donations.loc[donations.index.repeat(donations["weight"])]
    model = BetaGeoBetaBinomModel().fit(repeated.drop(columns="weight"))
    assert model.params_ == pytest.approx(fitted.params_, rel=1e-6)


def test_long_and_heavy_histories_stay_finite(fitted):
    rows = pd.DataFrame(
        {"frequency": [5000, 0, 1], "recency": [5000, 0, 1], "T": [5000, 5000, 5000]}
    )
    for values in (
        fitted.probability_alive(rows),
        fitted.expected_purchases(rows, 50),
        fitted.probability_no_purchase(rows, 50),
    ):
        assert np.isfinite(values).all()
        assert (values >= 0).all()


def test_fit_says_so_when_nobody_leaves():
    rng = np.random.default_rng(1)
    buys = rng.random((800, 12)) < rng.beta(20, 5, 800)[:, None]
    last = (buys * np.arange(1, 13)).max(axis=1)
    rows = pd.DataFrame({"frequency": buys.sum(axis=1), "recency": last, "T": 12})
    with pytest.warns(BoundaryWarning, match="leave"):
        model = BetaGeoBetaBinomModel().fit(rows)
    assert np.isfinite(model.expected_purchases(rows, 12)).all()


@pytest.mark.parametrize("seed", range(4))
def test_truth_lies_within_four_standard_errors(seed):
    rng = np.random.default_rng(seed)
    truth = dict(
        zip(("alpha", "beta", "gamma", "delta"), rng.uniform(0.6, 3, 4), strict=True)
    )
    theta = rng.beta(truth["gamma"], truth["delta"], 20_000)
    lifetime = rng.geometric(theta) - 1
    buy = rng.beta(truth["alpha"], truth["beta"], 20_000)
    periods = np.arange(1, 11)
    buys = (rng.random((20_000, 10)) < buy[:, None]) & (periods <= lifetime[:, None])
    rows = pd.DataFrame(
        {
            "frequency": buys.sum(axis=1),
            "recency": (buys * periods).max(axis=1),
            "T": 10,
        }
    )
    model = BetaGeoBetaBinomModel().fit(rows)
    for name, value in truth.items():
        error = model.standard_errors_[name] / model.params_[name]
        assert abs(np.log(model.params_[name] / value)) < 4 * error


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((2, 1, 6), "frequency is greater than recency"),
        ((0, 1, 6), "frequency is 0 but recency is not"),
        ((1, 7, 6), "recency is greater than T"),
        ((1.5, 2, 6), "frequency is not a whole number"),
        ((1, 2, 6.5), "T is not a whole number"),
    ],
)
def test_fit_raises_when_a_history_is_impossible(row, message):
    with pytest.raises(DataError, match=message):
        BetaGeoBetaBinomModel().fit(history(*row))


def test_fit_raises_when_nobody_bought():
    with pytest.raises(NotEnoughHistoryError, match="has taken an opportunity"):
        BetaGeoBetaBinomModel().fit(history(0, 0, 6))


@pytest.mark.parametrize("t", [-1, 1.5, np.nan])
def test_prediction_raises_when_t_is_no_number_of_opportunities(fitted, t):
    with pytest.raises(ValueError, match="t must be"):
        fitted.expected_purchases(history(1, 2, 6), t)


def test_it_is_a_model_of_the_package():
    assert issubclass(BetaGeoBetaBinomModel, ParametricModel)
