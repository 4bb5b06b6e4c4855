"""On which days of the week a customer buys, and where in the year the cutoff lies.

The time of year is the same for all customers of a cutoff and can only be learnt from
snapshots that cover a year: a group of its own (``season``), left out unless asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from regulars.features.sorted_rows import ratio

if TYPE_CHECKING:
    from regulars.features.group import Columns
    from regulars.features.history import Days
    from regulars.features.past import Past
    from regulars.features.sorted_rows import Flags, Ints

MEANINGS = {
    "weekend_share": "Share of purchase days that are Saturdays or Sundays",
    "month_start_share": "Share of purchase days in the first ten days of a month",
    "same_weekday_share": "Share of purchases on the weekday of the one before",
}

SEASON_MEANINGS = {
    "year_sin": "Time of year of the cutoff, sine (1 at the end of March)",
    "year_cos": "Time of year of the cutoff, cosine (1 at New Year)",
}


def calendar(past: Past) -> Columns:
    """Return the days of the week on which a customer buys."""
    return {
        "weekend_share": ratio(past.total(weekend), past.n_days),
        "month_start_share": ratio(past.total(month_start), past.n_days),
        "same_weekday_share": ratio(past.total(same_weekday), past.n_days - 1),
    }


def season(past: Past) -> Columns:
    """Return the time of year of the cutoff."""
    angle = 2 * math.pi * (past.cutoff.timetuple().tm_yday - 1) / 365.25
    return {
        "year_sin": np.full(len(past), math.sin(angle)),
        "year_cos": np.full(len(past), math.cos(angle)),
    }


def weekend(days: Days) -> Flags:
    """Return which purchase days are Saturdays or Sundays."""
    # 1970-01-01 was a Thursday
    return np.asarray(days["is_purchase"] & ((days.day + 3) % 7 >= 5))


def month_start(days: Days) -> Flags:
    """Return which purchase days lie in the first ten days of a month."""
    dates = days.day.astype("datetime64[D]")
    into_month = (dates - dates.astype("datetime64[M]")).astype(np.int64)
    return np.asarray(days["is_purchase"] & (into_month < 10))


def same_weekday(days: Days) -> Flags:
    """Return which purchases are on the weekday of the one before."""
    gap: Ints = days["gap_days"]
    return np.asarray((gap > 0) & (gap % 7 == 0))
