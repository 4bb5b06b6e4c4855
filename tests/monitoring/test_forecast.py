from __future__ import annotations

import numpy as np
import pytest

from regulars.monitoring.forecast import (
    MONTHLY,
    WEEKLY,
    forecast,
    p_value_of_none,
    surprise,
)


def test_trend_is_continued():
    past = 10.0 - np.arange(1, 8)
    found = forecast(past, np.zeros(7))
    assert found.level == pytest.approx(10.0)
    assert found.freedom == 5


def test_trend_of_older_periods_is_continued_over_the_gap():
    found = forecast(10.0 - np.arange(4, 12), np.zeros(8), first=4)
    assert found.level == pytest.approx(10.0)


def test_few_periods_say_nothing():
    assert forecast(np.ones(5), np.ones(5)) is None
    short = np.full(6, 100.0)
    assert surprise(short, short, tolerated=0.2, rhythm=MONTHLY) is None


def test_error_is_never_below_that_of_chance():
    calm = forecast(np.full(10, 5.0), np.full(10, 0.25))
    assert calm.error >= 0.5


def test_p_values_of_counts_hold_what_they_say():
    rng = np.random.default_rng(1)
    counts = rng.poisson(200.0, (2000, 14)).astype(float)
    # with nothing tolerated the test is an ordinary one
    found = [surprise(row, row, tolerated=0.0, rhythm=MONTHLY) for row in counts]
    assert np.mean([each.p_value <= 0.05 for each in found]) < 0.06
    tolerant = [surprise(row, row, tolerated=0.2, rhythm=MONTHLY) for row in counts]
    assert np.mean([each.p_value <= 0.05 for each in tolerant]) < 0.005


def test_half_of_what_was_expected_is_no_chance():
    rng = np.random.default_rng(2)
    counts = rng.poisson(200.0, 14).astype(float)
    counts[0] = 100
    found = surprise(counts, counts, tolerated=0.2, rhythm=MONTHLY)
    assert found.p_value < 1e-3
    assert found.expected == pytest.approx(200, rel=0.15)


def test_season_of_last_year_is_no_surprise():
    rng = np.random.default_rng(3)
    ages = np.arange(34)
    season = 1 + 1.0 * (ages % 13 == 0)
    counts = rng.poisson(400 * season).astype(float)
    found = surprise(counts, counts, tolerated=0.2, rhythm=MONTHLY)
    assert found.p_value > 0.05
    # without last year in the log, it is one
    young = surprise(counts[:13], counts[:13], tolerated=0.2, rhythm=MONTHLY)
    assert young.p_value < 0.01


def test_week_is_not_compared_with_the_weeks_of_its_month():
    assert WEEKLY.past.start * WEEKLY.days == MONTHLY.days


def test_none_where_many_are_expected_is_no_chance():
    counts = np.array([0.0, *np.random.default_rng(4).poisson(50.0, 13)])
    found = surprise(counts, counts, tolerated=0.5, rhythm=MONTHLY)
    assert p_value_of_none(found.expected, found.dispersion) < 1e-6
    assert p_value_of_none(0.0, 1.0) == 1.0
