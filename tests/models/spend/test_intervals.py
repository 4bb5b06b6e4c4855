from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.models.spend import SpendBands, coverage_left_out, interval_figures


def _window(n, seed):
    rng = np.random.default_rng(seed)
    expected = rng.gamma(1.0, 50.0, n)
    buys = rng.random(n) < expected / (expected + 20)
    return expected, np.where(buys, expected * rng.gamma(3.0, 0.5, n), 0.0)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_bands_cover_a_window_that_they_have_not_seen(coverage):
    bands = SpendBands.learn(*_window(20_000, 0), coverage=coverage)
    expected, spent = _window(20_000, 1)
    figures = interval_figures(spent, bands.predict(expected))
    # a point mass at zero spend can only make a bound hold for more
    assert figures["interval_coverage"] >= coverage - 0.02
    assert figures["interval_coverage"] < 1


def test_bands_cover_each_part_of_the_customers():
    bands = SpendBands.learn(*_window(20_000, 0))
    expected, spent = _window(20_000, 1)
    for part in np.array_split(np.argsort(expected), 5):
        figures = interval_figures(spent[part], bands.predict(expected[part]))
        assert figures["interval_coverage"] > 0.86


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
        coverage_left_out(*map(list, zip(*windows, strict=True)))["interval_coverage"]
        for windows in (same, unlike)
    )
    assert found == pytest.approx(0.905, abs=0.025)
    # bounds that had seen the odd window would have covered it
    assert spoilt < found - 0.05


def test_window_that_is_alone_is_judged_by_its_other_half():
    expected, spent = _window(4000, 0)
    found = coverage_left_out([expected], [spent])
    halves = SpendBands.learn(expected[::2], spent[::2])
    other = interval_figures(spent[1::2], halves.predict(expected[1::2]))
    assert found["interval_coverage"] == pytest.approx(
        other["interval_coverage"], abs=0.02
    )
