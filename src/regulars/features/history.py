"""The days of a block of customers, out of their clean lines.

The lines are sorted once by customer and day, and each day gets what its lines add: an
amount, an order, the first of a product. Only this module knows of lines; features are
made of days.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.features.sorted_rows import (
    Running,
    SortedRows,
    in_micros,
    running_total,
)

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.features.sorted_rows import Flags, Floats, Ints

MOST_BITS = 63
"""Bits of one whole number."""

LINE_COLUMNS = (
    "customer_id",
    "order_date",
    "amount",
    "is_return",
    "order_id",
    "order_time",
    "quantity",
    "discount_amount",
    "product_id",
    "category",
    "cost_amount",
    "margin_rate",
)
"""Columns of the clean lines that features read; those below `is_return` if any."""


class Days(SortedRows):
    """One row a customer and day with a line.

    ``is_purchase`` (a line of the day is no return), ``n_orders`` and ``n_lines``
    (bought), ``gap_days`` (since the purchase day before; 0 on the first one and on
    days of returns alone), ``spend`` (net of returns), ``returns_amount`` (>= 0) and,
    as far as the log has them, ``quantity``, ``discount_amount``, ``margin`` and
    ``margin_amount``. Of products and categories what the day adds: ``new_products``,
    ``new_categories``, ``category_lines``, ``category_squares`` (of the lines by
    category) and ``category_lines_of_one`` (so far, the largest).
    """

    @cached_property
    def purchases(self) -> Ints:
        """Places of the days with a purchase."""
        return np.flatnonzero(self["is_purchase"])


def _days(lines: _Lines) -> Days:
    starts = lines.day_starts
    customer, day = lines.customer[starts], lines.day[starts]
    ends = np.append(starts, len(lines.day))

    def running(values: NDArray[Any], *, is_amount: bool = False) -> Running:
        # what lines add runs up over the lines, and is read where a day ends
        totals = running_total(values).totals
        return Running(totals[ends], is_amount)

    amounts = lines.amounts()
    n_lines = running(lines.is_bought)
    is_purchase = np.diff(n_lines.totals) > 0
    columns = {
        "is_purchase": is_purchase,
        "gap_days": _gaps(customer, day, is_purchase),
        "n_orders": lines.n_orders(is_purchase),
    }
    totals = {name: running(each, is_amount=True) for name, each in amounts.items()}
    totals["n_lines"] = n_lines
    if lines.has("product_id"):
        totals["new_products"] = running(lines.nth("product_id") == 1)
    if lines.has("category"):
        nth = lines.nth("category")
        totals["new_categories"] = running(nth == 1)
        totals["category_lines"] = running(nth > 0)
        # the k-th line of a category adds 2 k - 1 to the sum of squares
        totals["category_squares"] = running(np.maximum(2 * nth - 1, 0))
        largest = np.maximum.reduceat(nth, starts) if len(starts) else nth
        columns["category_lines_of_one"] = largest
    return Days(customer, day, lines.n_customers, columns, totals)


def _gaps(customer: Ints, day: Ints, is_purchase: Flags) -> Ints:
    places = np.flatnonzero(is_purchase)
    is_same = np.diff(customer[places]) == 0
    gaps = np.zeros(len(day), np.int64)
    gaps[places[1:]] = np.where(is_same, np.diff(day[places]), 0)
    return gaps


@dataclass(frozen=True)
class History:
    """The days of a block of customers, called by their place in `customers`."""

    # ids, rising
    customers: pa.Array
    days: Days
    lines: pa.Table

    def before(self, end: date, start: date | None = None) -> History:
        """Return the history of the days before `end`, from `start` on."""
        day = self.lines["order_date"]
        inside = pc.less(day, end)
        if start is not None:
            inside = pc.and_(inside, pc.greater_equal(day, start))
        is_whole = pc.all(inside, min_count=0).as_py()
        return self if is_whole else history_of(self.lines.filter(inside))


def history_of(table: pa.Table) -> History:
    """Return the history of some customers, of all of their clean lines.

    The lines may come in any order; sorted ones are not sorted once more.
    """
    customers, customer = _ranked(table["customer_id"])
    day = _days_of(table["order_date"])
    order = _order(customer, day)
    if order is not None:
        table = table.take(pa.array(order))
        customer, day = customer[order], day[order]
    lines = _Lines(table, customer, day, len(customers))
    return History(customers, _days(lines), table)


def _ranked(ids: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the ids that there are, rising, and for each row the place of its own."""
    encoded = ids.combine_chunks().dictionary_encode()
    names = encoded.dictionary
    rising = pc.sort_indices(names)
    ranks = np.empty(len(names), np.int64)
    ranks[rising.to_numpy()] = np.arange(len(names))
    return names.take(rising), ranks[encoded.indices.to_numpy(zero_copy_only=False)]


def _days_of(dates: pa.ChunkedArray) -> Ints:
    numbers = dates.combine_chunks().cast(pa.int32()).to_numpy()
    return np.asarray(numbers, np.int64)


def _order(customer: Ints, day: Ints) -> Ints | None:
    """Return the rows by customer and day; None where they stand so already."""
    step = np.diff(customer)
    if ((step > 0) | ((step == 0) & (np.diff(day) >= 0))).all():
        return None
    return np.lexsort((day, customer))


