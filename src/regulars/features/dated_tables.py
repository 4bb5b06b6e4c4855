"""The features of every dated table beside the purchases, one module a table."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from regulars.features import (
    contacts,
    customers,
    events,
    loyalty,
    referrals,
    subscriptions,
    surveys,
    tickets,
)
from regulars.features.dated_rows import DatedRows, as_frame
from regulars.features.dated_rows import Words as Words
from regulars.features.sorted_rows import day_number
from regulars.features.table_columns import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from regulars.features.dated_rows import SeenRows, Worded
    from regulars.features.group import Columns
    from regulars.features.table_columns import Table


class DatedGroup(NamedTuple):
    """The features of a dated table."""

    of: Callable[[SeenRows, Words], Columns]
    # {} in a name stands for a word
    meanings: Mapping[str, str]
    worded: Mapping[str, Worded] = MappingProxyType({})
    # what decides between rows of one day
    then_by: tuple[str, ...] = ()


# A new table is a module with these, and a line here.
DATED_GROUPS = {
    "events": DatedGroup(events.events, events.MEANINGS, events.WORDED),
    "tickets": DatedGroup(
        tickets.tickets, tickets.MEANINGS, tickets.WORDED, then_by=("csat",)
    ),
    "surveys": DatedGroup(surveys.surveys, surveys.MEANINGS, then_by=("score",)),
    "loyalty": DatedGroup(
        loyalty.loyalty, loyalty.MEANINGS, loyalty.WORDED, then_by=("tier",)
    ),
    "referrals": DatedGroup(referrals.referrals, referrals.MEANINGS),
    "contacts": DatedGroup(contacts.contacts, contacts.MEANINGS),
    "subscriptions": DatedGroup(
        subscriptions.subscriptions,
        subscriptions.MEANINGS,
        then_by=subscriptions.TIES,
    ),
    "customers": DatedGroup(customers.customers, customers.MEANINGS),
}
NOT_USED = {"surveys": ("comment",)}
"""Columns that no feature is made of."""

_WORDED: dict[str, Worded] = {
    stem: worded
    for group in DATED_GROUPS.values()
    for stem, worded in group.worded.items()
}
# the longest first: a department is no priority
_STEMS = "|".join(sorted(_WORDED, key=len, reverse=True))
_WORDED_NAME = re.compile(rf"({_STEMS})_(.+)_ever")
_OF_A_WORD = re.compile(
    "|".join(
        re.escape(count.name).replace(r"\{\}", f"{stem}_.+")
        for stem, each in _WORDED.items()
        # of all words those that have most columns
        for count in each.counts_of(events.SENT)
    )
)


def is_of_a_word(name: str) -> bool:
    """Return whether a column counts the rows with a word, whatever the word."""
    return _OF_A_WORD.fullmatch(name) is not None


def sorted_rows(
    name: str, table: Table | DatedRows, first_days: pd.Series | None = None
) -> DatedRows:
    """Return the rows of a dated table, sorted for `columns_of`.

    ``first_days`` (customer -> day of the first purchase) says for ``referrals`` who of
    those referred has bought.
    """
    if isinstance(table, DatedRows):
        return table
    if name == "referrals" and first_days is not None:
        table = referrals.with_conversions(table, first_days)
    group = DATED_GROUPS[name]
    # of attributes any may decide
    ties = sorted(names_of(table)) if name == "customers" else group.then_by
    return DatedRows.of(table, ties)


def words_before(
    tables: Mapping[str, Table | DatedRows], day: date, *, room: int = 1
) -> Words:
    """Return the commonest words of each table known by a day; ties by the alphabet.

    `room` times as many as have columns.
    """
    words = {}
    for name, group in DATED_GROUPS.items():
        for stem, (column, most, _) in group.worded.items():
            if name in tables and column in (rows := sorted_rows(name, tables[name])):
                words[stem] = rows.words_before(day_number(day), column, most * room)
    return words


def words_in(names: Iterable[str]) -> Words:
    """Return the words that columns of features were made of."""
    words: dict[str, tuple[str, ...]] = dict.fromkeys(_WORDED, ())
    for name in names:
        if match := _WORDED_NAME.fullmatch(name):
            words[match[1]] = (*words[match[1]], match[2])
    return words


def columns_of_words(words: Words) -> set[str]:
    """Return the names of the columns that are made of words."""
    return {
        count.name.format(f"{stem}_{word}")
        for stem, each in words.items()
        for word in each
        for count in _WORDED[stem].counts_of(word)
    }


def columns_of(
    name: str, rows: DatedRows, cutoff: date, customers: pd.Index, words: Words
) -> pd.DataFrame:
    """Return what the rows of a dated table before a cutoff say of customers."""
    columns = DATED_GROUPS[name].of(rows.at(cutoff, customers), words)
    return as_frame(columns, customers)


def describe_dated() -> pd.DataFrame:
    """Return what each feature of a dated table means: feature, group and meaning.

    ``{}`` in a name stands for a word of the table: a type, a priority, a tag.
    """
    rows = [
        (feature, name, meaning)
        for name, group in DATED_GROUPS.items()
        for feature, meaning in group.meanings.items()
    ]
    return pd.DataFrame(rows, columns=["feature", "group", "meaning"])


def notes_on(name: str, columns: Sequence[str]) -> list[str]:
    """Return what a user has to know of the columns of a table."""
    unused = [c for c in NOT_USED.get(name, ()) if c in columns]
    notes = [f"Not used: {name}.{column}." for column in unused]
    if name == "tickets":
        notes += tickets.notes_on(columns)
    return notes
