"""Last year's season: a log of a known season and a known growth."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from regulars.models.season import (
    LARGEST_GAP,
    YEAR_DAYS,
    DailyTotals,
    season_gap,
    season_share,
)

FIRST = date(2021, 1, 4)
HORIZON = 60


def _season(days):
    return np.exp(0.7 * np.cos(2 * np.pi * np.asarray(days) / YEAR_DAYS))


def _log(n_days, *, growth=0.0):
    days = np.arange(n_days)
    return DailyTotals(FIRST, 100 * np.exp(growth * days / YEAR_DAYS) * _season(days))


def _true_gap(place, learnt):
    """Return the gap from the season alone, by its definition."""

    def level(start):
        return _season(np.arange(start, start + HORIZON)).sum()

    return np.log(level(place) / np.mean([level(start) for start in learnt]))


def _gap(log, place, learnt):
    """Return what is known at a place of the log."""
    day = FIRST + timedelta(days=place)
    starts = [FIRST + timedelta(days=start) for start in learnt]
    return season_gap(log.before(day), day, starts, HORIZON)


@pytest.mark.parametrize("growth", [0.0, 0.5, -0.5])
@pytest.mark.parametrize(
    ("place", "least"),
    [
        # seen once, the less of two sides is believed
        pytest.param(800, 0.5, id="after the crest, seen once"),
        pytest.param(890, 0.5, id="the trough, seen once"),
        pytest.param(980, 0.5, id="before the crest, seen once"),
        pytest.param(1164, 0.9, id="after the crest"),
        pytest.param(1344, 0.8, id="before the crest"),
    ],
)
def test_gap_is_that_of_the_season_whatever_the_growth(place, least, growth):
    learnt = [place - HORIZON - 30 * k for k in range(5)]
    found = _gap(_log(place, growth=growth), place, learnt)
    assert least < found / _true_gap(place, learnt) < 1.0


def test_windows_of_a_whole_year_are_its_own_mean():
    place = 1500
    learnt = [place - HORIZON - 28 * k for k in range(13)]
    whole_year = _season(np.arange(YEAR_DAYS)).mean() * HORIZON
    here = _season(np.arange(place, place + HORIZON)).sum()
    found = _gap(_log(place), place, learnt)
    assert found == pytest.approx(np.log(here / whole_year), abs=0.02)


@pytest.mark.parametrize("days_ago", [200, 300, YEAR_DAYS, 450])
@pytest.mark.parametrize("n_days", [800, 1200])
def test_change_that_stays_is_no_season(days_ago, n_days):
    days = np.arange(n_days)
    level = np.where(days < n_days - days_ago, 100.0, 55.0)
    log = DailyTotals(FIRST, level)
    learnt = [n_days - HORIZON - 14 * k for k in range(12)]
    assert _gap(log, n_days, learnt) == pytest.approx(0.0, abs=0.01)


def test_nothing_is_said_of_a_season_that_was_not_seen():
    day, learnt = FIRST + timedelta(days=400), [FIRST + timedelta(days=300)]
    assert season_gap(_log(400), day, learnt, HORIZON) is None
    # the window of last year has been seen, and no half year before it
    later = FIRST + timedelta(days=450)
    assert season_gap(_log(450), later, learnt, HORIZON) is None
    assert season_gap(_log(20), day, learnt, HORIZON) is None


def test_a_log_without_income_says_nothing():
    silent = DailyTotals(FIRST, np.zeros(900))
    day = FIRST + timedelta(days=900)
    assert season_gap(silent, day, [FIRST + timedelta(days=800)], HORIZON) is None


def test_gap_is_bounded():
    spike = np.full(1200, 100.0)
    for place in (1200 - YEAR_DAYS, 1200 - 2 * YEAR_DAYS):
        spike[place : place + HORIZON] *= 100
    assert _gap(DailyTotals(FIRST, spike), 1200, [1130]) == pytest.approx(LARGEST_GAP)


def test_before_keeps_the_days_that_were_known():
    log = _log(900)
    assert len(log.before(FIRST + timedelta(days=700)).totals) == 700
    assert len(log.before(FIRST - timedelta(days=3)).totals) == 0
    changed = DailyTotals(FIRST, np.where(np.arange(900) < 700, log.totals, 1e6))
    day = FIRST + timedelta(days=700)
    np.testing.assert_array_equal(changed.before(day).totals, log.before(day).totals)


GAPS = [0.5, -0.2, -0.9, -0.8, 0.1, 0.7]


@pytest.mark.parametrize("true", [0.4, 0.8])
def test_share_is_what_forecasts_miss_drawn_towards_none(true):
    found = season_share(true * np.array(GAPS), GAPS)
    assert 0.9 * true < found < true


@pytest.mark.parametrize(
    ("missed", "gaps"),
    [
        pytest.param([-0.4, 0.2, 0.7], [0.5, -0.2, -0.9], id="the other way round"),
        pytest.param([0.3, 0.0, 0.0], [0.01, -0.02, 0.01], id="hardly a season"),
        pytest.param([0.6, -0.5, 0.1], [0.5, 0.5, 0.5], id="not in the other windows"),
        pytest.param([0.5, 0.6, 0.5, 0.6], [0.5, 0.3, 0.3, 0.5], id="all alike"),
        pytest.param([0.5], [0.5], id="one window"),
        pytest.param([0.5, -0.5, 0.5], [0.5, -0.5, None], id="two known seasons"),
        pytest.param([0.5, np.nan, -0.5], [0.5, 0.5, -0.5], id="two known totals"),
    ],
)
def test_season_that_does_not_earn_its_place_is_left_out(missed, gaps):
    assert season_share(missed, gaps) == pytest.approx(0.0, abs=0.15)
    if np.isfinite(np.array(gaps, dtype=float) + missed).sum() < 3:
        assert season_share(missed, gaps) == 0.0
