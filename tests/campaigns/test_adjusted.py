from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from regulars.campaigns.adjusted import (
    Effect,
    Trial,
    cuped,
    lin,
    plain,
    ratio_interval,
    slope_of_effect,
    stratified,
)

FIGURES = st.floats(-1e6, 1e6, allow_nan=False)


def _trial(treated, *, x=None, stratum=None, p_offer=None):
    treated = np.asarray(treated, dtype=bool)
    n = len(treated)
    return Trial(
        treated,
        np.full(n, treated.mean()) if p_offer is None else np.asarray(p_offer, float),
        np.zeros(n, dtype=int) if stratum is None else np.asarray(stratum),
        np.zeros((n, 1)) if x is None else np.asarray(x, dtype=float).reshape(n, -1),
    )


def _drawn(n, rng, effect=0.0):
    x = rng.normal(size=n)
    treated = rng.permutation(n) < 0.7 * n
    y = 3 * x + rng.normal(size=n) + effect * treated
    return _trial(treated, x=x), y


def test_plain_difference_by_hand():
    effect = plain(_trial([1, 1, 1, 0, 0]), np.array([2.0, 4.0, 6.0, 1.0, 3.0]))
    assert effect.value == pytest.approx(2.0)
    # variances 4 and 2, of three and of two
    assert effect.error == pytest.approx(math.sqrt(4 / 3 + 2 / 2))


@given(arrays(float, st.integers(4, 40), elements=FIGURES), st.integers(0, 2**32 - 1))
def test_plain_difference_is_that_of_the_means(y, seed):
    treated = np.random.default_rng(seed).permutation(len(y)) < len(y) // 2
    effect = plain(_trial(treated), y)
    expected = y[treated].mean() - y[~treated].mean()
    assert effect.value == pytest.approx(expected, abs=1e-6)
    a, b = y[treated], y[~treated]
    error = math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    assert effect.error == pytest.approx(error, rel=1e-9, abs=1e-9)


@given(arrays(float, st.integers(6, 40), elements=st.floats(-1e3, 1e3)))
def test_without_covariates_all_estimates_are_the_plain_one(y):
    trial = _trial(np.arange(len(y)) % 2 == 0)
    for estimate in (lin, cuped, stratified):
        found = estimate(trial, y)
        assert found.value == pytest.approx(plain(trial, y).value, abs=1e-6)
        # HC2 without covariates is Welch's
        assert found.error == pytest.approx(plain(trial, y).error, abs=1e-6)


def test_lin_is_the_regression_with_interactions_and_hc2():
    rng = np.random.default_rng(1)
    trial, y = _drawn(400, rng, effect=0.5)
    z = trial.covariates[:, 0] - trial.covariates[:, 0].mean()
    t = trial.treated.astype(float)
    x = np.column_stack([np.ones(400), t, z, t * z])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    left = y - x @ beta
    h = np.einsum("ij,jk,ik->i", x, inverse, x)
    variance = inverse @ (x.T * (left**2 / (1 - h))) @ x @ inverse
    # what the covariates' own sampling adds, and its covariance, which is nought
    variance = variance[1, 1] + beta[3] ** 2 * z.var() / 400
    found = lin(trial, y)
    assert found.value == pytest.approx(beta[1])
    assert found.error == pytest.approx(math.sqrt(variance), rel=2e-2)


@pytest.mark.parametrize("estimate", [lin, cuped])
def test_what_was_foreseen_narrows_the_interval(estimate):
    trial, y = _drawn(2_000, np.random.default_rng(2), effect=0.3)
    assert estimate(trial, y).error < 0.5 * plain(trial, y).error
    assert abs(estimate(trial, y).value - 0.3) < 4 * estimate(trial, y).error


def test_strata_by_hand():
    # effects 1 among four of six and 4 among two pairs
    treated = [1, 1, 0, 0, 1, 1, 0, 0]
    stratum = [0, 0, 0, 0, 1, 1, 1, 1]
    y = np.array([2.0, 4.0, 1.0, 3.0, 10.0, 12.0, 7.0, 7.0])
    found = stratified(_trial(treated, stratum=stratum), y)
    assert found.value == pytest.approx(0.5 * 1 + 0.5 * 4)
    assert found.error == pytest.approx(math.sqrt((1 + 1 + 1 + 0) / 4))


def test_small_strata_count_as_one():
    treated = [1, 0, 1, 0, 1, 1, 0, 0]
    stratum = [0, 0, 1, 1, 2, 2, 2, 2]
    y = np.array([2.0, 1.0, 4.0, 3.0, 5.0, 5.0, 5.0, 5.0])
    assert stratified(_trial(treated, stratum=stratum), y).value == pytest.approx(0.5)


def test_lin_weighs_groups_that_were_drawn_with_other_chances():
    rng = np.random.default_rng(3)
    n = 40_000
    rich = rng.random(n) < 0.5
    p = np.where(rich, 0.9, 0.5)
    treated = rng.random(n) < p
    # nothing works; the rich buy more and are drawn more often
    y = 10.0 * rich + rng.normal(size=n)
    trial = _trial(treated, p_offer=p, stratum=rich.astype(int))
    assert abs(plain(trial, y).value) > 1
    assert abs(lin(trial, y).value) < 4 * lin(trial, y).error
    assert abs(stratified(trial, y).value) < 4 * stratified(trial, y).error


def test_slope_is_one_where_the_effect_is_as_predicted():
    rng = np.random.default_rng(4)
    predicted = rng.exponential(2.0, 20_000)
    treated = rng.random(20_000) < 0.5
    y = predicted * treated + rng.normal(size=20_000)
    found = slope_of_effect(_trial(treated), y, predicted)
    assert found.value == pytest.approx(1.0, abs=4 * found.error)
    assert found.error < 0.05


def test_fieller_by_hand():
    # independent, errors 1 and .1: at each end the distance is two errors of 4 - r
    above, below = Effect(4.0, np.array([1.0, 0.0])), Effect(1.0, np.array([0.0, 0.1]))
    low, high = ratio_interval(above, below, 2.0)
    for end in (low, high):
        reach = 2.0 * math.sqrt(1.0 + end**2 * 0.01)
        assert abs(4.0 - end) == pytest.approx(reach)
    assert low < 4.0 < high


def test_ratio_to_what_may_be_nought_has_no_ends():
    above, below = Effect(4.0, np.array([1.0])), Effect(1.0, np.array([0.6]))
    assert ratio_interval(above, below, 1.96) is None


def test_covariates_are_as_many_as_the_smaller_group_bears():
    rng = np.random.default_rng(5)
    treated = np.arange(60) >= 19
    trial = _trial(treated, x=rng.normal(size=(60, 3)))
    y = rng.normal(size=60)
    # nineteen in the control group: none
    assert lin(trial, y).value == pytest.approx(plain(trial, y).value)
