"""Support tickets: how many, how urgent, still open, late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from regulars.features.counting import counts, counts_by_word, rows_per_customer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.features.counting import Columns

WORD_COLUMN = "priority"


def tickets(
    rows: pd.DataFrame,
    day: pd.Timestamp,
    customers: pd.Index,
    words: Sequence[str] = (),
) -> Columns:
    """Return counts of a customer's tickets, of each priority, and how they ended."""
    return {
        **counts("tickets", rows, day, customers),
        **counts_by_word("tickets", WORD_COLUMN, words, rows, day, customers),
        **_resolution(rows, day, customers),
    }


def _resolution(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    columns: Columns = {}
    ids = rows["customer_id"]
    resolved = rows.get("resolved_date", pd.Series(pd.NaT, rows.index))
    # a resolution on the cutoff or later is not known yet: the ticket is open
    resolved = resolved.where(resolved < day)
    if "resolved_date" in rows:
        columns["tickets_open"] = rows_per_customer(ids[resolved.isna()], customers)
        took = (resolved - rows["day"]).dt.days
        columns["mean_days_to_resolve"] = took.groupby(ids).mean().reindex(customers)
    if "due_date" in rows:
        # late is a ticket that was due and neither then nor before was resolved
        due = rows["due_date"]
        late = (due < day) & (resolved.isna() | (resolved > due))
        columns["tickets_late"] = rows_per_customer(ids[late], customers)
    return columns
