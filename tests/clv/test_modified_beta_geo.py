"""MBG/NBD: published numbers, lifetimes as oracle, gradient, the first flip."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime

from regulars.clv import to_lifetimes
from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel


@pytest.fixture(scope="module")
def fitted(summary):
    return ModifiedBetaGeoModel().fit(summary)


def test_fit_reaches_the_published_parameters_on_cdnow(fitted):
    expected = {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140}
    assert fitted.params_ == pytest.approx(expected, abs=2e-4)


def test_predictions_equal_those_of_lifetimes(fitted, histories, lifetimes):
    theirs = to_lifetimes(fitted)
    columns = [histories[name] for name in ("frequency", "recency", "T")]
    with np.errstate(all="ignore"):  # it overflows for heavy buyers
        alive = np.asarray(theirs.conditional_probability_alive(*columns))
        expected = np.asarray(
            theirs.conditional_expected_number_of_purchases_up_to_time(26, *columns)
        )
    found = fitted.probability_alive(histories).to_numpy()
    np.testing.assert_allclose(found, alive, rtol=1e-6, atol=1e-300)
    found = fitted.expected_purchases(histories, 26).to_numpy()
    known = np.isfinite(expected)
    assert known.mean() > 0.95
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-6, atol=1e-300)
    chances = fitted.probability_n_purchases_new_customer(np.arange(9), 26.0)
    expected = [theirs.probability_of_n_purchases_up_to_time(26, n) for n in range(9)]
    np.testing.assert_allclose(chances, expected, rtol=1e-9)


def test_gradient_is_that_of_finite_differences(histories):
    model = ModifiedBetaGeoModel()
    objective = model._objective(model._read(histories))
    theta = np.log([0.5, 6.0, 0.9, 1.6])
    numeric = approx_fprime(theta, lambda u: objective(u)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=2e-4, atol=1e-2)


def test_grouped_likelihood_equals_the_one_by_row(histories):
    model = ModifiedBetaGeoModel()
    rows, theta = model._read(histories), np.log([0.5, 6.0, 0.9, 1.6])
    fast, slow = (
        model._plain_objective(rows)(theta),
        model._general_objective(rows)(theta),
    )
    assert fast[0] == pytest.approx(slow[0], rel=1e-13)
    np.testing.assert_allclose(fast[1], slow[1], rtol=1e-9)


def test_those_who_bought_once_may_be_gone_unlike_under_bg_nbd(fitted, summary):
    once = pd.DataFrame({"frequency": [0.0], "recency": [0.0], "T": [39.0]})
    assert 0.2 < fitted.probability_alive(once).item() < 0.6
    assert BetaGeoModel().fit(summary).probability_alive(once).item() == 1.0


def test_a_new_customer_may_leave_at_once(fitted):
    gone = fitted.a_ / (fitted.a_ + fitted.b_)
    never = fitted.probability_n_purchases_new_customer(0, 1e9)
    assert never == pytest.approx(gone, abs=1e-3)
    chances = fitted.probability_n_purchases_new_customer(np.arange(500), 39.0)
    assert chances.sum() == pytest.approx(1.0, rel=1e-12)
    mean = fitted.expected_purchases_new_customer(39.0)
    assert chances @ np.arange(500) == pytest.approx(mean, rel=1e-10)
