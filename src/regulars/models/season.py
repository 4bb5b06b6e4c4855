"""What last year's season lets one expect of a window, and how far to believe it.

The level of a window is the total of a log over its days. By how much the same days of
the years before stood out from the half years about them, against the windows that a
model learnt from, is what the model cannot know of the season. The level may be money,
or purchases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# whole weeks, so that a window meets the same days of the week a year before
YEAR_DAYS, HALF_YEAR = 364, 182
# of a half year, for it to be one
FEWEST_DAYS = 91
# years before that are looked at
MOST_YEARS = 3
# of the logarithms: no season is believed beyond four times the level, or a quarter
LARGEST_GAP = np.log(4.0)
# fewer windows would take a coincidence for a season
FEWEST_WINDOWS = 3
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
    """Return by how much the season lifts a window above those learnt from.

    The logarithm of the ratio of the two levels, each as the same window of the years
    before stood above the half years about it. None where the log has not seen the
    season.

    `known` holds what was known when the window began to be predicted; `start` is its
    first day, `learnt` the first days of windows that had ended by then.
    """
    levels = known.log_levels(n_days)
    if not len(levels):
        return None
    # the first windows of a log rise from nothing: nobody had bought before
    levels[:n_days] = np.nan
    sides = _above_sides(levels)
    here = _seen(sides, np.array([known.place(start)]))[0]
    there = _seen(sides, np.array([known.place(day) for day in learnt]))
    if not (np.isfinite(here) and np.isfinite(there).any()):
        return None
    gap = here - np.log(np.nanmean(np.exp(there)))
    return float(np.clip(gap, -LARGEST_GAP, LARGEST_GAP))


def _above_sides(levels: Floats) -> Floats:
    """Return how far windows stand above the half year before, and the one after.

    Of shape (2, n_windows); a window counts to both, so that a whole year is at 0.
    """
    days = pd.Series(levels)
    before = _half_year(days)
    after = _half_year(days[::-1])[::-1]
    sides: Floats = levels - np.stack([before, after])
    return sides


def _half_year(days: pd.Series) -> pd.Series:
    return days.rolling(HALF_YEAR + 1, min_periods=FEWEST_DAYS).mean()


def _seen(sides: Floats, places: NDArray[np.intp]) -> Floats:
    """Return what the years have seen of the season at windows; NaN where none has.

    One year alone cannot tell a season from a change that stays, unless the window
    stands out from both sides; of several, all have to say so. The least counts.
    """
    years = np.stack(
        [_at(sides, places - YEAR_DAYS * k) for k in range(MOST_YEARS + 1)]
    )
    by_year = years.mean(axis=1)
    is_repeated = np.isfinite(by_year).sum(axis=0) > 1
    told = np.where(is_repeated, np.nan, years.reshape(-1, len(places)))
    told = np.concatenate([told, np.where(is_repeated, by_year, np.nan)])
    least, most = np.fmin.reduce(told), np.fmax.reduce(told)
    seen: Floats = np.maximum(least, 0.0) + np.minimum(most, 0.0)
    return seen


def season_share(missed: ArrayLike, gaps: Sequence[float | None]) -> float:
    """Return how much of the season's gap forecasts have missed, 0 to 1.

    `missed` is the logarithm of what came over what was expected, window by window;
    `gaps` as `season_gap` gives them. A season comes and goes: what all windows missed
    alike is a level (a shop that has lost customers for good), and a season has to tell
    the windows apart. The share is drawn towards 0, and is 0 unless that of the other
    windows would have brought each window nearer, and nearer than their level would.
    """
    gap = np.array([np.nan if each is None else each for each in gaps], dtype=float)
    known = np.isfinite(gap) & np.isfinite(missed)
    gap, miss = gap[known], np.asarray(missed, dtype=float)[known]
    if len(gap) < FEWEST_WINDOWS:
        return 0.0
    others = ~np.eye(len(gap), dtype=bool)
    left_out = np.array([_share(miss[o], gap[o]) for o in others])
    level = np.array([miss[o].mean() for o in others])
    rivals = np.abs(miss).sum(), np.abs(miss - level).sum()
    earned = np.abs(miss - left_out * gap).sum() < min(rivals)
    return _share(miss, gap) if earned else 0.0


def _share(missed: Floats, gap: Floats) -> float:
    """Return the ridge slope of what was missed on the gap, both about their means."""
    apart = gap - gap.mean()
    slope = (missed * apart).sum() / ((apart**2).sum() + (STRAY / USUAL_SHARE) ** 2)
    return float(np.clip(slope, 0.0, 1.0))


def _at(sides: Floats, places: NDArray[np.intp]) -> Floats:
    """Return both sides of windows; NaN where either is unknown."""
    inside = (places >= 0) & (places < sides.shape[1])
    found = sides[:, np.where(inside, places, 0)]
    return np.where(inside & np.isfinite(found).all(axis=0), found, np.nan)
