from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from regulars.models.churn.pooling import POOLS, combine, pulls

WEIGHTS = {"a": 0.25, "b": 0.75}
RNG = np.random.default_rng(0)
BASES = {name: np.full(200, z) for name, z in (("a", -1.0), ("b", 0.5))}
LOG_ODDS = {name: RNG.normal(0, 2, 200) for name in "ab"}


@pytest.mark.parametrize("pool", POOLS)
def test_pulls_times_steps_are_the_step_of_the_blend(pool):
    pull = pulls(LOG_ODDS, BASES, WEIGHTS, pool)
    total = sum(pull[name] * (LOG_ODDS[name] - BASES[name]) for name in WEIGHTS)
    step = combine(LOG_ODDS, WEIGHTS, pool) - combine(BASES, WEIGHTS, pool)
    np.testing.assert_allclose(total, step, atol=1e-9)


def test_small_step_moves_a_mean_of_probabilities_by_its_slope():
    p = {name: expit(z) for name, z in LOG_ODDS.items()}
    mean = sum(WEIGHTS[name] * p[name] for name in WEIGHTS)
    moved = LOG_ODDS | {"a": LOG_ODDS["a"] + 1e-9}
    pull = pulls(moved, LOG_ODDS, WEIGHTS, "probability")
    slope = 0.25 * p["a"] * (1 - p["a"]) / (mean * (1 - mean))
    np.testing.assert_allclose(pull["a"], slope, rtol=1e-5)


def test_bold_member_pulls_less_in_a_mean_of_probabilities():
    """A step from 5 to 8 is hardly one in probability."""
    bases = {"a": np.array([5.0]), "b": np.array([0.0])}
    pull = pulls({"a": np.array([8.0]), "b": np.array([0.5])}, bases, WEIGHTS, POOLS[0])
    assert pull["a"][0] < 0.02
    assert pull["b"][0] > 0.5


def test_one_member_is_the_blend():
    alone = {"a": LOG_ODDS["a"]}
    pull = pulls(alone, {"a": BASES["a"]}, {"a": 1.0}, "probability")
    np.testing.assert_array_equal(pull["a"], 1.0)
