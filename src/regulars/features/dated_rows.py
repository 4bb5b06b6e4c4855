"""The rows of a dated table (events, tickets, ...), sorted once for every cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.features.sorted_rows import Seen, SortedRows, ratio, running_total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Flags, Floats, Ints

WINDOWS_DAYS = (30, 90)


def count_columns(stem: str) -> tuple[str, ...]:
    """Return the names of the columns of `SeenRows.counts`, in their order."""
    windows = (f"{stem}_last_{window}_days" for window in WINDOWS_DAYS)
    return (*windows, f"{stem}_ever", f"days_since_{stem}")


class DatedRows(SortedRows):
    """The rows of a dated table (``customer_id``, ``day`` and more) in order.

    The columns of ``then_by`` sort the rows of one day, so that the order of the table
    does not matter.
    """

    def __init__(self, frame: pd.DataFrame, then_by: Sequence[str] = ()) -> None:
        keys = ["customer_id", "day", *(name for name in then_by if name in frame)]
        self.frame = frame.sort_values(keys, kind="stable", ignore_index=True)
        codes, self.ids = pd.factorize(self.frame["customer_id"])
        # one customer more, without a row, stands for all that are not in the table
        super().__init__(
            np.asarray(codes, np.int64), days_of(self.frame["day"]), len(self.ids) + 1
        )

    def at(self, cutoff: date, customers: pd.Index) -> SeenRows:
        """Return the rows of some customers that lie before a cutoff."""
        return SeenRows(self, cutoff, customers)

    def has_word(self, column: str, word: str) -> Flags:
        """Return which rows have a word in a column."""
        return (self.frame[column].astype(str) == word).to_numpy()


class SeenRows(Seen):
    """The rows of some customers before a cutoff."""

    rows: DatedRows

    def __init__(self, rows: DatedRows, cutoff: date, customers: pd.Index) -> None:
        who = pd.Index(rows.ids).get_indexer(customers)
        super().__init__(rows, cutoff, np.where(who < 0, len(rows.ids), who))
        self.customers = customers

    @property
    def frame(self) -> pd.DataFrame:
        """The columns of the rows, later ones too."""
        return self.rows.frame

    def counts(self, stem: str, among: Flags | None = None) -> Columns:
        """Return counts in each window and ever, and days since the last row.

        A window of 30 days holds the 30 days before the cutoff, which is not seen.
        """
        flags = np.ones(len(self.rows), bool) if among is None else among
        running = running_total(flags)
        found = [self.total(running, days) for days in (*WINDOWS_DAYS, None)]
        since = self.day - self.last(self.rows.day, flags)
        return dict(zip(count_columns(stem), [*found, since], strict=True))

    def counts_by_word(self, stem: str, column: str, words: Sequence[str]) -> Columns:
        """Return the same counts once more for the rows with each word in a column."""
        columns: Columns = {}
        for word in words:
            columns |= self.counts(f"{stem}_{word}", self.rows.has_word(column, word))
        return columns

    def count_of(self, flags: Flags) -> Ints:
        """Return how many rows have a flag."""
        total: Ints = self.total(running_total(flags))
        return total

    def mean(self, values: Floats) -> Floats:
        """Return the mean of the values that there are; missing without one."""
        known = ~np.isnan(values)
        n = self.count_of(known)
        sums = self.added(np.where(known, values, 0.0))
        return ratio(sums, n)


def days_of(dates: pd.Series) -> Ints:
    """Return days since 1970-01-01; a date that is missing lies before all others."""
    days = dates.to_numpy("datetime64[D]")
    return np.where(np.isnat(days), np.iinfo(np.int32).min, days.astype(np.int64))


def numbers_of(values: pd.Series) -> Floats:
    """Return values as float64, missing ones as NaN."""
    return values.to_numpy(np.float64, na_value=np.nan)


def category(values: NDArray[np.object_] | pd.Series) -> NDArray[np.object_]:
    """Return values as texts, missing ones as None."""
    series = pd.Series(values, dtype=object)
    known = series.notna().to_numpy(dtype=bool)
    texts = series.astype(str).to_numpy(object, copy=True)
    texts[~known] = None
    return texts
