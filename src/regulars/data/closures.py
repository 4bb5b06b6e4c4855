"""Find the stretches of a log in which a shop was shut, or an export lost rows.

A weekly day of rest, a low season that comes every year and chance in a small shop are
no closures.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from regulars.data.ledger import Ledger

SHORTEST_DAYS = 10
"""Shorter stretches are public holidays."""

WEEK = 7
AROUND_DAYS = 183
BESIDE_DAYS = 28
QUIET_SHARE = 0.05
# Where 30 purchases are usual, none at all is no chance: e^-30.
FEWEST_EXPECTED = 30


@dataclass(frozen=True)
class Closure:
    """A stretch of days with hardly a purchase."""

    start: date
    end: date  # the day after its last
    n_purchases: int  # of customers and days, as `n_usual`
    n_usual: int  # in as many days of the weeks before and after

    @property
    def n_days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days

    def comes_again(self, other: Closure) -> bool:
        """Return whether another stretch lies a year earlier or later."""
        year = timedelta(days=365)
        return any(
            2 * (min(self.end + by, other.end) - max(self.start + by, other.start))
            >= self.end - self.start
            for by in (year, -year)
        )


def daily_purchases(ledger: Ledger) -> pd.Series:
    """Count the purchases (customers and days) of each day."""
    bought = ledger.days.filter(ledger.days.is_purchase)
    counted = bought.group_by("day").aggregate(n=bought.count()).to_pandas()
    days = pd.DatetimeIndex(pd.to_datetime(counted["day"]))
    return pd.Series(counted["n"].to_numpy(np.float64), index=days).sort_index()


def closures_known(counts: pd.Series) -> Callable[[date], list[Closure]]:
    """Return a function from a day to the closures that were known on it."""

    @functools.cache
    def known(day: date) -> list[Closure]:
        return find_closures(counts[counts.index < pd.Timestamp(day)])

    return known


def shut_days(ledger: Ledger) -> Callable[[date], list[tuple[date, date]]]:
    """Return a function from a day to the days that were known to be without purchases.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.

    Returns
    -------
    callable
        Gives half-open stretches ``(start, end)``, as `regulars.timeline.plan` takes
        them.
    """
    known = closures_known(daily_purchases(ledger))
    return lambda day: [(each.start, each.end) for each in known(day)]


def find_closures(counts: pd.Series) -> list[Closure]:
    """Return the closures of a log, given its purchases by day."""
    if len(counts) < 2:
        return []
    daily = counts.sort_index().resample("D").sum()
    quiet = _quiet_days(daily)
    stretches = [
        Closure(
            start=daily.index[start].date(),
            end=daily.index[end - 1].date() + timedelta(days=1),
            n_purchases=int(daily.iloc[start:end].sum()),
            n_usual=round(_usual(daily, quiet, start, end) * (end - start)),
        )
        for start, end in _runs(quiet)
    ]
    closures = [
        each
        for each in stretches
        if each.n_days >= SHORTEST_DAYS and each.n_usual >= FEWEST_EXPECTED
    ]
    return [each for each in closures if not any(map(each.comes_again, closures))]


def _quiet_days(daily: pd.Series) -> NDArray[np.bool_]:
    """Return the days that lie in a week with next to no purchases."""
    weekly = daily.rolling(WEEK, min_periods=WEEK).sum()
    around = weekly.rolling(AROUND_DAYS, center=True, min_periods=AROUND_DAYS // 4)
    usual = around.median().bfill().ffill().fillna(0.0)
    # a day is quiet where any whole week that holds it is
    empty = (weekly <= QUIET_SHARE * usual)[::-1]
    return empty.rolling(WEEK, min_periods=1).max()[::-1].to_numpy() > 0


def _usual(daily: pd.Series, quiet: NDArray[np.bool_], start: int, end: int) -> float:
    """Return the purchases a day of the weeks before and after a stretch."""
    sides = (daily[:start][~quiet[:start]][-BESIDE_DAYS:], daily[end:][~quiet[end:]])
    beside = pd.concat([sides[0], sides[1][:BESIDE_DAYS]])
    return float(beside.mean()) if len(beside) else 0.0


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the half-open runs of true values."""
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def closure_notes(closures: Sequence[Closure], cutoff: date) -> list[str]:
    """Return what a reader has to know of the closures before a cutoff."""
    return [_note(each, cutoff) for each in closures if each.start < cutoff]


def _note(closure: Closure, cutoff: date) -> str:
    purchases = (
        "1 purchase"
        if closure.n_purchases == 1
        else f"{closure.n_purchases:,} purchases"
    )
    start = (
        f"The log holds {purchases} from {closure.start} to "
        f"{closure.end - timedelta(days=1)}, where about {closure.n_usual:,} are usual"
    )
    if closure.end >= cutoff:
        return (
            f"{start}, and ends there. If records are missing, customers who bought "
            f"look as if they had left: read a newer log, or pass a cutoff of "
            f"{closure.start}."
        )
    return (
        f"{start}: the shop was shut, or records are missing. No model learns from a "
        "window that lies there by more than a fifth, if others are left."
    )
