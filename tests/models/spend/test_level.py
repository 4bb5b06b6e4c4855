"""The level of expected spend: by windows whose totals are known."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.models.spend import SpendLevel

EXPECTED = [np.full(100, 10.0)] * 4
# of each window the earlier ones, as folds know them: latest first
KNOWN = [[1, 2, 3], [2, 3], [3], []]


def _learn(totals, gaps=(None, None, None, None)):
    spent = [window / total for window, total in zip(EXPECTED, totals, strict=False)]
    n = len(totals)
    known = [[k for k in places if k < n] for places in KNOWN[:n]]
    return SpendLevel.learn(EXPECTED[:n], spent, gaps[:n], known)


@pytest.mark.parametrize("total", [0.92, 1.0, 1.08])
def test_total_within_a_tenth_is_left_alone(total):
    assert _learn([total] * 4) == SpendLevel()


@pytest.mark.parametrize("total", [0.5, 0.7, 0.85, 1.2, 2.0])
def test_total_further_off_is_mended_to_within_a_tenth(total):
    level = _learn([total, total * 1.03, total * 0.97, total])
    assert total * level.factor == pytest.approx(1.0, abs=0.1)
    # drawn towards no correction, never beyond it
    assert 0.0 < np.log(level.factor) / -np.log(total) <= 1.0


def test_windows_that_contradict_each_other_move_nothing():
    # each window known before another would have sent it the wrong way
    assert _learn([0.6, 1.2, 0.6, 1.2]).factor == 1.0


def test_window_alone_is_believed_less_than_several():
    alone, several = _learn([0.8]), _learn([0.8] * 4)
    assert 1.0 < alone.factor < several.factor < 1 / 0.8


def test_season_explains_what_a_factor_would_not():
    gaps = (0.6, -0.5, -0.7, 0.5)
    level = _learn([np.exp(-gap) for gap in gaps], gaps)
    assert level.season_share == pytest.approx(1.0, abs=0.05)
    assert level.factor == 1.0
    # of a window to come as of one behind
    assert level.of(0.6) == pytest.approx(np.exp(0.6), rel=0.05)
    assert level.of() == 1.0


def test_windows_without_money_say_nothing():
    nothing = [np.zeros(100)] * 2
    assert SpendLevel.learn(EXPECTED[:2], nothing, [0.1, 0.2], [[1], []]).of() == 1.0
    assert SpendLevel.learn(nothing, EXPECTED[:2], [0.1, 0.2], [[1], []]).of() == 1.0


def test_refunds_are_no_spend():
    spent = [np.where(np.arange(100) < 50, 20.0, -20.0)] * 4
    assert SpendLevel.learn(EXPECTED, spent, [None] * 4, KNOWN).factor == 1.0
