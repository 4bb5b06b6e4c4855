"""What BG/NBD and MBG/NBD share, and the one flip by which they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel, ModifiedBetaGeoModel

PARAMETERS = np.log([0.24, 4.4, 0.8, 2.4])


def at(kind):
    """A model with parameters of our choice."""
    model = kind()
    model._set_theta(PARAMETERS, np.zeros((4, 4)))
    return model


def test_first_flip_makes_new_customers_leave_with_the_mean_probability():
    stays = 2.4 / (0.8 + 2.4)
    none = at(ModifiedBetaGeoModel).probability_n_purchases_new_customer(0, 1e9)
    assert none == pytest.approx(1 - stays, abs=0.01)


@pytest.mark.parametrize("kind", [BetaGeoModel, ModifiedBetaGeoModel])
def test_formulas_are_those_of_simulated_customers(kind):
    model = at(kind)
    drawn = model.distribution_new_customers(200_000, 39.0, random_state=0)
    mean = model.expected_purchases_new_customer(39.0)
    assert drawn["frequency"].mean() == pytest.approx(mean, rel=0.02)
    none = model.probability_n_purchases_new_customer(0, 39.0)
    assert (drawn["frequency"] == 0).mean() == pytest.approx(none, abs=0.004)


def test_odds_of_having_left_grow_with_silence():
    rows = pd.DataFrame({"frequency": 3, "recency": 20.0, "T": [20.0, 30.0, 40.0]})
    alive = at(BetaGeoModel).probability_alive(rows)
    assert alive[0] == pytest.approx(1 / (1 + 0.8 / (2.4 + 2)))
    assert alive.is_monotonic_decreasing
