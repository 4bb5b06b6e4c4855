from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.spend import (
    SpendBands,
    coverage_left_out,
    interval_figures,
    interval_tenths,
)
from regulars.models.spend.intervals import _bounds


def _window(n, seed):
    rng = np.random.default_rng(seed)
    expected = rng.gamma(1.0, 50.0, n)
    buys = rng.random(n) < expected / (expected + 20)
    return expected, np.where(buys, expected * rng.gamma(3.0, 0.5, n), 0.0)


def _least_coverage(expected, spent, coverage):
    """Return the share that bounds from 0 to what is expected hold for, or coverage."""
    return max(coverage, (spent <= expected).mean())


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_bands_hold_for_as_many_as_they_say_and_no_more(coverage):
    bands = SpendBands.learn(*_window(20_000, 0), coverage=coverage)
    expected, spent = _window(20_000, 1)
    bounds = bands.predict(expected)
    parts = np.array_split(np.argsort(expected), 10)
    meant = [_least_coverage(expected[p], spent[p], coverage) for p in parts]
    held = [interval_figures(spent[p], bounds[p])["interval_coverage"] for p in parts]
    np.testing.assert_allclose(held, meant, atol=0.03)
    if coverage < 0.9:  # some tenths hold more customers who buy nothing than that
        assert min(meant) == coverage < max(meant)


def test_bands_follow_a_spread_that_grows_with_what_is_expected():
    def window(seed):
        rng = np.random.default_rng(seed)
        expected = rng.uniform(10, 1000, 20_000)
        shape = np.where(expected < 500, 20.0, 1.0)
        return expected, expected * rng.gamma(shape, 1 / shape)

    expected, spent = window(1)
    bands = SpendBands.learn(*window(0))
    tenths = interval_tenths(spent, expected, bands.predict(expected))
    assert (tenths["coverage_held"] - 0.9).abs().max() < 0.03
    # one ratio for everybody would hold for 90% on the whole, and for hardly any tenth
    ratio = np.quantile(window(0)[1] / window(0)[0], [0.05, 0.95])
    alike = interval_tenths(spent, expected, expected[:, None] * ratio)
    assert alike["coverage_held"].mean() == pytest.approx(0.9, abs=0.01)
    assert (alike["coverage_held"] - 0.9).abs().max() > 0.08


def test_tenths_show_bounds_that_are_too_wide_as_well_as_too_narrow():
    expected, spent = _window(20_000, 1)
    bounds = SpendBands.learn(expected, spent).predict(expected)
    wide, narrow = (
        interval_tenths(spent, expected, bounds * [1.0, factor]) for factor in (3, 0.5)
    )
    top = slice(0, 3)
    assert (wide["coverage_held"] - wide["coverage_meant"])[top].min() > 0.05
    assert (narrow["coverage_held"] - narrow["coverage_meant"])[top].max() < -0.05


def test_tenths_are_counted_by_hand():
    expected = np.array([1.0, 4.0, 4.0, 2.0])
    spent = np.array([0.0, 9.0, 3.0, -2.0])
    bounds = np.array([[0, 1], [0, 5], [4, 5], [0, 2]], dtype=float)
    tenths = interval_tenths(spent, expected, bounds, coverage=0.4)
    # two who are alike are one tenth; a refund is no spend
    assert tenths["n_customers"].tolist() == [2, 1, 1]
    assert tenths["total_actual"].tolist() == [12.0, 0.0, 0.0]
    assert tenths["coverage_held"].tolist() == [0.0, 1.0, 1.0]
    assert tenths["coverage_meant"].tolist() == [0.5, 1.0, 1.0]


def test_tenths_without_bounds_hold_for_nobody_known():
    tenths = interval_tenths([1.0, 2.0], [1.0, 2.0], np.full((2, 2), np.nan))
    assert tenths["coverage_held"].isna().all()
    assert tenths["total_actual"].tolist() == [2.0, 1.0]


@given(st.integers(1, 300), st.integers(0, 5))
def test_bounds_are_ordered_and_not_negative_whatever_the_size(n, seed):
    bands = SpendBands.learn(*_window(n, seed))
    low, high = bands.predict(np.array([0.0, 1.0, 1e6])).T
    assert (low >= 0).all()
    assert (low <= high).all()


def test_bands_are_the_same_after_json():
    bands = SpendBands.learn(*_window(3000, 0))
    assert SpendBands.from_dict(json.loads(json.dumps(bands.to_dict()))) == bands


def test_figures_are_empty_without_intervals():
    assert interval_figures([1.0], np.full((1, 2), np.nan)) == {}


def test_expected_spend_lies_between_the_bounds_where_hardly_anyone_buys():
    spent = np.zeros(1000)
    spent[:10] = 500.0
    bands = SpendBands.learn(np.full(1000, 5.0), spent)
    assert bands.predict([5.0]).tolist() == [[0.0, 5.0]]


def test_coverage_is_that_of_windows_left_out():
    same = [_window(4000, seed) for seed in range(3)]
    unlike = [*same[:2], (same[2][0], 10 * same[2][1])]
    found, spoilt = (
        coverage_left_out(*map(list, zip(*windows, strict=True)))
        for windows in (same, unlike)
    )
    assert found["interval_coverage"] == pytest.approx(0.905, abs=0.025)
    assert found["interval_gap"] < 0.03
    # bounds that had seen the odd window would have covered it
    assert spoilt["interval_coverage"] < found["interval_coverage"] - 0.05
    assert spoilt["interval_gap"] > 0.1


def test_window_that_is_alone_is_judged_by_its_other_half():
    expected, spent = _window(4000, 0)
    found = coverage_left_out([expected], [spent])
    halves = SpendBands.learn(expected[::2], spent[::2])
    other = interval_figures(spent[1::2], halves.predict(expected[1::2]))
    assert found["interval_coverage"] == pytest.approx(
        other["interval_coverage"], abs=0.02
    )


@pytest.mark.parametrize("n", [39, 100, 199, 1000])
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_bounds_of_distinct_ratios_hold_for_as_many_as_they_say(n, coverage):
    low, high = _bounds(np.arange(1.0, n + 1), coverage)
    # a new one falls into each of the n + 1 gaps alike
    held = (high - low) / (n + 1)
    assert coverage - 1e-9 <= held < coverage + 2 / n
