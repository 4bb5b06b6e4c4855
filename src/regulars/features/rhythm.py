"""How regularly a customer buys, and how long the present silence is for them.

A month of silence is an alarm in a weekly buyer and nothing in a quarterly one: the
gaps between a customer's own purchases are the yardstick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from regulars.features.group import SCALE, Group, ratio
from regulars.features.sequence import RECENT_GAPS

if TYPE_CHECKING:
    from regulars.features.past import Past

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


def rhythm(past: Past) -> Group:
    """Return the features of the gaps between purchases."""
    days = past.days
    # days from the last day of a purchase's week back to the purchase before
    reach = days.gap_days + (days.age_days - 1) % 7
    gap = past.known.days.gap_days
    lasting = {
        "gap_squares": (gap * gap).sum(),
        "gap_max": gap.max(),
        "gap_logs": (
            (gap * gap.cast("float64").ln() * SCALE).round().cast("int64")
        ).sum(),
        "gap_median": gap.median(),
    }
    weeks_seen = [weeks for weeks in ACTIVE_WEEKS if weeks * 7 <= past.seen_days]
    # A purchase opens its week when the purchase before it lies in an earlier week; the
    # weeks count back from the cutoff.
    opens = days.is_purchase & (reach.isnull() | (reach >= 7))
    recent = {
        weeks * 7: {
            f"active_weeks_{weeks}": (opens & (days.age_days <= weeks * 7))
            .cast("int32")
            .sum()
        }
        for weeks in weeks_seen
    }

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        return _gap_features(s) | _active_weeks(s, weeks_seen)

    return Group({}, features, recent=recent, lasting=lasting)


def _gap_features(s: ibis.Table) -> dict[str, ibis.Value]:
    n_gaps = (s.n_days - 1).nullif(0)
    silence = s.last_age
    total = s.first_age - s.last_age
    mean = ratio(total, n_gaps)
    # n (n - 1) times the sample variance is an exact integer
    variance = ratio(n_gaps * s.gap_squares - total * total, n_gaps * (n_gaps - 1))
    deviation = variance.sqrt()
    median = s.gap_median
    recent = s.recent_gaps / RECENT_GAPS
    return {
        "gap_mean_days": mean,
        "gap_std_days": deviation,
        "gap_median_days": median,
        "gap_max_days": s.gap_max,
        "gap_cv": ratio(deviation, mean),
        "last_gap_days": s.last_gap,
        "recent_gap_mean_days": recent,
        "silence_over_mean_gap": ratio(silence, mean),
        "silence_over_median_gap": ratio(silence, median),
        "silence_over_max_gap": ratio(silence, s.gap_max),
        "silence_over_recent_gap": ratio(silence, recent),
        "silence_deviations": ratio(silence - mean, deviation),
        "recent_gap_ratio": ratio(recent, mean),
        "clumpiness": _clumpiness(s),
    }


def _clumpiness(s: ibis.Table) -> ibis.Value:
    """Return one plus the entropy of the shares of time, over its maximum.

    Zhang, Bradlow and Small (2015), Predicting Customer Value Using Clumpiness,
    Marketing Science 34(2); purchases and the cutoff cut the time into shares.
    """
    silence = s.last_age.cast("float64")
    whole = s.first_age.cast("float64")
    logs = s.gap_logs.cast("float64") / SCALE + silence * silence.ln()
    shares = s.n_days.nullif(1).cast("float64")
    return 1.0 + (logs / whole - whole.ln()) / shares.ln()


def _active_weeks(s: ibis.Table, weeks_seen: list[int]) -> dict[str, ibis.Value]:
    return {
        f"active_weeks_share_{weeks}w": (
            s[f"active_weeks_{weeks}"] / weeks
            if weeks in weeks_seen
            else ibis.null("float64")
        )
        for weeks in ACTIVE_WEEKS
    }
