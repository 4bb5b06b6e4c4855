from __future__ import annotations

import numpy as np
import pytest

from regulars.kpis.doubly_robust import compare, propensities


def pooled(seed, n=4_000, slope=1.2, effect=2.0):
    """Treatment and outcome both rise with x, the outcome in a curve."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(1.5 - slope * x))
    y = 1 + 3 * x + x**2 + effect * treated + rng.normal(size=n)
    return x, treated, y


def test_difference_is_freed_of_what_moves_both():
    x, treated, y = pooled(0)
    fitted = compare(*propensities(x[:, None], treated), treated, np.arange(len(y)))
    pair = fitted.means(y)
    # a straight line is the wrong regression: the odds make up for it
    assert abs(pair.treated - pair.compared - 2.0) < 3 * pair.error() < 0.5
    assert y[treated].mean() - y[~treated].mean() > 4
    before, after = fitted.imbalance(x)
    assert before > 0.9
    assert abs(after) < 0.05


def test_wrong_odds_are_made_up_for_by_the_regression():
    x, treated, y = pooled(1)
    design = np.column_stack([np.ones(len(x)), x, x**2])
    chance = np.full(len(x), treated.mean())
    pair = compare(design, chance, treated, np.arange(len(y))).means(y)
    assert abs(pair.treated - pair.compared - 2.0) < 0.2


def test_drawn_treatment_gives_the_difference_in_means():
    rng = np.random.default_rng(2)
    n = 5_000
    x, treated = rng.normal(size=(n, 3)), rng.random(n) < 0.3
    y = rng.normal(size=n) + treated
    pair = compare(*propensities(x, treated), treated, np.arange(n)).means(y)
    plain = y[treated].mean() - y[~treated].mean()
    assert pair.treated - pair.compared == pytest.approx(plain, abs=0.02)
    error = np.sqrt(
        y[treated].var() / treated.sum() + y[~treated].var() / (~treated).sum()
    )
    assert pair.error() == pytest.approx(error, rel=0.03)


def test_rows_of_one_customer_count_as_one():
    x, treated, y = pooled(3, n=500)
    twice = [np.tile(each, 2) for each in (x, treated, y)]
    code = np.arange(500)
    once = compare(*propensities(x[:, None], treated), treated, code)
    both = compare(
        *propensities(twice[0][:, None], twice[1]), twice[1], np.tile(code, 2)
    )
    assert both.means(twice[2]).error() == pytest.approx(
        once.means(y).error(), rel=0.01
    )
    assert both.effective_n() == pytest.approx(once.effective_n(), rel=0.01)


def test_treated_without_comparable_controls_are_left_out():
    treated = np.array([True] * 4 + [False] * 4)
    chance = np.array([0.3, 0.4, 0.6, 0.95, 0.2, 0.3, 0.4, 0.5])
    fitted = compare(np.ones((8, 1)), chance, treated, np.arange(8))
    assert fitted.n_unmatched == 2
