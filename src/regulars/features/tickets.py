"""Support tickets: how many, how urgent, still open, late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import days_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns

WORD_COLUMN = "priority"


def tickets(seen: SeenRows, words: Sequence[str] = ()) -> Columns:
    """Return counts of a customer's tickets, of each priority, and how they ended."""
    by_word = seen.counts_by_word("tickets", WORD_COLUMN, words)
    return seen.counts("tickets") | by_word | _resolution(seen)


def _resolution(seen: SeenRows) -> Columns:
    columns: Columns = {}
    day, is_resolved = seen.rows.day, np.zeros(len(seen.rows), bool)
    resolved = day
    if "resolved_date" in seen.frame:
        resolved = days_of(seen.frame["resolved_date"])
        there = seen.frame["resolved_date"].notna().to_numpy()
        # a resolution on the cutoff or later is not known yet: the ticket is open
        is_resolved = there & (resolved < seen.day)
        columns["tickets_open"] = seen.count_of(~is_resolved)
        took = np.where(is_resolved, resolved - day, np.nan)
        columns["mean_days_to_resolve"] = seen.mean(took)
    if "due_date" in seen.frame:
        # late is a ticket that was due and neither then nor before was resolved
        due = days_of(seen.frame["due_date"])
        was_due = seen.frame["due_date"].notna().to_numpy() & (due < seen.day)
        late = was_due & (~is_resolved | (resolved > due))
        columns["tickets_late"] = seen.count_of(late)
    return columns
