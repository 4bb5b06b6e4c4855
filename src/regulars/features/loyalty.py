"""Loyalty programme: postings, balance of points, tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.counting import category, counts, counts_by_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from regulars.features.counting import Columns

WORD_COLUMN = "kind"


def loyalty(
    rows: pd.DataFrame,
    day: pd.Timestamp,
    customers: pd.Index,
    words: Sequence[str] = (),
) -> Columns:
    """Return counts of postings, of each kind, the balance and the last tier."""
    columns = {
        **counts("loyalty", rows, day, customers),
        **counts_by_word("loyalty", WORD_COLUMN, words, rows, day, customers),
    }
    if "points" in rows:
        points = rows.groupby("customer_id")["points"].sum()
        columns["points_balance"] = points.reindex(customers)
    if "tier" in rows:
        # two tiers on one day: the last of the alphabet, whatever the order of rows
        tiers = rows.dropna(subset=["tier"]).sort_values(["day", "tier"], kind="stable")
        last = tiers.groupby("customer_id")["tier"].last()
        columns["tier"] = category(last.reindex(customers))
    return columns
