"""What last year's season lets one expect of a window, and how far to believe it.

The level of a window is the total of a log over its days. What the same days of last
year stood above the windows that a model learnt from, growth apart, is what the model
cannot know of the season. The level may be money, or purchases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# whole weeks, so that a window meets the same days of the week a year before
YEAR_DAYS = 364
# last year's seasons that are averaged
MOST_YEARS = 3
# of the logarithms: no season is believed beyond four times the level, or a quarter
LARGEST_GAP = np.log(4.0)
# fewer windows with a season of their own would take a coincidence for a season
FEWEST_WINDOWS = 2
# how far the level of a window strays from the forecast's without any season, and how
# far from 0 the share is before the windows have spoken; both in standard deviations
STRAY, USUAL_SHARE = 0.1, 0.5


@dataclass(frozen=True)
class DailyTotals:
    """A figure a day, from the first day of a log on."""

    first_day: date
    totals: Floats

    def before(self, day: date) -> DailyTotals:
        """Return what was known on a day."""
        return replace(self, totals=self.totals[: max(self.place(day), 0)])

    def place(self, day: date) -> int:
        """Return how many days after the first a day lies."""
        return (day - self.first_day).days

    def log_levels(self, n_days: int) -> Floats:
        """Return the logarithm of the total of every window, by its first day.

        NaN where nothing came in.
        """
        if len(self.totals) < n_days:
            return np.empty(0)
        summed = np.concatenate([[0.0], np.cumsum(self.totals)])
        levels = summed[n_days:] - summed[:-n_days]
        logs: Floats = np.log(np.where(levels > 0, levels, np.nan))
        return logs


def season_gap(
    known: DailyTotals, start: date, learnt: Sequence[date], n_days: int
) -> float | None:
    """Return by how much last year's season lifts a window above those learnt from.

    The logarithm of the ratio of the two levels, last year's brought to today's by the
    growth from year to year, and those of the windows learnt from by its share. None
    where the log has not seen the season, or no growth can be told from it.

    `known` holds what was known when the window began to be predicted; `start` is its
    first day, `learnt` the first days of windows that had ended by then.
    """
    levels = known.log_levels(n_days)
    # the first windows of a log rise from nothing: nobody had bought before
    levels[:n_days] = np.nan
    yearly = levels[YEAR_DAYS:] - levels[:-YEAR_DAYS]
    growths = yearly[-YEAR_DAYS:]
    if not np.isfinite(growths).any():
        return None
    growth = float(np.nanmedian(growths))
    here = known.place(start)
    behind = np.arange(1, MOST_YEARS + 1)
    last_years = _at(levels, here - YEAR_DAYS * behind) + growth * behind
    places = np.array([known.place(day) for day in learnt])
    grown = _at(levels, places) + growth * (here - places) / YEAR_DAYS
    if not (np.isfinite(last_years).any() and np.isfinite(grown).any()):
        return None
    gap = np.nanmean(last_years) - np.log(np.nanmean(np.exp(grown)))
    return float(np.clip(gap, -LARGEST_GAP, LARGEST_GAP))


def season_share(missed: ArrayLike, gaps: Sequence[float | None]) -> float:
    """Return how much of the season's gap forecasts have missed, 0 to 1.

    `missed` is the logarithm of what came over what was expected, window by window;
    `gaps` as `season_gap` gives them. The share is drawn towards 0, and is 0 unless
    that of the other windows would have brought each window nearer on the whole.
    """
    gap = np.array([np.nan if each is None else each for each in gaps], dtype=float)
    known = np.isfinite(gap) & np.isfinite(missed)
    gap, miss = gap[known], np.asarray(missed, dtype=float)[known]
    if len(gap) < FEWEST_WINDOWS:
        return 0.0
    others = ~np.eye(len(gap), dtype=bool)
    left_out = np.array([_share(miss[o], gap[o]) for o in others])
    earned = np.abs(miss - left_out * gap).sum() < np.abs(miss).sum()
    return _share(miss, gap) if earned else 0.0


def _share(missed: Floats, gap: Floats) -> float:
    """Return the ridge slope of what was missed on the gap."""
    slope = (missed * gap).sum() / ((gap**2).sum() + (STRAY / USUAL_SHARE) ** 2)
    return float(np.clip(slope, 0.0, 1.0))


def _at(levels: Floats, places: NDArray[np.intp]) -> Floats:
    """Return the levels of windows; NaN where the log has not seen them whole."""
    inside = (places >= 0) & (places < len(levels))
    return np.where(inside, levels[np.where(inside, places, 0)], np.nan)
