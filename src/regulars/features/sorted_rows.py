"""Rows of customers, sorted once by customer and day.

What a row adds runs up over the whole array, so that a sum over any window of any
customer at any cutoff is the difference of two elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

Measure = str | Callable[[Any], Any]
"""A column of the rows, or a function from them to what each of them adds: whole
numbers, flags or amounts."""

EMPTY: Mapping[str, Any] = MappingProxyType({})

MICROS = 1_000_000
"""Integer units in one unit of currency, of quantity or of anything else added up."""

SCALE = 1 << 20
"""Fractions are summed in whole units of 1 / SCALE, so that order does not matter."""

_EPOCH = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Return the days from 1970-01-01 to a day."""
    return day.toordinal() - _EPOCH


class SortedRows:
    """Rows by customer and day, and what each of them adds.

    ``customer`` (positions from 0) never falls, ``day`` (since 1970-01-01) never falls
    within a customer; customers may have no row. ``columns`` are whole numbers, flags
    and amounts beside the rows, ``running`` the running totals of further ones; of
    either, ``rows["spend"]`` is the column in its own unit.

    A measure is the name of a column or a function of the rows; what it adds for a row
    may depend on that row and on those before it. Running totals are kept by measure:
    pass the same function each time.
    """

    def __init__(
        self,
        customer: Ints,
        day: Ints,
        n_customers: int,
        columns: Mapping[str, NDArray[Any]] = EMPTY,
        running: Mapping[str, Running] = EMPTY,
    ) -> None:
        self.customer, self.day = customer, day
        self.n_customers = n_customers
        self._columns = dict(columns)
        self._running: dict[Measure, Running] = {}
        self._running.update(running.items())
        self._places: dict[Measure, Ints] = {}
        self.names = (*columns, *running)
        self._from = int(day.min()) if len(day) else 0
        # one more than the days there are: for what lies beyond the last of them
        self._span = (int(day.max()) - self._from + 2) if len(day) else 2
        self._key = customer * self._span + (day - self._from)
        self._base = np.arange(n_customers, dtype=np.int64) * self._span

    def __len__(self) -> int:
        return len(self.day)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            added, running = self.whole(name), self._running[name]
            self._columns[name] = added / MICROS if running.is_amount else added
        return self._columns[name]

    def whole(self, name: str) -> Ints:
        """Return a column in whole numbers: of amounts, millionths."""
        return np.diff(self.running(name).totals)

    def until(self, day: int) -> Ints:
        """Return for each customer the place of their first row on or after a day."""
        offset = min(max(day - self._from, 0), self._span - 1)
        return np.searchsorted(self._key, self._base + offset)

    @cached_property
    def firsts(self) -> Ints:
        """The place of each customer's first row."""
        return self.until(self._from)

    def values(self, measure: Measure) -> NDArray[Any]:
        """Return what each row adds to a measure."""
        return measure(self) if callable(measure) else self._columns[measure]

    def running(self, measure: Measure) -> Running:
        """Return the running total of a measure."""
        if measure not in self._running:
            self._running[measure] = running_total(self.values(measure))
        return self._running[measure]

    def places(self, flag: Measure) -> Ints:
        """Return the places of the rows with a flag."""
        if flag not in self._places:
            self._places[flag] = np.flatnonzero(np.diff(self.running(flag).totals))
        return self._places[flag]


class Running(NamedTuple):
    """Running totals from 0: one more than there are rows."""

    totals: Ints
    # of amounts, in millionths
    is_amount: bool


def running_total(values: NDArray[Any]) -> Running:
    """Add up from 0; amounts in whole millionths, so that their order is no matter."""
    is_amount = values.dtype.kind == "f"
    total = np.zeros(len(values) + 1, np.int64)
    added = in_micros(values) if is_amount else values
    np.cumsum(added, out=total[1:], dtype=np.int64)
    return Running(total, is_amount)


