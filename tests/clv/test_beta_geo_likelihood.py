"""The fast likelihood: against the plain one, and its derivatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel, ModifiedBetaGeoModel, beta_geo_shared
from regulars.clv.beta_geo_likelihood import GeometricLikelihood
from regulars.clv.fitting import numeric_hessian
from regulars.clv.rows import Rows

POINTS = [
    np.log([0.5, 5.0, 0.8, 2.5]),
    np.log([3.0, 0.1, 1e-4, 30.0]),
    np.log([0.02, 40.0, 9.0, 0.3]),
]


def histories(n_rows: int, seed: int = 0) -> Rows:
    """Return weighted random histories, a third of them without a repeat."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.1, n_rows).astype(float)
    age = rng.uniform(1, 50, n_rows)
    recency = np.where(x > 0, age * rng.uniform(0.01, 1, n_rows), 0.0)
    weight = rng.integers(1, 4, n_rows).astype(float)
    return Rows({"frequency": x, "recency": recency, "T": age}, weight)


@pytest.mark.parametrize("model", [BetaGeoModel, ModifiedBetaGeoModel])
@pytest.mark.parametrize("theta", POINTS)
def test_likelihood_equals_the_plain_one_across_blocks(model, theta):
    rows = histories(20_000)
    fast = model()._plain_objective(rows)(theta)
    plain = model()._general_objective(rows)(theta)
    assert fast[0] == pytest.approx(plain[0], rel=1e-12)
    np.testing.assert_allclose(fast[1], plain[1], rtol=1e-9)


@pytest.mark.parametrize("flip", [0, 1])
@pytest.mark.parametrize("theta", POINTS)
def test_hessian_equals_differences_of_the_gradient(flip, theta):
    likelihood = GeometricLikelihood(histories(300), flip)
    expected = numeric_hessian(likelihood, theta)
    scale = np.abs(expected).max() * 1e-7
    np.testing.assert_allclose(
        likelihood.hessian(theta), expected, rtol=1e-5, atol=scale
    )


def test_likelihood_is_finite_for_thousands_of_purchases():
    columns = {"frequency": [5000.0], "recency": [1e-3], "T": [10.0]}
    rows = Rows({k: np.array(v) for k, v in columns.items()}, np.ones(1))
    value, gradient = GeometricLikelihood(rows, 0)(POINTS[0])
    plain, _ = BetaGeoModel()._general_objective(rows)(POINTS[0])
    assert value == pytest.approx(plain, rel=1e-12)
    assert np.isfinite(gradient).all()


def test_likelihood_counts_frequencies_too_wide_for_a_table():
    columns = {"frequency": [2.0**21, 1.0], "recency": [9.0, 1.0], "T": [10.0, 3.0]}
    rows = Rows({k: np.array(v) for k, v in columns.items()}, np.ones(2))
    value, _ = GeometricLikelihood(rows, 1)(POINTS[0])
    plain, _ = ModifiedBetaGeoModel()._general_objective(rows)(POINTS[0])
    assert value == pytest.approx(plain, rel=1e-9)


def test_fit_is_the_same_when_many_rows_are_not_grouped(monkeypatch):
    rows = histories(3000)
    summary = pd.DataFrame(rows.columns).assign(weight=rows.weight)
    grouped = BetaGeoModel(penalty=0.01).fit(summary)
    monkeypatch.setattr(beta_geo_shared, "_MANY", 100)
    loose = BetaGeoModel(penalty=0.01).fit(summary)
    assert loose.log_likelihood_ == pytest.approx(grouped.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(loose.theta_, grouped.theta_, rtol=1e-6)
    np.testing.assert_allclose(loose.covariance_, grouped.covariance_, rtol=1e-5)
