"""What is known of customers beside their purchases, as numbers.

Each dated table has its module; categories become a column a word, so that a model of
purchases reads numbers alone. Which words have columns is decided by a day: it may not
know of later ones.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.data.contract import IS_WORD, TABLES, day_name
from regulars.features import customers
from regulars.features.dated_tables import (
    NOT_USED,
    columns_of,
    is_of_a_word,
    sorted_rows,
    words_before,
    words_in,
)
from regulars.features.sorted_rows import day_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.features.dated_rows import DatedRows
    from regulars.features.dated_tables import Words

EMPTY: Mapping[str, pd.DataFrame] = MappingProxyType({})
CUSTOMERS = "customers"
MOST_LEVELS = 25
FEWEST_ROWS = 5
# times the words of a vocabulary: the commonest of an earlier day are among them
ROOM = 2
# none of the categories that have a column
OTHER = "another"
_LEVEL = re.compile(rf"(.+?){IS_WORD}(.*)", re.DOTALL)


@dataclass(frozen=True)
class Vocabulary:
    """The words that have columns of their own."""

    # table -> kinds of its rows
    words: Words = field(default_factory=dict)
    # column -> categories
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def in_names(cls, names: Iterable[str]) -> Self:
        """Return the words that columns of features were made of."""
        names = list(names)
        levels: dict[str, tuple[str, ...]] = {}
        for name in names:
            if match := _level_in(name):
                levels[match[1]] = (*levels.get(match[1], ()), match[2])
        return cls(words_in(names), levels)

    def lacking(self, later: Vocabulary) -> dict[str, list[str]]:
        """Return the categories of a later vocabulary that this one lacks.

        Only of columns that had room for more: a rare one is none.
        """
        then, now = self.levels, later.levels
        found = {
            name: [level for level in now[name] if level not in then[name]]
            for name in sorted(now.keys() & then.keys())
            if len(then[name]) < MOST_LEVELS
        }
        return {name: levels for name, levels in found.items() if levels}


def digest_of(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Return a digest of tables; the order of rows and columns is no matter."""
    digest = hashlib.sha256()
    for name, table in sorted(tables.items()):
        rows = table.astype(str)[sorted(table.columns)]
        hashes = np.sort(pd.util.hash_pandas_object(rows, index=False).to_numpy())
        digest.update(name.encode() + hashes.tobytes())
    return digest.digest()


