"""Draws: their means are the expectations, and new customers give back the truth."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.draws import latest_of
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel

MODELS = [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel]


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.__name__)
def fitted(request, summary):
    return request.param().fit(summary)


def test_draws_of_purchases_have_the_expected_mean_and_zeros(fitted, toy):
    draws = fitted.distribution_purchases(toy, 26.0, n_draws=20_000, random_state=0)
    assert draws.index.equals(toy.index)
    error = draws.std(axis=1) / np.sqrt(20_000)
    away = (draws.mean(axis=1) - fitted.expected_purchases(toy, 26.0)) / error
    assert away.abs().max() < 4
    none = fitted.probability_no_purchase(toy, 26.0)
    assert ((draws == 0).mean(axis=1) - none).abs().max() < 0.015


def test_draws_of_traits_have_the_probability_of_being_alive(fitted, toy):
    traits = fitted.distribution_traits(toy, n_draws=5000, random_state=0)
    alive = traits["alive"].mean(axis=1)
    assert (alive - fitted.probability_alive(toy)).abs().max() < 0.03
    rate = (fitted.r_ + toy["frequency"]) / (fitted.alpha_ + toy["T"])
    np.testing.assert_allclose(traits["purchase_rate"].mean(axis=1), rate, rtol=0.2)
    assert (traits["dropout"] >= 0).all(axis=None)


def test_new_customers_are_histories_with_the_expected_mean(fitted):
    new = fitted.distribution_new_customers(50_000, 39.0, random_state=1)
    error = new["frequency"].std() / np.sqrt(len(new))
    expected = fitted.expected_purchases_new_customer(39.0)
    assert abs(new["frequency"].mean() - expected) < 4 * error
    assert ((new["recency"] > 0) == (new["frequency"] > 0)).all()
    assert (new["recency"] <= new["T"]).all()


def test_fit_to_new_customers_recovers_the_parameters(fitted):
    new = fitted.distribution_new_customers(20_000, 39.0, random_state=2)
    again = type(fitted)().fit(new)
    error = np.sqrt(np.diag(again.covariance_))
    assert (np.abs(again.theta_ - fitted.theta_) < 3.5 * error).all()


def test_draws_are_a_function_of_their_seed(fitted, toy):
    one = fitted.distribution_purchases(toy, 9.0, n_draws=5, random_state=4)
    other = fitted.distribution_purchases(toy, 9.0, n_draws=5, random_state=4)
    pd.testing.assert_frame_equal(one, other)


def test_latest_of_is_the_last_of_the_kept():
    rng = np.random.default_rng(0)
    ones = np.ones(20_000)
    found = latest_of(2 * ones, 5 * ones, 10 * ones, rng)
    assert found.mean() == pytest.approx(10 * 2 / 6, rel=0.02)  # Beta(2, 4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_estimates_cover_the_truth_for_random_parameters(kind):
    """95% intervals of the parameters, over random truths: 92 to 97 percent."""
    rng = np.random.default_rng(11)
    inside, fits = 0, 0
    while fits < 80:
        theta = rng.uniform([-1.2, 0.5, -0.8, 0.3], [0.7, 3.0, 0.5, 2.0])
        truth = kind()
        truth._set_theta(theta, np.zeros((4, 4)))
        data = truth.distribution_new_customers(
            3000, rng.uniform(20, 60, 3000), random_state=int(rng.integers(2**31))
        )
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model = kind().fit(data)
        if told:  # not identified, and it said so: no interval is claimed
            continue
        error = np.sqrt(np.diag(model.covariance_))
        inside += int((np.abs(model.theta_ - theta) < 1.96 * error).sum())
        fits += 1
    assert 0.91 <= inside / (4 * fits) <= 0.98  # two standard errors about 94.5
