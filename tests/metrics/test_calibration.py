from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from regulars.metrics import (
    brier,
    calibration_in_the_large,
    ece,
    log_loss,
    reliability_curve,
    wilson_interval,
)

customers = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=60
)


def split(pairs):
    y, twentieths = zip(*pairs, strict=True)
    return np.array(y), np.array(twentieths) / 20


@given(customers)
def test_brier_and_log_loss_equal_scikit_learn(pairs):
    y, p = split(pairs)
    expected = sk.brier_score_loss(y, p, pos_label=1)
    assert brier(y, p) == pytest.approx(expected, abs=1e-12)
    inside = p * 0.9 + 0.05
    expected = sk.log_loss(y, inside, labels=[0, 1])
    assert log_loss(y, inside) == pytest.approx(expected, rel=1e-12)


def test_log_loss_is_finite_when_a_certain_forecast_is_wrong():
    assert log_loss([1], [0.0]) == pytest.approx(-np.log(1e-15))
    assert log_loss([1, 0], [1.0, 0.0]) == pytest.approx(0, abs=1e-12)


def test_ece_is_the_mean_gap_when_bins_are_known():
    y = [0, 0, 0, 1, 1, 1, 1, 0]
    p = [0.1, 0.1, 0.2, 0.2, 0.7, 0.8, 0.9, 0.95]
    # halves: |0.15 - 0.25| and |0.8375 - 0.75|
    assert ece(y, p, n_bins=2) == pytest.approx((0.1 + 0.0875) / 2)


def test_ece_puts_equal_probabilities_in_one_bin():
    # ten bins, two distinct values: two bins are filled, whatever the row order
    y = [0, 0, 0, 1, 0, 1, 1, 1]
    p = [0.25] * 4 + [0.75] * 4
    assert ece(y, p) == 0.0


@given(customers, st.integers(1, 15))
def test_ece_lies_between_the_gap_of_the_whole_and_1(pairs, n_bins):
    y, p = split(pairs)
    found = ece(y, p, n_bins=n_bins)
    assert abs(calibration_in_the_large(y, p)) - 1e-12 <= found <= 1 + 1e-12


@given(customers, st.integers(1, 15))
def test_ece_is_the_mean_distance_of_the_reliability_curve(pairs, n_bins):
    y, p = split(pairs)
    curve = reliability_curve(y, p, n_bins=n_bins)
    gap = (curve["mean_predicted"] - curve["observed_rate"]).abs()
    assert curve["n_customers"].sum() == y.size
    expected = np.average(gap, weights=curve["n_customers"])
    assert ece(y, p, n_bins=n_bins) == pytest.approx(expected, abs=1e-12)


def test_reliability_curve_rises_in_bins_of_equal_mass():
    rng = np.random.default_rng(0)
    p = rng.random(1000)
    curve = reliability_curve(rng.random(1000) < p, p)
    assert curve["n_customers"].tolist() == [100] * 10
    assert curve["bin_low"].is_monotonic_increasing
    assert (curve["bin_low"].to_numpy()[1:] > curve["bin_high"].to_numpy()[:-1]).all()
    assert curve["mean_predicted"].between(curve["bin_low"], curve["bin_high"]).all()
    covers = curve["mean_predicted"].between(
        curve["observed_low"], curve["observed_high"]
    )
    assert covers.sum() >= 8


@pytest.mark.parametrize("metric", [ece, reliability_curve])
def test_bins_are_refused_when_there_is_none(metric):
    with pytest.raises(ValueError, match="'n_bins' is 0"):
        metric([0, 1], [0.1, 0.9], n_bins=0)


@pytest.mark.parametrize(
    ("churned", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3
    [(81, 0.2553, 0.3662), (15, 0.0624, 0.1605)],
)
def test_wilson_interval_equals_published_values(churned, low, high):
    n = 263 if churned == 81 else 148
    found_low, found_high = wilson_interval([churned], [n])
    assert found_low[0] == pytest.approx(low, abs=5e-5)
    assert found_high[0] == pytest.approx(high, abs=5e-5)


def test_wilson_interval_stays_within_0_and_1():
    low, high = wilson_interval([0, 20], [20, 20])
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert high[0] == pytest.approx(0.1611, abs=5e-5)


@pytest.mark.parametrize("level", [0.0, 1.0, np.nan])
def test_wilson_interval_refuses_a_level_outside_0_to_1(level):
    with pytest.raises(ValueError, match="'level' is"):
        wilson_interval([1], [2], level=level)
