"""On which days of the week a customer buys, and where in the year the cutoff lies.

A `Past` comes in, the group's features go out. The time of year is the same for all
customers at a cutoff: it can only be learnt from snapshots that cover a year, and is
therefore a group of its own (``season``) that is left out unless asked for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ibis

from regulars.features.group import Group, ratio

if TYPE_CHECKING:
    from regulars.features.past import Past

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

MEANINGS = {
    **{
        f"{name.lower()}_share": f"Share of purchase days that are {name}s"
        for name in _DAYS
    },
    "weekend_share": "Share of purchase days that are Saturdays or Sundays",
    "favourite_weekday_share": "Share of purchase days on the favourite day of the "
    "week",
}

SEASON_MEANINGS = {
    "year_sin": "Time of year of the cutoff, sine (1 at the end of March)",
    "year_cos": "Time of year of the cutoff, cosine (1 at New Year)",
}


def calendar(past: Past) -> Group:
    """Return the days of the week on which a customer buys.

    Parameters
    ----------
    past : Past
        What is known at the cutoff.

    Returns
    -------
    Group
        The features of `MEANINGS`.
    """
    days = past.days
    weekday = days.day.day_of_week.index()
    aggregates = {
        f"weekday_{number}": ((weekday == number) & days.is_purchase)
        .cast("int64")
        .sum()
        for number in range(7)
    }

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        counts = [s[name] for name in aggregates]
        shares = {
            f"{name.lower()}_share": ratio(count, s.n_days)
            for name, count in zip(_DAYS, counts, strict=True)
        }
        shares["weekend_share"] = ratio(counts[5] + counts[6], s.n_days)
        shares["favourite_weekday_share"] = ratio(ibis.greatest(*counts), s.n_days)
        return shares

    return Group(aggregates, features)


def season(past: Past) -> Group:
    """Return the time of year of the cutoff.

    Parameters
    ----------
    past : Past
        What is known at the cutoff.

    Returns
    -------
    Group
        The features of `SEASON_MEANINGS`, the same for every customer.
    """
    angle = 2 * math.pi * (past.cutoff.timetuple().tm_yday - 1) / 365.25
    values = {
        "year_sin": ibis.literal(math.sin(angle)),
        "year_cos": ibis.literal(math.cos(angle)),
    }
    return Group({}, lambda s: values)
