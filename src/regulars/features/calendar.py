"""On which days of the week a customer buys, and where in the year the cutoff lies.

The time of year is the same for all customers of a cutoff and can only be learnt from
snapshots that cover a year: a group of its own (``season``), left out unless asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ibis

from regulars.features.group import Group, ratio

if TYPE_CHECKING:
    from regulars.features.past import Past

MEANINGS = {
    "weekend_share": "Share of purchase days that are Saturdays or Sundays",
    "month_start_share": "Share of purchase days in the first ten days of a month",
    "same_weekday_share": "Share of purchases on the weekday of the one before",
}

SEASON_MEANINGS = {
    "year_sin": "Time of year of the cutoff, sine (1 at the end of March)",
    "year_cos": "Time of year of the cutoff, cosine (1 at New Year)",
}


def calendar(past: Past) -> Group:
    """Return the days of the week on which a customer buys."""
    days = past.known.days
    bought = days.is_purchase

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        return {
            "weekend_share": ratio(s.weekend_days, s.n_days),
            "month_start_share": ratio(s.month_start_days, s.n_days),
            "same_weekday_share": ratio(s.same_weekdays, s.n_days - 1),
        }

    return Group(
        {},
        features,
        lasting={
            "weekend_days": (bought & (days.day.day_of_week.index() >= 5))
            .cast("int32")
            .sum(),
            "month_start_days": (bought & (days.day.day() <= 10)).cast("int32").sum(),
            # null, and so not counted, on the first purchase
            "same_weekdays": (days.gap_days % 7 == 0).cast("int32").sum(),
        },
    )


def season(past: Past) -> Group:
    """Return the time of year of the cutoff."""
    angle = 2 * math.pi * (past.cutoff.timetuple().tm_yday - 1) / 365.25
    values = {
        "year_sin": ibis.literal(math.sin(angle)),
        "year_cos": ibis.literal(math.cos(angle)),
    }
    return Group({}, lambda s: values)
