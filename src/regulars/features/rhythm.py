"""How regularly a customer buys, and how long the present silence is for them.

A month of silence is an alarm in a weekly buyer and nothing in a quarterly one: the
gaps between a customer's own purchases are the yardstick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.sorted_rows import SCALE, ratio, running_total

if TYPE_CHECKING:
    from regulars.features.group import Columns
    from regulars.features.history import Days
    from regulars.features.past import Past
    from regulars.features.sorted_rows import Floats, Ints

RECENT_GAPS = 3
"""How many of the latest gaps make up the recent rhythm."""

ACTIVE_WEEKS = (4, 8, 12, 26)
"""Spans, in weeks, over which weekly activity is measured."""

MEANINGS = {
    "gap_mean_days": "Mean days between purchases",
    "gap_std_days": "Standard deviation of the days between purchases",
    "gap_median_days": "Median days between purchases",
    "gap_max_days": "Longest time between two purchases, in days",
    "gap_cv": "Deviation of the days between purchases over their mean",
    "last_gap_days": "Days between the last two purchases",
    "recent_gap_mean_days": f"Mean of the last {RECENT_GAPS} times between purchases, "
    "in days",
    "silence_over_mean_gap": "Days since the last order over the mean gap",
    "silence_over_median_gap": "Days since the last order over the median gap",
    "silence_over_max_gap": "Days since the last order over the longest gap",
    "silence_over_recent_gap": f"Days since the last order over the mean of the last "
    f"{RECENT_GAPS} gaps",
    "silence_deviations": "Days since the last order beyond the mean gap, in standard "
    "deviations of the gaps",
    "recent_gap_ratio": f"Mean of the last {RECENT_GAPS} gaps over the mean of all",
    "clumpiness": "How bunched the purchases are: 0 evenly spread, 1 all at once",
    **{
        f"active_weeks_share_{weeks}w": f"Share of the last {weeks} weeks with a "
        "purchase"
        for weeks in ACTIVE_WEEKS
    },
}


def rhythm(past: Past) -> Columns:
    """Return the features of the gaps between purchases."""
    return _gaps(past) | _active_weeks(past)


def _gaps(past: Past) -> Columns:
    gap, silence, n_gaps = past.rows["gap_days"], past.last_age, past.n_days - 1
    between = past.first_age - past.last_age
    is_repeat = n_gaps > 0
    mean = ratio(between, n_gaps)
    # n (n - 1) times the sample variance is an exact integer
    variance = n_gaps * past.total(gap_squares) - between * between
    deviation = np.sqrt(ratio(variance, n_gaps * (n_gaps - 1)))
    median = past.median_gap()
    longest = np.where(is_repeat, past.largest(gap), np.nan)
    before = past.rows.day[past.purchases_back(RECENT_GAPS)]
    recent = (past.day - silence - before) / RECENT_GAPS
    recent = np.where(n_gaps >= RECENT_GAPS, recent, np.nan)
    return {
        "gap_mean_days": mean,
        "gap_std_days": deviation,
        "gap_median_days": median,
        "gap_max_days": longest,
        "gap_cv": deviation / mean,
        "last_gap_days": np.where(is_repeat, gap[past.last_purchase], np.nan),
        "recent_gap_mean_days": recent,
        "silence_over_mean_gap": silence / mean,
        "silence_over_median_gap": silence / median,
        "silence_over_max_gap": silence / longest,
        "silence_over_recent_gap": silence / recent,
        "silence_deviations": ratio(silence - mean, deviation),
        "recent_gap_ratio": recent / mean,
        "clumpiness": _clumpiness(past),
    }


def _clumpiness(past: Past) -> Floats:
    """Return one plus the entropy of the shares of time, over its maximum.

    Zhang, Bradlow and Small (2015), Predicting Customer Value Using Clumpiness,
    Marketing Science 34(2); purchases and the cutoff cut the time into shares.
    """
    silence, whole = past.last_age, past.first_age
    logs = past.total(gap_logs) / SCALE + silence * np.log(silence)
    return 1.0 + ratio(logs / whole - np.log(whole), np.log(past.n_days))


def _active_weeks(past: Past) -> Columns:
    """Return the share of weeks, counted back from the cutoff, with a purchase."""
    # A purchase opens its week when the purchase before it lies in an earlier week:
    # its gap reaches from the last day of its own week beyond the week.
    gap = past.rows["gap_days"]
    reach = gap + (past.ages - 1) % 7
    opens = past.rows["is_purchase"] & ((gap == 0) | (reach >= 7))
    running = running_total(opens)
    return {
        f"active_weeks_share_{weeks}w": past.window(running, 7 * weeks) / weeks
        for weeks in ACTIVE_WEEKS
    }


def gap_squares(days: Days) -> Ints:
    """Return the squares of the gaps."""
    gap: Ints = days["gap_days"]
    return gap * gap


def gap_logs(days: Days) -> Ints:
    """Return gap times logarithm, in whole units of 1 / SCALE."""
    gap = days["gap_days"]
    logs = gap * np.log(np.maximum(gap, 1))
    return np.asarray(np.rint(logs * SCALE), np.int64)