def dated(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return clean rows of a table with ``customer_id`` and ``day``."""
    contract = TABLES[name]
    day = day_name(contract.time_column or "")
    rows = rows.rename(columns={contract.id_column: "customer_id"})
    days = [c for c in rows.columns if c.endswith("_date")]
    times = [
        c.name for c in contract.columns if c.kind == "time" and c.name in rows.columns
    ]
    rows = rows.assign(**{c: pd.to_datetime(rows[c]) for c in days})
    unused = [c for c in NOT_USED.get(name, ()) if c in rows]
    kept: pd.DataFrame = rows.drop(columns=[*times, *unused])
    return kept.rename(columns={day: "day"})


def _level_in(column: str) -> re.Match[str] | None:
    """Return the category and its word, where a column is one of these."""
    # a kind of event may hold what parts the two
    return None if is_of_a_word(column) else _LEVEL.fullmatch(column)


def owner_of(column: str) -> str:
    """Return what a column is about: of a category's, the category."""
    match = _level_in(column)
    return match[1] if match else column


def as_attributes(rows: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return columns with each category's put together again; missing is None."""
    found: dict[str, Any] = {}
    for name in names:
        column, match = rows[name].to_numpy(np.float64), _level_in(name)
        if match is None:
            found[name] = column
            continue
        held = found.setdefault(match[1], np.full(len(rows), OTHER, object))
        held[column == 1.0] = match[2]
        held[np.isnan(column)] = None
    # pandas would take texts for a type of its own
    series = {n: pd.Series(v, rows.index, dtype=v.dtype) for n, v in found.items()}
    return pd.DataFrame(series, index=rows.index)


class Signals:
    """Dated tables: rows with ``customer_id`` and ``day``, attributes among them.

    ``tables`` come by the names of the contract; ``customers`` holds attributes with
    the day from which they were known. ``begins`` are the first days of the tables,
    where the rows are those of some customers only; by default they are the rows' own,
    and tables without a row are left out. ``first_days`` say who of those referred
    became a customer. ``written`` are attributes that were read as numbers, as they
    were written.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame] = EMPTY,
        begins: Mapping[str, pd.Timestamp] | None = None,
        first_days: pd.Series | None = None,
        written: pd.DataFrame | None = None,
    ) -> None:
        self.written = pd.DataFrame() if written is None else written
        if begins is None:
            tables = {name: rows for name, rows in tables.items() if len(rows)}
            begins = {name: rows["day"].min() for name, rows in tables.items()}
        self.tables, self.begins, self.first_days = tables, begins, first_days

    def __bool__(self) -> bool:
        return bool(self.tables)

    @cached_property
    def rows(self) -> dict[str, DatedRows]:
        """The rows of each table, sorted for every cutoff."""
        first = self.first_days
        return {name: sorted_rows(name, t, first) for name, t in self.tables.items()}

    def read_by(self, vocabulary: Vocabulary) -> Signals:
        """Return the same with attributes in the form that the columns ask for.

        What a column holds belongs to the rows that a model learnt from: of other rows
        its values may look like another kind.
        """
        rows = self.tables.get(CUSTOMERS)
        if rows is None:
            return self
        changed = {}
        for name in rows.columns.difference([*customers.KEYS]):
            names = {name, named_apart(name, CUSTOMERS)}
            is_category = not names.isdisjoint(vocabulary.levels)
            own = rows[name]
            if is_category and name in self.written:
                changed[name] = self.written[name]
            elif (read := customers.as_learnt(own, is_category=is_category)) is not own:
                changed[name] = read
        if not changed:
            return self
        tables = {**self.tables, CUSTOMERS: rows.assign(**changed)}
        return Signals(tables, self.begins, self.first_days)

    def raw(
        self,
        cutoff: date,
        customers: pd.Index,
        words: Words,
        *,
        taken: Iterable[str] = (),
    ) -> pd.DataFrame:
        """Return numbers and categories of customers, as known before a cutoff.

        Columns whose name is `taken` are named after their table too.
        """
        names = set(taken)
        found = [pd.DataFrame(index=customers)]
        for table in self.tables:
            columns = self._of_table(table, cutoff, customers, words)
            # an attribute may bear the name of one of ours
            apart = {c: named_apart(c, table) for c in columns if c in names}
            found.append(columns.rename(columns=apart))
            names.update(map(str, found[-1]))
        return pd.concat(found, axis=1)

    def _of_table(
        self, name: str, cutoff: date, customers: pd.Index, words: Words
    ) -> pd.DataFrame:
        columns = columns_of(name, self.rows[name], cutoff, customers, words)
        if pd.Timestamp(cutoff) > self.begins[name]:
            return columns
        # before a table begins, none of it is a fact about customers
        return pd.DataFrame(np.nan, customers, columns.columns)

    def names(self, vocabulary: Vocabulary) -> dict[str, list[str]]:
        """Return the columns of each table."""
        nobody, day = pd.Index(["nobody"]), date(2200, 1, 1)
        found = {}
        for table in self.tables:
            raw = self._of_table(table, day, nobody, vocabulary.words)
            found[table] = [*map(str, _numbers(raw, vocabulary))]
        return found

    def vocabulary(
        self, known_at: date, customers: pd.Index, *, taken: Iterable[str] = ()
    ) -> Vocabulary:
        """Return the commonest words known before a day, of the customers then."""
        words = words_before(self.rows, known_at)
        raw = self.raw(known_at, customers, words, taken=taken)
        categories = raw.select_dtypes(include="object")
        return Vocabulary(words, {str(c): _levels(raw[c]) for c in categories})

    def wide_vocabulary(
        self, known_at: date, customers: pd.Index, *, taken: Iterable[str] = ()
    ) -> Vocabulary:
        """Return the words that models of earlier days know, as far as can be told."""
        words = words_before(self.rows, known_at, room=ROOM)
        raw = self.raw(known_at, customers, words, taken=taken)
        categories = raw.select_dtypes(include="object")
        levels = {str(c): self._known(str(c), known_at) for c in categories}
        return Vocabulary(words, levels)

    def _known(self, name: str, known_at: date) -> tuple[str, ...]:
        """Return the commonest texts of a category so far, whoever has them now."""
        columns = {t: name.removesuffix(named_apart("", t)) for t in self.rows}
        held = [(self.rows[t], c) for t, c in columns.items() if c in self.rows[t]]
        day, most = day_number(known_at), MOST_LEVELS * ROOM
        found = (rows.words_before(day, column, most) for rows, column in held)
        return tuple(dict.fromkeys(word for words in found for word in words))

    def columns(
        self,
        cutoff: date,
        customers: pd.Index,
        vocabulary: Vocabulary,
        *,
        taken: Iterable[str] = (),
    ) -> pd.DataFrame:
        """Return numbers of customers, as known before a cutoff.

        A missing category is missing in all of its columns; one without a column is 0
        in all of them.
        """
        raw = self.raw(cutoff, customers, vocabulary.words, taken=taken)
        return _numbers(raw, vocabulary)


def named_apart(column: str, table: str) -> str:
    """Return the name of a column that another one has as well."""
    return f"{column} ({table})"


def _numbers(raw: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    numbers: dict[str, np.ndarray] = {}
    for name in map(str, raw):
        levels = vocabulary.levels.get(name)
        if levels is not None:
            numbers |= _one_hot(name, raw[name], levels)
        else:
            # what was learnt as a number and comes as a text
            read = pd.to_numeric(raw[name], errors="coerce")
            numbers[name] = read.to_numpy(np.float64)
    return pd.DataFrame(numbers, index=raw.index)


def _levels(values: pd.Series) -> tuple[str, ...]:
    counts = values.value_counts()
    counts = counts[counts >= FEWEST_ROWS]
    # ties in the order of the alphabet: the rows' order is no meaning
    order = sorted(counts.index, key=lambda level: (-counts[level], str(level)))
    return tuple(str(level) for level in order[:MOST_LEVELS])


def _text(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole else str(value)


def _one_hot(
    name: str, values: pd.Series, levels: Sequence[str]
) -> dict[str, np.ndarray]:
    codes, kinds = pd.factorize(values)
    # what was learnt as a category and comes as a number: 3.0 is the 3 of the texts
    texts = [_text(kind) for kind in kinds]
    place = {text: code for code, text in enumerate(texts)}
    missing = codes < 0
    own = {f"{name}{IS_WORD}{level}": place.get(level, -1) for level in levels}
    return {n: np.where(missing, np.nan, codes == code) for n, code in own.items()}
