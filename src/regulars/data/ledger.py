"""Collapse the purchase log to one row a customer and day.

Times have become days, because only whole days are subtracted alike on every engine.
Money is summed in integers, so that neither row order nor threads can move a figure.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from regulars.errors import DataError

if TYPE_CHECKING:
    from datetime import date

MICROS = 1_000_000
"""Integer units in one unit of currency (or of quantity)."""

LARGEST_AMOUNT = 1e12
"""A line above this many units of currency would overflow a customer's sum."""

REQUIRED = ("customer_id", "order_time", "order_date", "amount", "is_return")

MEASURES = ("spend", "returns_amount", "quantity", "discount_amount")
"""Columns of a ledger's days that also stand there in integer millionths."""

OWN_MARGIN_UNITS = ("margin", "margin_amount")
"""The same, of logs whose lines carry their own margin; other logs lack them."""

MARGIN_COLUMNS = ("cost_amount", "margin_rate")
"""Columns of the transactions that say a line's own margin; the first one wins."""


@dataclass(frozen=True)
class Ledger:
    """The purchase log by customer and day.

    Attributes
    ----------
    days : ibis.Table
        One row a customer and day, materialised in the engine: ``customer_id``,
        ``day`` (date), ``is_purchase`` (at least one line that is not a return),
        ``n_orders`` and ``n_lines`` (purchases only), ``spend`` (net of the returns
        of that day), ``returns_amount`` (>= 0), ``quantity`` and ``discount_amount``
        (net of returns; null where the source has no such column). The four measures
        are float64; ``spend_micros`` and so on hold the same as int64 millionths,
        whose sums do not depend on the order of the rows. Where the source has a
        ``cost_amount`` or a ``margin_rate`` there are also ``margin``, of the lines
        that have one (taken back by returns), and ``margin_amount``, what those lines
        came to.
    items : ibis.Table or None
        One row a line bought: ``customer_id``, ``day``, and ``product_id`` and
        ``category`` as far as the source has them; None where it has neither.
    transactions : ibis.Table
        The clean transactions.
    first_day, last_day : date or None
        First and last day with a row; None where the log is empty.
    columns : frozenset of str
        Columns of `transactions`.
    """

    days: ibis.Table
    items: ibis.Table | None
    transactions: ibis.Table
    first_day: date | None
    last_day: date | None
    columns: frozenset[str]


def build_ledger(transactions: ibis.Table) -> Ledger:
    """Collapse the clean transactions into one row a customer and day.

    A return (flagged, or a negative amount) lowers the spend of its day and is never a
    purchase; an order of amount zero is one. The orders of a day are its distinct
    ``order_id``; without that column its distinct ``order_time``, which makes one order
    a day where the log has dates only.

    Parameters
    ----------
    transactions : ibis.Table
        Clean transactions: ``customer_id``, ``order_time``, ``order_date``, ``amount``,
        ``is_return``, and any of ``order_id``, ``product_id``, ``category``,
        ``quantity``, ``discount_amount``, ``cost_amount``, ``margin_rate``.

    Returns
    -------
    Ledger

    Raises
    ------
    DataError
        A required column is missing, or an amount is not a number below 1e12.

    Notes
    -----
    Amounts are rounded to millionths of the unit of currency. An order whose lines lie
    on two days counts on both.

    Examples
    --------
    >>> from datetime import date
    >>> import pyarrow as pa
    >>> days = [date(2024, 1, 1), date(2024, 1, 1), date(2024, 1, 9)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "a", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, -4.0, -2.0], "is_return": [False, True, True]}))
    >>> ledger = build_ledger(log)
    >>> ledger.days.order_by("day").select(
    ...     "day", "is_purchase", "n_orders", "spend", "returns_amount").to_pandas()
              day  is_purchase  n_orders  spend  returns_amount
    0  2024-01-01         True         1    6.0             4.0
    1  2024-01-09        False         0   -2.0             2.0
    """
    _refuse_missing_columns(transactions)
    _refuse_oversized_amounts(transactions)
    lines = _signed_lines(transactions)
    days = _with_orders(materialise(_days(lines)), lines)
    span = days.aggregate(first=days.day.min(), last=days.day.max()).to_pyarrow()
    first_day, last_day = span["first"][0].as_py(), span["last"][0].as_py()
    return Ledger(
        days=with_units(days),
        items=_items(transactions),
        transactions=transactions,
        first_day=first_day,
        last_day=last_day,
        columns=frozenset(transactions.columns),
    )


def materialise(table: ibis.Table) -> ibis.Table:
    """Compute a table once, in a temporary table of its own engine."""
    backend = ibis.get_backend(table)
    if not backend.supports_temporary_tables:
        return table.cache()
    # kept on the engine itself: two of them may compare equal
    unused: list[str] = vars(backend).setdefault("_regulars_unused", [])
    while unused:
        backend.raw_sql(f'DROP TABLE IF EXISTS "{unused.pop()}"')
    name = ibis.util.gen_name("regulars")
    result = backend.create_table(name, table, temp=True)
    # The collector may run in any thread and in the middle of a query, whose result a
    # statement of its own would wipe out: it only notes what may go.
    weakref.finalize(result.op(), unused.append, name).atexit = False
    return result


def _refuse_missing_columns(transactions: ibis.Table) -> None:
    missing = [name for name in REQUIRED if name not in transactions.columns]
    if missing:
        msg = (
            f"The transactions lack the columns {missing}; they have "
            f"{sorted(transactions.columns)}. Pass the table that intake returns."
        )
        raise DataError(msg)


