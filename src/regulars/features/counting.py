"""Count dated rows by customer: how many lately, how many ever, how long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

Columns = dict[str, pd.Series]

WINDOWS_DAYS = (30, 90)


def count_columns(stem: str) -> tuple[str, ...]:
    """Return the names of the columns of `counts`, in their order."""
    windows = (f"{stem}_last_{window}_days" for window in WINDOWS_DAYS)
    return (*windows, f"{stem}_ever", f"days_since_{stem}")


def counts(
    stem: str, rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index
) -> Columns:
    """Return counts by customer in each window and ever, and days since the last row.

    A window of 30 days holds the 30 days before ``day``, which itself is not seen.
    """
    ages = (day - rows["day"]).dt.days
    ids = rows["customer_id"]
    found = [rows_per_customer(ids[ages <= days], customers) for days in WINDOWS_DAYS]
    found += [
        rows_per_customer(ids, customers),
        ages.groupby(ids).min().reindex(customers),
    ]
    return dict(zip(count_columns(stem), found, strict=True))


def counts_by_word(
    stem: str,
    column: str,
    words: Sequence[str],
    rows: pd.DataFrame,
    day: pd.Timestamp,
    customers: pd.Index,
) -> Columns:
    """Return the same counts once more for the rows with each word in a column."""
    columns: Columns = {}
    for word in words:
        with_word = rows[rows[column].astype(str) == word]
        columns |= counts(f"{stem}_{word}", with_word, day, customers)
    return columns


def rows_per_customer(ids: pd.Series, customers: pd.Index) -> pd.Series:
    """Return how often each customer stands among ids; 0 for those who do not."""
    return ids.value_counts().reindex(customers).fillna(0)


def category(values: pd.Series) -> pd.Series:
    """Return values as texts in an object column, missing ones as None."""
    known = values.notna().to_numpy(dtype=bool)
    texts = values.astype(str).astype(object)
    return texts.where(known, None)
