"""Support: tickets open and past, how fast they were answered, and what went wrong.

Priority, department, tags and due date are known when a ticket is opened. Nobody can
say when a satisfaction or a reopening became known; both are taken as known once the
ticket was resolved, and those of tickets without a resolution are not used.
Satisfaction is bad from 2 downwards, on a scale of 1 to 5: the scale of a company
cannot be known from what one customer said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import EVER, Known, Worded, meanings, within
from regulars.features.sorted_rows import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.features.dated_rows import DatedRows, SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Flags, Floats, Ints

RESOLVED, DUE, RESPONDED = "resolved_date", "due_date", "first_response_date"
BAD_CSAT = 2
CSAT = Known("csat")
BRIEF = (within(90), EVER)
AT_RESOLUTION = ("csat", "reopened")
"""Columns that count from the day of the resolution on."""

WORDED = {
    "tickets": Worded("priority", 3, lambda word: BRIEF),
    "tickets_department": Worded("department", 3, lambda word: BRIEF),
    "tickets_tag": Worded("tags", 3, lambda word: BRIEF),
}
MEANINGS = {
    **meanings("tickets", "ticket", "Tickets"),
    **meanings("tickets_{priority}", "", "Tickets of the priority", BRIEF),
    **meanings("tickets_department_{name}", "", "Tickets of the department", BRIEF),
    **meanings("tickets_tag_{tag}", "", "Tickets with the tag", BRIEF),
    "tickets_unanswered": "Tickets without a first response",
    "mean_days_to_respond": "Mean days from a ticket to the first response",
    "tickets_open": "Tickets not resolved yet",
    "oldest_open_ticket_days": "Age of the oldest open ticket in days (0 without one)",
    "mean_days_to_resolve": "Mean days from a ticket to its resolution",
    "tickets_late": "Tickets that were due and not resolved by then (SLA)",
    "tickets_late_last_90_days": "The same, due in the last 90 days",
    "days_past_due": "Days that an open ticket is past its due date, of the latest",
    "tickets_reopened": "Tickets opened again, of those resolved",
    "last_csat": "Satisfaction with the ticket resolved last",
    "mean_csat": "Mean satisfaction",
    "bad_experiences": "Tickets late, opened again or with a satisfaction up to 2",
    "bad_experiences_last_90_days": "The same, in the last 90 days",
    "days_since_bad_experience": "Days since the last of these",
}


def tickets(seen: SeenRows, words: Words) -> Columns:
    """Return counts of a customer's tickets, and how they ended."""
    columns = seen.counts("tickets") | seen.by_word(WORDED, words)
    if RESPONDED in seen.rows:
        answered = seen.by(RESPONDED)
        columns["tickets_unanswered"] = seen.number() - answered.number()
        columns["mean_days_to_respond"] = _mean_days(answered)
    if RESOLVED in seen.rows:
        columns |= _resolutions(seen)
    if DUE in seen.rows:
        columns |= _breaches(seen)
    return columns | _bad_experiences(seen)


def _resolutions(seen: SeenRows) -> Columns:
    resolved = seen.by(RESOLVED)
    columns = {
        "tickets_open": seen.number() - resolved.number(),
        "oldest_open_ticket_days": seen.largest(_open_for(seen, seen.rows.day)),
        "mean_days_to_resolve": _mean_days(resolved),
    }
    if "reopened" in seen.rows:
        columns["tickets_reopened"] = resolved.number("reopened")
    if "csat" in seen.rows:
        columns["last_csat"] = resolved.last(resolved.rows["csat"], CSAT)
        columns["mean_csat"] = resolved.mean("csat")
    return columns


def _breaches(seen: SeenRows) -> Columns:
    due = seen.by(DUE)
    return {
        "tickets_late": due.number(late),
        "tickets_late_last_90_days": due.number(late, 90),
        "days_past_due": seen.largest(_open_for(seen, seen.rows.days(DUE))),
    }


def _bad_experiences(seen: SeenRows) -> Columns:
    bad = [(seen.by(DUE), late)] if DUE in seen.rows else []
    if RESOLVED in seen.rows and {*AT_RESOLUTION} & {*seen.rows.names}:
        bad.append((seen.by(RESOLVED), went_badly))
    if not bad:
        return {}
    return {
        "bad_experiences": sum(each.number(flag) for each, flag in bad),
        "bad_experiences_last_90_days": sum(each.number(f, 90) for each, f in bad),
        "days_since_bad_experience": np.fmin.reduce([e.since(f) for e, f in bad]),
    }


def _open_for(seen: SeenRows, since: Ints) -> Ints:
    """Return how long each ticket has been open since a day; 0 where it is not."""
    is_open = np.ones(len(since), bool)
    if RESOLVED in seen.rows:
        is_open = seen.rows.days(RESOLVED) >= seen.day
    return np.where(is_open, np.maximum(seen.day - since, 0), 0)


def _mean_days(later: SeenRows) -> Floats:
    return ratio(later.total(days_taken), later.number())


def days_taken(rows: DatedRows) -> Ints:
    """Return the days from a ticket's own day to the one it stands by."""
    return rows.day - rows.days("day")


def late(rows: DatedRows) -> Flags:
    """Return which tickets were not resolved by the day they were due."""
    if RESOLVED not in rows:
        return np.ones(len(rows), bool)
    # on a day on which that was not known, a later resolution was none
    return rows.days(RESOLVED) > rows.days(DUE)


def went_badly(rows: DatedRows) -> Flags:
    """Return which resolved tickets were opened again, or left somebody unhappy."""
    bad = np.zeros(len(rows), bool)
    if "reopened" in rows:
        bad |= rows["reopened"] > 0
    if "csat" in rows:
        bad |= rows["csat"] <= BAD_CSAT
    return bad


def notes_on(columns: Sequence[str]) -> list[str]:
    """Return what a user has to know of satisfaction and reopening."""
    undated = [f"tickets.{name}" for name in AT_RESOLUTION if name in columns]
    if not undated:
        return []
    if RESOLVED in columns:
        return [
            f"Taken as known once a ticket is resolved (resolved_at), and not used of "
            f"tickets without a resolution: {', '.join(undated)} (csat is read on a "
            "scale of 1 to 5)."
        ]
    return [
        "Not used, for without tickets.resolved_at nobody can say when it became "
        f"known: {', '.join(undated)}."
    ]
