"""The rows of a dated table (events, tickets, ...), sorted once for every cutoff.

What became known later than the row itself (a resolution, a redemption) stands in an
order of its own: `SeenRows.by` sees the rows by that other day. So nothing is seen but
what lies before the cutoff, and a feature is a count, a sum, a last one, a time since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.features import table_columns
from regulars.features.sorted_rows import Seen, SortedRows, ratio
from regulars.features.table_columns import NEVER, array_of, order_of, ranked

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Flags, Floats, Ints, Measure
    from regulars.features.table_columns import Table

T = TypeVar("T")

Words = Mapping[str, tuple[str, ...]]
"""Stem of columns -> the words (event types, priorities, ...) that have their own."""

SEPARATORS = {"tags": r"[,;|\s]+"}
"""What stands between words, in columns that hold several; their case is no matter."""


class DatedRows(SortedRows):
    """The rows of a dated table (``customer_id``, ``day`` and more) in order.

    ``rows["points"]`` is a column as numbers or flags.
    """

    def __init__(
        self, table: Table, ids: pa.Array, order: Ints, customer: Ints, day: Ints
    ) -> None:
        # one customer more, without a row, stands for all that are not in the table
        super().__init__(customer, day, len(ids) + 1)
        self.ids, self.table, self.order = ids, table, order
        self.names = table_columns.names_of(table)
        self._made: dict[tuple[str, str], Any] = {}

    @classmethod
    def of(
        cls, table: Table, then_by: Sequence[str] = (), who: str = "customer_id"
    ) -> Self:
        """Sort the rows of a table by customer, day and the columns of ``then_by``.

        These decide between rows of one day, so that the order of the table does not.
        """
        customer, ids = ranked(array_of(table, who))
        day = table_columns.days(array_of(table, "day"))
        # a row of nobody, or of no day, is nobody's
        there = np.flatnonzero((customer > 0) & (day < NEVER))
        names = [name for name in then_by if name in table_columns.names_of(table)]
        ties = [ranked(array_of(table, name))[0][there] for name in names]
        customer, day = customer[there].astype(np.int64) - 1, day[there]
        order = order_of(customer, day - day.min(initial=NEVER), *ties)
        return cls(table, ids, there[order], customer[order], day[order])

    def by(self, name: str) -> DatedRows:
        """Return the rows that have another date, by that date.

        Or by their own where it is later: before that nothing is known of a row.
        """
        return self._once("by", name, self._by)

    def _by(self, name: str) -> DatedRows:
        day = np.maximum(self.days(name), self.day)
        there = np.flatnonzero(day < NEVER)
        customer, day = self.customer[there], day[there]
        order = order_of(customer, day - day.min(initial=NEVER))
        places = self.order[there[order]]
        return DatedRows(self.table, self.ids, places, customer[order], day[order])

    def of_side(self, who: str) -> DatedRows:
        """Return the same rows as those of the customers in another column."""
        return self._once("of", who, lambda who: DatedRows.of(self.table, who=who))

    def at(self, cutoff: date, customers: pd.Index) -> SeenRows:
        """Return the rows of some customers that lie before a cutoff."""
        wanted = pa.array(customers, from_pandas=True)
        ids = self.ids
        if wanted.type != ids.type:
            # one table may hold numbers where another holds texts
            wanted, ids = wanted.cast(pa.string()), ids.cast(pa.string())
        who = pc.index_in(wanted, value_set=ids)
        places = who.fill_null(len(self.ids)).to_numpy(zero_copy_only=False)
        return SeenRows(self, cutoff, places.astype(np.int64), customers)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._once("numbers", name, self._numbers)

    def _numbers(self, name: str) -> NDArray[Any]:
        return table_columns.numbers(array_of(self.table, name))[self.order]

    def days(self, name: str) -> Ints:
        """Return a column of dates as days since 1970-01-01; `NEVER`: none."""
        return self._once("days", name, self._days)

    def _days(self, name: str) -> Ints:
        return table_columns.days(array_of(self.table, name))[self.order]

    def texts(self, name: str) -> Texts:
        """Return a column of texts."""
        return self._once("texts", name, self._texts)

    def _texts(self, name: str) -> Texts:
        codes, texts = ranked(array_of(self.table, name).cast(pa.string()))
        words, places = texts, np.arange(len(texts))
        if name in SEPARATORS:
            lists = pc.split_pattern_regex(pc.utf8_lower(texts), SEPARATORS[name])
            words, places = pc.list_flatten(lists), pc.list_parent_indices(lists)
        whole = [None, *texts.to_pylist()]
        return Texts(
            codes[self.order],
            np.array(whole, object),
            words.to_numpy(zero_copy_only=False),
            1 + np.asarray(places, np.int64),
        )

    def values(self, measure: Measure) -> NDArray[Any]:
        """Return what each row adds to a measure."""
        return self[measure] if isinstance(measure, str) else measure(self)

    def _once(self, kind: str, name: str, make: Callable[[str], T]) -> T:
        if (kind, name) not in self._made:
            self._made[kind, name] = make(name)
        found: T = self._made[kind, name]
        return found

    def words_before(self, day: int, name: str, most: int) -> tuple[str, ...]:
        """Return the commonest words of a column known by a day; ties by alphabet."""
        texts = self.texts(name)
        known = np.bincount(texts.codes[self.day < day], minlength=len(texts.texts))
        found: Counter[str] = Counter()
        for word, code in zip(texts.words, texts.codes_of_words, strict=True):
            found[word] += int(known[code])
        words = [word for word, n in found.items() if n and word]
        return tuple(sorted(words, key=lambda word: (-found[word], word))[:most])


class Texts(NamedTuple):
    """A column of texts, and the words in them."""

    # the place of each row's text in the texts, the first of which is None
    codes: Ints
    texts: NDArray[np.object_]
    # the words, and the code of the text in which each stands
    words: NDArray[np.object_]
    codes_of_words: Ints


@dataclass(frozen=True)
class Has:
    """Which rows have a word in a column; none has it where there is no column."""

    column: str
    word: str

    def __call__(self, rows: DatedRows) -> Flags:
        """Return a flag a row."""
        if self.column not in rows:
            return np.zeros(len(rows), bool)
        texts = rows.texts(self.column)
        hit = np.zeros(len(texts.texts), bool)
        hit[texts.codes_of_words[texts.words == self.word]] = True
        return hit[texts.codes]


@dataclass(frozen=True)
class Known:
    """Which rows have a number in a column."""

    column: str

    def __call__(self, rows: DatedRows) -> Flags:
        """Return a flag a row."""
        return np.asarray(~np.isnan(rows[self.column]))


@dataclass(frozen=True)
class Changed:
    """Which rows have another text in a column than the customer's last; the first."""

    column: str

    def __call__(self, rows: DatedRows) -> Flags:
        """Return a flag a row."""
        codes = rows.texts(self.column).codes
        places = np.flatnonzero(codes)
        flags, own = np.zeros(len(rows), bool), codes[places]
        is_new = np.ones(len(places), bool)
        who = rows.customer[places]
        is_new[1:] = (own[1:] != own[:-1]) | (who[1:] != who[:-1])
        flags[places] = is_new
        return flags


