"""Loyalty programme: points earned, redeemed and expired, their balance, tier, badges.

Points redeemed and expired lower the balance however their sign is written; all others
count as they are signed. When points expire cannot be read from postings. In its place
stands how old the balance is: what is left of points earned more than half a year or a
year ago, where the oldest are spent first.

How far the next tier is cannot be read from them either: postings say neither which
tier is the next nor what it asks for, and guessing it from other customers would give
one customer other features alone (behind the endpoint) than among all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import (
    EVER,
    SINCE,
    Changed,
    Has,
    Worded,
    meanings,
    within,
)
from regulars.features.sorted_rows import ratio

if TYPE_CHECKING:
    from regulars.features.dated_rows import DatedRows, SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Flags, Floats

EARN, REDEEM, EXPIRE = (Has("kind", kind) for kind in ("earn", "redeem", "expire"))

OLD_DAYS = (180, 365)
BRIEF = (within(90), EVER, SINCE)
POINTS = (within(90), within(365), EVER)

WORDED = {"loyalty": Worded("kind", 5, lambda word: BRIEF)}
MEANINGS = {
    **meanings("loyalty", "posting", "Postings"),
    **meanings("loyalty_{kind}", "posting of the kind", "Postings of the kind", BRIEF),
    "days_in_programme": "Days since the first posting",
    **meanings("points_earned", "", "Points earned", POINTS),
    **meanings("points_redeemed", "", "Points redeemed", POINTS),
    **meanings("points_expired", "", "Points expired", POINTS),
    "points_redeemed_share": "Points redeemed over points earned",
    "points_balance": "Points not used yet",
    **{
        f"points_older_than_{days}_days": "Points not used yet that came more than "
        f"{days} days ago (the oldest are used first)"
        for days in OLD_DAYS
    },
    "tier": "Last tier (of several on one day the last by alphabet)",
    "days_since_tier_change": "Days since the tier was reached",
    "badges": "Badges so far",
    "badges_last_365_days": "Badges in the last 365 days",
}


def loyalty(seen: SeenRows, words: Words) -> Columns:
    """Return what a customer's postings say."""
    columns = seen.counts("loyalty") | seen.by_word(WORDED, words)
    columns["days_in_programme"] = seen.since_first()
    if "points" in seen.rows:
        columns |= _points(seen)
    if "tier" in seen.rows:
        columns["tier"] = seen.last_text("tier", Changed("tier"))
        columns["days_since_tier_change"] = seen.since(Changed("tier"))
    if "badge" in seen.rows:
        columns["badges"] = seen.number(badges)
        columns["badges_last_365_days"] = seen.number(badges, 365)
    return columns


def _points(seen: SeenRows) -> Columns:
    columns: Columns = {}
    for measure in (earned, redeemed, expired):
        columns |= seen.counts(f"points_{measure.__name__}", measure, POINTS)
    share = ratio(columns["points_redeemed_ever"], columns["points_earned_ever"])
    came, went = seen.number(credit), seen.number(debit)
    left = {"points_balance": came - went}
    for days in OLD_DAYS:
        # the oldest go first, so all that went is taken from what came early
        old = came - seen.number(credit, days) - went
        left[f"points_older_than_{days}_days"] = np.maximum(old, 0)
    # nothing is the balance of members only
    is_member = seen.number() > 0
    left = {name: np.where(is_member, each, np.nan) for name, each in left.items()}
    return columns | {"points_redeemed_share": share} | left


def earned(rows: DatedRows) -> Floats:
    """Return the points that each posting earned."""
    return np.where(EARN(rows), rows["points"], 0.0)


def redeemed(rows: DatedRows) -> Floats:
    """Return the points that each posting redeemed."""
    return np.where(REDEEM(rows), np.abs(rows["points"]), 0.0)


def expired(rows: DatedRows) -> Floats:
    """Return the points that each posting let expire."""
    return np.where(EXPIRE(rows), np.abs(rows["points"]), 0.0)


def credit(rows: DatedRows) -> Floats:
    """Return what each posting adds to the balance."""
    return np.maximum(_posted(rows), 0.0)


def debit(rows: DatedRows) -> Floats:
    """Return what each posting takes from the balance."""
    return np.maximum(-_posted(rows), 0.0)


def _posted(rows: DatedRows) -> Floats:
    points = rows["points"]
    return np.where(REDEEM(rows) | EXPIRE(rows), -np.abs(points), points)


def badges(rows: DatedRows) -> Flags:
    """Return which postings give a badge."""
    return rows.texts("badge").codes > 0