class _Lines:
    """The lines of a block, by customer and day."""

    def __init__(
        self, table: pa.Table, customer: Ints, day: Ints, n_customers: int
    ) -> None:
        self._table = table
        self.customer, self.day, self.n_customers = customer, day, n_customers
        amount = self._numbers("amount")
        self.is_bought = ~(self._flags("is_return") | (amount < 0))
        new_day = np.ones(len(day), bool)
        new_day[1:] = (np.diff(customer) != 0) | (np.diff(day) != 0)
        self.day_starts = np.flatnonzero(new_day)
        self._day_of_line = np.cumsum(new_day) - 1

    def has(self, name: str) -> bool:
        return name in self._table.column_names

    def _signed(self, name: str) -> Ints:
        """Return a measure in millionths, negative for returns."""
        micros = in_micros(self._numbers(name))
        return np.where(self.is_bought, micros, -np.abs(micros))

    def amounts(self) -> dict[str, Ints]:
        """Return what the lines add up to, in millionths."""
        spend = self._signed("amount")
        returns = np.where(self.is_bought, 0, -spend)
        names = [n for n in ("quantity", "discount_amount") if self.has(n)]
        optional = {name: self._signed(name) for name in names}
        measures = {"spend": spend, "returns_amount": returns, **optional}
        return measures | self._own_margins()

    def _own_margins(self) -> dict[str, Ints]:
        """Return the margin of lines that have their own, and what those came to."""
        amount = np.abs(self._numbers("amount"))
        margins = []
        if self.has("cost_amount"):
            # some systems write costs, or those of returns, with a minus
            margins.append(amount - np.abs(self._numbers("cost_amount")))
        if self.has("margin_rate"):
            margins.append(amount * self._numbers("margin_rate"))
        if not margins:
            return {}
        first, last = margins[0], margins[-1]
        margin = np.where(np.isnan(first), last, first)
        sign = np.where(self.is_bought, 1, -1)
        amount = np.where(np.isnan(margin), 0.0, amount)
        return {
            "margin": sign * in_micros(margin),
            "margin_amount": sign * in_micros(amount),
        }

    def n_orders(self, is_purchase: Flags) -> Ints:
        """Return the orders of each day.

        Nearly every day names its orders one after the other; only of days with three
        changes and more can one come back.
        """
        orders = self._table["order_id" if self.has("order_id") else "order_time"]
        known = orders.combine_chunks()
        day = self._day_of_line
        is_known = self.is_bought
        if known.null_count:
            is_known = is_known & known.is_valid().to_numpy(zero_copy_only=False)
        if not is_known.all():
            places = np.flatnonzero(is_known)
            known, day = known.take(pa.array(places)), day[places]
        opens = _changes(day)
        opens[1:] |= pc.not_equal(known[1:], known[:-1]).to_numpy(zero_copy_only=False)
        n_days = len(self.day_starts)
        n_orders = np.bincount(day[opens], minlength=n_days)
        if n_orders.max(initial=0) > 2:
            doubtful = np.flatnonzero((n_orders > 2)[day])
            own, codes = day[doubtful], _codes(known.take(pa.array(doubtful)))
            n_orders[own] = 0
            n_orders += np.bincount(own[_nth(own, codes) == 1], minlength=n_days)
        # purchases without an order number are still an order
        return np.maximum(n_orders, is_purchase)

    def nth(self, name: str) -> Ints:
        """Count a customer's lines of each product or category; 0: of none."""
        values = self._table[name].combine_chunks()
        places = np.flatnonzero(self.is_bought & values.is_valid().to_numpy(False))
        codes = _codes(values)[places]
        numbers = np.zeros(len(self.day), np.int64)
        numbers[places] = _nth(self.customer[places], codes)
        return numbers

    def _numbers(self, name: str) -> Floats:
        values = self._table[name].combine_chunks().cast(pa.float64())
        numbers: Floats = values.to_numpy(zero_copy_only=False)
        return numbers

    def _flags(self, name: str) -> Flags:
        flags: Flags = self._table[name].combine_chunks().to_numpy(zero_copy_only=False)
        return flags


def _changes(values: Ints) -> Flags:
    changes = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes


def _codes(values: pa.Array) -> Ints:
    """Return a whole number for each of the values that are not null."""
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    indices = values.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return np.asarray(indices, np.int64)


def _nth(owner: Ints, code: Ints) -> Ints:
    """Count the rows of each owner and code from 1, in the order in which they stand.

    Sorted as one whole number, which is several times as fast as by three keys.
    """
    size = len(owner)
    place_bits = max(size.bit_length(), 1)
    code_bits = max(int(code.max(initial=0)).bit_length(), 1)
    owner = owner - owner.min(initial=0)
    owner_bits = int(owner.max(initial=0)).bit_length()
    if place_bits + code_bits + owner_bits > MOST_BITS:
        rows = np.lexsort((code, owner))
        return _numbered(rows, _changes(owner[rows]) | _changes(code[rows]))
    packed = (owner << code_bits | code) << place_bits
    packed |= np.arange(size)
    packed.sort()
    rows = packed & ((1 << place_bits) - 1)
    return _numbered(rows, _changes(packed >> place_bits))


def _numbered(rows: Ints, opens: Flags) -> Ints:
    """Count sorted rows from 1 wherever a new one opens."""
    rank = np.arange(len(rows))
    starts = np.where(opens, rank, 0)
    numbers = np.empty(len(rows), np.int64)
    numbers[rows] = rank - np.maximum.accumulate(starts) + 1
    return numbers