class SeenRows(Seen):
    """The rows of some customers before a cutoff."""

    rows: DatedRows

    def __init__(
        self, rows: DatedRows, cutoff: date, who: Ints, customers: pd.Index
    ) -> None:
        super().__init__(rows, cutoff, who)
        self.customers = customers
        self._by: dict[str, SeenRows] = {}

    def by(self, name: str) -> SeenRows:
        """Return what is seen of the rows by another date of theirs."""
        if name not in self._by:
            rows = self.rows.by(name)
            self._by[name] = SeenRows(rows, self.cutoff, self.who, self.customers)
        return self._by[name]

    def of_side(self, who: str) -> SeenRows:
        """Return what is seen of the rows where customers are in another column."""
        return self.rows.of_side(who).at(self.cutoff, self.customers)

    def number(self, flag: Measure | None = None, last_days: int | None = None) -> Ints:
        """Return how many rows there are, or how many with a flag."""
        return self.count(last_days) if flag is None else self.total(flag, last_days)

    def since_first(self) -> Floats:
        """Return the days since the first row."""
        there = self.end > self.first
        first = np.append(self.rows.day, 0)[self.first]
        return np.where(there, self.day - first, np.nan)

    def mean(self, column: str) -> Floats:
        """Return the mean of the values that there are; missing without one."""
        return ratio(self.total(column), self.number(Known(column)))

    def last_text(
        self, column: str, among: Measure | Flags | None = None
    ) -> NDArray[np.object_]:
        """Return the text of the last row with a flag; None without one."""
        texts = self.rows.texts(column)
        codes = np.nan_to_num(self.last(texts.codes, among)).astype(np.int64)
        return np.asarray(texts.texts[codes], object)

    def counts(
        self, stem: str, flag: Measure | None = None, counts: Sequence[Count] = ()
    ) -> Columns:
        """Return some counts of the rows with a flag; default: `COUNTS`."""
        chosen = counts or COUNTS
        return {count.name.format(stem): count.of(self, flag) for count in chosen}

    def by_word(self, worded: Mapping[str, Worded], words: Words) -> Columns:
        """Return the counts of the rows with each word that has columns of its own."""
        columns: Columns = {}
        for stem, each in worded.items():
            for word in words.get(stem, ()):
                flag = Has(each.column, word)
                columns |= self.counts(f"{stem}_{word}", flag, each.counts_of(word))
        return columns


