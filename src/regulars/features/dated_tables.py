"""The features of every dated table beside the purchases, one module a table.

A column without a date of its own (a ticket's satisfaction, whether it was reopened)
is not used: nobody can say when it became known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.features import events, loyalty, tickets
from regulars.features.contacts import contacts
from regulars.features.dated_rows import WINDOWS_DAYS, DatedRows
from regulars.features.referrals import referrals
from regulars.features.surveys import surveys

if TYPE_CHECKING:
    from datetime import date

    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns

Words = Mapping[str, tuple[str, ...]]
"""Table -> the words (event types, priorities, ...) that have columns of their own."""

# Rows of these are counted by the word in a column, too. A new table is a module with
# its function, and a line here.
WORDED: dict[str, Callable[..., Columns]] = {
    "events": events.events,
    "tickets": tickets.tickets,
    "loyalty": loyalty.loyalty,
}
PLAIN: dict[str, Callable[[SeenRows], Columns]] = {
    "surveys": surveys,
    "referrals": referrals,
    "contacts": contacts,
}
WORD_COLUMNS = {
    "events": events.WORD_COLUMN,
    "tickets": tickets.WORD_COLUMN,
    "loyalty": loyalty.WORD_COLUMN,
}
# what decides between rows of one day
THEN_BY = {"surveys": ("score",), "loyalty": ("tier",)}
MOST_WORDS = 20
NOT_USED = {
    "tickets": ("csat", "reopened", "tags"),
    "surveys": ("comment",),
}
_WORDED_NAME = re.compile(rf"({'|'.join(WORDED)})_(.+)_last_{WINDOWS_DAYS[0]}_days")


def words_before(tables: Mapping[str, pd.DataFrame], day: pd.Timestamp) -> Words:
    """Return the commonest words of each table known by a day; ties by the alphabet."""
    words = {}
    for name, column in WORD_COLUMNS.items():
        table = tables.get(name)
        if table is not None and column in table:
            counts = table.loc[table["day"] < day, column].value_counts()
            order = sorted(counts.index, key=lambda word: (-counts[word], str(word)))
            words[name] = tuple(str(word) for word in order[:MOST_WORDS])
    return words


def words_in(names: Iterable[str]) -> Words:
    """Return the words that columns of features were made of."""
    words: dict[str, tuple[str, ...]] = dict.fromkeys(WORDED, ())
    for name in names:
        if match := _WORDED_NAME.fullmatch(name):
            words[match[1]] = (*words[match[1]], match[2])
    return words


def sorted_rows(name: str, table: pd.DataFrame) -> DatedRows:
    """Return the rows of a dated table, sorted for `columns_of`."""
    return DatedRows(table, THEN_BY.get(name, ()))


def columns_of(
    name: str, rows: DatedRows, cutoff: date, customers: pd.Index, words: Words
) -> pd.DataFrame:
    """Return what the rows of a dated table before a cutoff say of customers."""
    seen = rows.at(cutoff, customers)
    if name in WORDED:
        columns = WORDED[name](seen, words.get(name, ()))
    else:
        columns = PLAIN[name](seen)
    # pandas would take texts for a type of its own
    series = {k: pd.Series(v, customers, dtype=v.dtype) for k, v in columns.items()}
    frame = pd.DataFrame(series)
    numbers = [c for c in frame.columns if frame[c].dtype != object]
    return frame.astype(dict.fromkeys(numbers, np.float64))
