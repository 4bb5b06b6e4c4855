from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.exceptions import NotFittedError

from regulars.models.churn.calibration import (
    METHODS,
    PROBABILITY_FLOOR,
    Calibrator,
    choose,
)


def _window(n_rows, seed, *, slope=1.0, offset=0.0):
    """Log-odds that are `slope` times too steep and `offset` too high."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 1.5, n_rows)
    return slope * true + offset, (rng.random(n_rows) < expit(true)).astype(float)


def test_none_is_the_logistic_function():
    fitted = Calibrator("none").fit(*_window(100, 0))
    np.testing.assert_allclose(fitted.predict([-1.0, 0.0, 2.0]), expit([-1, 0, 2]))


def test_sigmoid_finds_the_slope_and_the_offset():
    fitted = Calibrator("sigmoid").fit(*_window(20_000, 1, slope=2.0, offset=1.0))
    assert fitted.slope_ == pytest.approx(0.5, abs=0.03)
    assert fitted.offset_ == pytest.approx(-0.5, abs=0.05)


def test_level_goes_half_of_the_way_and_leaves_the_order_alone():
    scores, y = _window(20_000, 1, offset=1.0)
    fitted = Calibrator("level").fit(scores, y)
    assert fitted.slope_ == 1.0
    assert fitted.offset_ == pytest.approx(-0.5, abs=0.05)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_level_of_a_window_in_which_all_are_alike_is_finite(outcome):
    fitted = Calibrator("level").fit([-1.0, 2.0], [outcome, outcome])
    assert np.sign(fitted.offset_) == (1 if outcome else -1)
    assert abs(fitted.offset_) < 5


def test_sigmoid_never_turns_the_ranking_round():
    scores, y = _window(2_000, 2)
    fitted = Calibrator("sigmoid").fit(scores, 1 - y)
    low, high = fitted.predict([-1.0, 1.0])
    assert low < high


def test_isotonic_follows_a_bend_that_sigmoid_cannot():
    rng = np.random.default_rng(3)
    scores = rng.uniform(-3, 3, 40_000)
    true = np.where(scores < 0, 0.2, 0.8)
    y = (rng.random(len(scores)) < true).astype(float)
    found = Calibrator("isotonic").fit(scores, y).predict([-2.0, -1.0, 1.0, 2.0])
    np.testing.assert_allclose(found, [0.2, 0.2, 0.8, 0.8], atol=0.04)


@pytest.mark.parametrize("method", METHODS)
def test_no_window_proves_certainty(method):
    scores = np.linspace(-3, 3, 200)
    fitted = Calibrator(method).fit(scores, (scores > 0).astype(float))
    found = fitted.predict([-1e9, 1e9])
    assert (found >= PROBABILITY_FLOOR).all()
    assert (found <= 1 - PROBABILITY_FLOOR).all()


@settings(max_examples=40)
@given(
    st.sampled_from(METHODS),
    st.integers(0, 1000),
    st.integers(1, 60),
    st.lists(st.floats(-8, 8), min_size=2, max_size=20),
)
def test_map_is_monotone_and_survives_json(method, seed, n_rows, asked):
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 3, n_rows).round(1)
    fitted = Calibrator(method).fit(scores, rng.integers(0, 2, n_rows))
    found = fitted.predict(np.sort(asked))
    assert (np.diff(found) >= -1e-12).all()
    kept = Calibrator.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(kept.predict(np.sort(asked)), found)


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'spline' is not one of none, level, sig"):
        Calibrator("spline").fit([0.0], [1.0])


def test_predict_is_refused_before_fit():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        Calibrator().predict([0.0])


def test_choose_keeps_none_when_there_is_nothing_to_judge_by():
    assert choose([]) == "none"
    assert choose([_window(4_000, 0, slope=3.0)]) == "none"


def test_choose_keeps_none_when_the_scores_are_calibrated():
    assert choose([_window(4_000, seed) for seed in range(3)]) == "none"


def test_choose_keeps_none_when_the_error_does_not_last():
    latest = _window(4_000, 1, offset=-1.0)
    earlier = _window(4_000, 2, offset=1.0)
    assert choose([latest, earlier]) == "none"


def test_choose_keeps_none_when_the_error_turns_round_in_between():
    windows = [_window(4_000, k, offset=(-1.0) ** k) for k in range(3)]
    assert choose(windows) == "none"


def test_choose_takes_the_level_when_it_is_off_by_less_every_time():
    windows = [
        _window(3_000, seed, offset=offset)
        for seed, offset in enumerate((0.15, 0.3, 0.5))
    ]
    assert choose(windows) == "level"


def test_choose_takes_sigmoid_when_the_slope_is_wrong_every_time():
    windows = [_window(4_000, seed, slope=3.0) for seed in range(3)]
    assert choose(windows) == "sigmoid"


def test_choose_does_not_learn_from_a_window_that_was_still_open():
    windows = [_window(4_000, seed, slope=3.0) for seed in range(3)]
    assert choose(windows, known=[[], [], []]) == "none"
    assert choose(windows, known=[[2], [], []]) == "sigmoid"


def test_choose_judges_a_window_by_those_known_to_it_alone():
    low = [_window(4_000, seed, offset=0.5) for seed in range(2)]
    high = _window(4_000, 2, offset=-0.5)
    # the one in between shares the fault of the latest, but was still open
    assert choose([low[0], low[1]]) != "none"
    assert choose([low[0], low[1], high], known=[[2], [], []]) == "none"
    assert choose([low[0], low[1], high], known=[[1], [], []]) != "none"


def test_choose_takes_isotonic_when_the_bend_is_there_every_time():
    def bent(seed):
        rng = np.random.default_rng(seed)
        scores = rng.uniform(-3, 3, 8_000)
        true = np.where(scores < 1, 0.2, 0.8)
        return scores, (rng.random(len(scores)) < true).astype(float)

    assert choose([bent(1), bent(2)]) == "isotonic"