class Count(NamedTuple):
    """One way to count rows with a flag: a column and its meaning."""

    # with {} for the stem
    name: str
    # with {one} and {many} for what is counted
    meaning: str
    of: Callable[[SeenRows, Any], NDArray[Any]]


def within(days: int) -> Count:
    """Return the count of the last days; the cutoff's own is not among them."""
    return Count(
        f"{{}}_last_{days}_days",
        f"{{many}} in the last {days} days",
        lambda seen, flag: seen.number(flag, days),
    )


def _trend(seen: SeenRows, flag: Measure | None) -> Floats:
    recent, both = (seen.number(flag, days) for days in (30, 90))
    # a third of the days: three times the recent ones against the earlier two thirds
    return ratio(3 * recent - both, recent + both)


EVER = Count("{}_ever", "{many} so far", SeenRows.number)
SINCE = Count("days_since_{}", "Days since the last {one}", SeenRows.since)
TREND = Count(
    "{}_trend",
    "{many} a day, last 30 days against the 60 before: 1 all new, 0 even, -1 all gone",
    _trend,
)
COUNTS = (within(30), within(90), EVER, SINCE)


class Worded(NamedTuple):
    """A column each of whose commonest words has columns of its own."""

    column: str
    most: int
    # what is counted of a word
    counts_of: Callable[[str], Sequence[Count]]


def meanings(
    stem: str, one: str, many: str, counts: Sequence[Count] = COUNTS
) -> dict[str, str]:
    """Return the columns of some counts with their meanings."""
    return {c.name.format(stem): c.meaning.format(one=one, many=many) for c in counts}


def as_frame(columns: Columns, customers: pd.Index) -> pd.DataFrame:
    """Return columns of numbers and of categories as a frame."""
    # pandas would take texts for a type of its own
    return pd.DataFrame(
        {
            name: pd.Series(values, customers, dtype=object)
            if values.dtype == object
            else values.astype(np.float64)
            for name, values in columns.items()
        },
        index=customers,
    )