def in_micros(values: Floats) -> Ints:
    """Return whole millionths, halves away from zero; what is missing counts as 0."""
    scaled = np.nan_to_num(values * MICROS, nan=0.0)
    scaled += np.copysign(0.5, scaled)
    return scaled.astype(np.int64)


class Seen:
    """The rows of some customers (None: all) that lie before a cutoff.

    Everything is an array with one element a customer; rows of the cutoff's own day and
    later ones are in none of them.
    """

    def __init__(self, rows: SortedRows, cutoff: date, who: Ints | None = None) -> None:
        self.rows = rows
        self.cutoff = cutoff
        self.day = day_number(cutoff)
        self.who = np.arange(rows.n_customers) if who is None else who
        self.first = rows.firsts[self.who]
        self._ends = rows.until(self.day)
        self.end = self._ends[self.who]
        self._starts: dict[int, Ints] = {}

    def __len__(self) -> int:
        return len(self.who)

    def start(self, last_days: int | None = None) -> Ints:
        """Return the place of the first row of the last days; None: of all."""
        if last_days is None:
            return self.first
        if last_days not in self._starts:
            start = self.rows.until(self.day - last_days)[self.who]
            self._starts[last_days] = start
        return self._starts[last_days]

    def count(self, last_days: int | None = None) -> Ints:
        """Return the number of rows."""
        return self.end - self.start(last_days)

    def total(
        self, what: Measure | Running, last_days: int | None = None
    ) -> NDArray[Any]:
        """Return the sum of a measure: of amounts as float64, of all else as int64."""
        running = what if isinstance(what, Running) else self.rows.running(what)
        start = self.start(last_days)
        total = running.totals[self.end] - running.totals[start]
        return total / MICROS if running.is_amount else total

    def largest(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the largest of the values; 0 where there is no row."""
        # of all customers, in the order of the rows: in any other one the spans
        # between them would be long
        places = np.empty(2 * self.rows.n_customers, np.int64)
        places[0::2], places[1::2] = self.rows.firsts, self._ends
        # the last of them may end where the rows end
        padded = np.append(values, values.dtype.type(0))
        found = np.maximum.reduceat(padded, places)[::2] if len(places) else values[:0]
        return np.where(self.end > self.first, found[self.who], 0)

    def last(
        self, values: NDArray[Any], among: Measure | Flags | None = None, back: int = 0
    ) -> NDArray[Any]:
        """Return the value of the last row, or the last with a flag; missing: NaN.

        With ``back``, of the row so many before it.
        """
        place, there = self.last_place(among, back)
        is_number = values.dtype.kind in "biuf"
        found = np.full(len(self), np.nan, np.float64 if is_number else object)
        found[there] = values[place[there]]
        return found

    def last_place(
        self, among: Measure | Flags | None = None, back: int = 0
    ) -> tuple[Ints, Flags]:
        """Return the place of such a row, and whether a customer has one."""
        if among is None:
            place = self.end - 1 - back
            return place, place >= self.first
        if isinstance(among, np.ndarray):
            totals, places = running_total(among).totals, np.flatnonzero(among)
        else:
            totals, places = self.rows.running(among).totals, self.rows.places(among)
        nth = totals[self.end] - 1 - back
        # of customers without one, it is somebody else's
        place = np.append(places, -1)[np.maximum(nth, -1)]
        return place, nth >= totals[self.first]

    def since(self, among: Measure | Flags | None = None) -> Floats:
        """Return the days since the last row, or the last with a flag."""
        return self.day - self.last(self.rows.day, among)


def ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> Floats:
    """Return the quotient as float64; missing where the denominator is zero."""
    above = np.asarray(numerator, np.float64)
    below = np.asarray(denominator, np.float64)
    missing = np.full(np.broadcast(above, below).shape, np.nan)
    quotient: Floats = np.divide(above, below, out=missing, where=below != 0)
    return quotient