def _refuse_oversized_amounts(transactions: ibis.Table) -> None:
    amount = transactions.amount.cast("float64")
    is_bad = amount.isnan() | (amount.abs() >= LARGEST_AMOUNT)
    n_bad = transactions.aggregate(n=is_bad.cast("int64").sum()).to_pyarrow()
    if not n_bad["n"][0].as_py():
        return
    bad = transactions.filter(is_bad)
    ids = bad.select("customer_id").distinct().order_by("customer_id").limit(5)
    names = ", ".join(map(str, ids.to_pyarrow()["customer_id"].to_pylist()))
    msg = (
        f"Column 'amount' has {n_bad['n'][0].as_py():,} values that are not numbers "
        f"below {LARGEST_AMOUNT:g} (customers {names}). Set those rows aside, or state "
        "the amounts in a larger unit of currency."
    )
    raise DataError(msg)


def _signed_lines(transactions: ibis.Table) -> ibis.Table:
    """Return the lines with integer measures, negative for returns."""
    t = transactions
    is_return = t.is_return | (t.amount < 0)
    measures = {"spend": t.amount}
    for name in ("quantity", "discount_amount"):
        if name in t.columns:
            measures[name] = t[name]
    return t.select(
        customer_id=t.customer_id,
        day=t.order_date,
        order=t.order_id if "order_id" in t.columns else t.order_time,
        is_bought=~is_return,
        **{
            f"{name}_micros": _micros(is_return.ifelse(-value.abs(), value))
            for name, value in measures.items()
        },
        **_own_margins(t, is_return),
    )


def line_margin(transactions: ibis.Table) -> ibis.Value | None:
    """Return the margin of each line as if it were bought; null where it has none.

    A cost is read without its sign, as some systems write costs, or those of returns,
    with a minus. None where the log has neither column.
    """
    t = transactions
    amount, margins = t.amount.cast("float64").abs(), []
    if "cost_amount" in t.columns:
        margins.append(amount - t.cost_amount.cast("float64").abs())
    if "margin_rate" in t.columns:
        margins.append(amount * t.margin_rate.cast("float64"))
    return ibis.coalesce(*margins) if margins else None


def _own_margins(t: ibis.Table, is_return: ibis.Value) -> dict[str, ibis.Value]:
    margin = line_margin(t)
    if margin is None:
        return {}
    amount = margin.isnull().ifelse(0.0, t.amount.cast("float64").abs())
    signed = {"margin": margin.fill_null(0.0), "margin_amount": amount}
    return {
        f"{name}_micros": _micros(is_return.ifelse(-value, value))
        for name, value in signed.items()
    }


def _micros(value: ibis.Value) -> ibis.Value:
    return (value.cast("float64") * MICROS).round().cast("int64")


def _days(lines: ibis.Table) -> ibis.Table:
    bought = lines.is_bought
    sums = {
        f"{name}_micros": lines[f"{name}_micros"].sum().cast("int64")
        for name in ("spend", "quantity", "discount_amount", *OWN_MARGIN_UNITS)
        if f"{name}_micros" in lines.columns
    }
    returned = lines.spend_micros.sum(where=~bought).fill_null(0)
    n_lines = bought.cast("int64").sum().cast("int64")
    return lines.group_by("customer_id", "day").aggregate(
        is_purchase=n_lines > 0,
        n_lines=n_lines,
        first_order=lines.order.min(where=bought),
        last_order=lines.order.max(where=bought),
        returns_amount_micros=(-returned).cast("int64"),
        **sums,
    )


def _with_orders(days: ibis.Table, lines: ibis.Table) -> ibis.Table:
    """Add ``n_orders``.

    Nearly every day has one order, which its smallest and largest number tell at a
    tenth of the cost of counting distinct ones; only the other days are counted.
    """
    several = days.filter(days.first_order < days.last_order)
    counted = lines.filter(lines.is_bought).semi_join(several, ["customer_id", "day"])
    counts = counted.group_by("customer_id", "day").agg(n=counted.order.nunique())
    joined = days.left_join(counts, ["customer_id", "day"], rname="{name}_counted")
    # Purchases without an order number are still an order.
    n_orders = joined.n.fill_null(joined.is_purchase.cast("int64")).cast("int64")
    dropped = ("customer_id_counted", "day_counted", "n", "first_order", "last_order")
    days = joined.mutate(n_orders=n_orders).drop(*dropped)
    # a customer's days side by side: what groups by customer later takes half the time
    return materialise(days.order_by("customer_id", "day"))


def with_units(days: ibis.Table) -> ibis.Table:
    """Add the measures in units of currency beside their integer millionths."""
    missing = {
        f"{name}_micros": ibis.null("int64")
        for name in MEASURES
        if f"{name}_micros" not in days.columns
    }
    days = days.mutate(**missing)
    return days.mutate(
        **{
            name: days[f"{name}_micros"].cast("float64") / MICROS
            for name in units_of(days)
        }
    )


def units_of(days: ibis.Table) -> tuple[str, ...]:
    """Return the measures of some days: those of all logs, and own margins if any."""
    own = [name for name in OWN_MARGIN_UNITS if f"{name}_micros" in days.columns]
    return (*MEASURES, *own)


def _items(transactions: ibis.Table) -> ibis.Table | None:
    t = transactions
    names = [name for name in ("product_id", "category") if name in t.columns]
    if not names:
        return None
    bought = t.filter(~(t.is_return | (t.amount < 0)))
    return bought.select("customer_id", bought.order_date.name("day"), *names)
