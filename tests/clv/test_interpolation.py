"""Interpolated expectations: against the quadrature of every history by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel, ModifiedBetaGeoModel, interpolation, standing
from regulars.clv.interpolation import along_ages
from regulars.clv.special import expected_geometric_purchases


@pytest.mark.parametrize("t", [0.1, 8.0, 52.0, 2_000.0])
@pytest.mark.parametrize(
    ("r", "alpha", "a", "b"),
    [
        (0.2426, 4.4136, 0.7929, 2.4259),
        (1.5, 20.0, 0.05, 1.0),
        (0.24, 0.0414, 0.0001, 2.4),
        (3.0, 4.4, 2_000.0, 3_000.0),
        (0.5, 500.0, 1.0001, 0.001),
    ],
)
def test_interpolation_equals_the_quadrature(r, alpha, a, b, t):
    rng = np.random.default_rng(0)
    x = np.minimum(rng.geometric(0.2, 4_000) - 1.0, 30.0)
    x[:5] = [0.0, 90.0, 400.0, 400.0, 5_000.0]
    age = rng.integers(1, 2_000, len(x)) / 7.0

    def function(x, age):
        return expected_geometric_purchases(r + x, alpha + age, a, b + x, t)

    found = along_ages(function, x, age, alpha)
    np.testing.assert_allclose(found, function(x, age), rtol=1e-10)


def test_few_ages_are_worked_out_as_they_are():
    asked = []

    def function(x, age):
        asked.append(len(x))
        return x + age

    x, age = np.zeros(50), np.full(50, 3.0)
    np.testing.assert_allclose(along_ages(function, x, age, 1.0), 3.0, rtol=1e-14)
    assert along_ages(function, x[:2], age[:2], 1.0).tolist() == [3.0, 3.0]
    assert asked == [interpolation._n_nodes(1e-9), 2]


@pytest.mark.parametrize("kind", [BetaGeoModel, ModifiedBetaGeoModel])
def test_many_customers_are_worth_what_each_of_them_is(kind, monkeypatch):
    rng = np.random.default_rng(1)
    x = np.minimum(rng.geometric(0.3, 5_000) - 1.0, 20.0)
    age = rng.integers(7, 1_000, len(x)) / 7.0
    recency = np.where(x > 0, age * rng.uniform(0.1, 1.0, len(x)), 0.0)
    history = {"frequency": x, "recency": recency, "T": age}
    model = kind(penalty=0.01).fit(pd.DataFrame(history))
    times, weights = np.array([4.0, 26.0, 52.0]), np.array([0.2, 0.3, 0.5])
    many = model.standing_of(history)
    found = many.purchases(13.0), many.purchases_if_there(times, weights)
    monkeypatch.setattr(standing, "_MANY", np.inf)
    each = model.standing_of(history)
    expected = each.purchases(13.0), each.purchases_if_there(times, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
