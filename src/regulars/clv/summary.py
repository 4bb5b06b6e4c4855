"""Frequency, recency and T from purchases: what every purchase model is fitted to.

`grouped_summary` counts identical histories inside the engine: a hundred million
customers make some hundred thousand rows.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import pandas as pd

from regulars.errors import ConfigError, DataError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

_MICROS = 1_000_000  # whole units in one of currency
_LOG = (
    "customer_id",
    "day",
    "is_purchase",
    "spend",
    "order_date",
    "order_time",
    "amount",
    "is_return",
)


def summarise(
    purchases: Any,
    cutoff: dt.date | str,
    *,
    time_unit_days: float = 1.0,
    count_last_day: bool = True,
) -> Any:
    """Return frequency, recency, T and monetary_value of each customer.

    Parameters
    ----------
    purchases : ibis.Table or pandas.DataFrame
        Either the ledger's days (``customer_id``, ``day``, ``is_purchase``, ``spend``;
        one row a customer and day), or a log (``customer_id``, ``order_date`` or
        ``order_time``, and, as far as there are, ``amount`` and ``is_return``).
    cutoff : datetime.date or str
        The first day that is not seen any more. It equals the last day seen plus one:
        data "until 1997-09-30" have the cutoff 1997-10-01.
    time_unit_days : float, default 1.0
        Days in a unit of time, > 0: 7 gives weeks. Days are divided, never collapsed.

    count_last_day : bool, default True
        True: T runs to the cutoff, so the last day seen counts in full. False: T runs
        to the last day seen, as in the papers and in lifetimes; one day less.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, 4) or ibis.Table
        ``frequency`` (purchase days after the first), ``recency`` (first to last
        purchase day), ``T`` (first purchase day to cutoff), ``monetary_value`` (mean
        net spend of a repeat purchase day, 0 without one; where spend is known). A
        frame is indexed and sorted by ``customer_id``; a table has it as a column.

    Raises
    ------
    DataError
        If a column is missing or times are no times.
    ConfigError
        If ``cutoff`` or ``time_unit_days`` cannot be used.

    Notes
    -----
    All purchases of one calendar day are one. A line is a return where ``is_return``
    says so or the amount is negative; its amount counts as negative either way. A day
    is a purchase day if it has a line that is no return (an amount of zero is one),
    even if returns of the same day net it to zero. Days of returns only are none: they
    neither count nor enter ``monetary_value``, also before the first purchase. Only
    dates are subtracted, as timestamps differ by engine. Customers without a purchase
    before the cutoff, those with returns only among them, have no row.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "ann", "bob"],
    ...     "order_date": pd.to_datetime(
    ...         ["2024-01-01", "2024-01-08", "2024-01-29", "2024-01-15"]),
    ...     "amount": [10.0, 20.0, 40.0, 5.0],
    ... })
    >>> summarise(log, "2024-02-05", time_unit_days=7).loc["ann"].tolist()
    [2.0, 4.0, 5.0, 30.0]
    """
    days, end = _purchase_days(purchases), _End(_date(cutoff), count_last_day)
    has_spend = "spend" in days.columns
    histories = _histories(days, end, _unit(time_unit_days), with_spend=has_spend)
    if not isinstance(purchases, pd.DataFrame):
        return histories
    local: pd.DataFrame = histories.order_by("customer_id").to_pandas()
    return local.set_index("customer_id")


def grouped_summary(
    purchases: Any,
    cutoff: dt.date | str,
    *,
    time_unit_days: float = 1.0,
    count_last_day: bool = True,
) -> pd.DataFrame:
    """Return the distinct histories and how many customers have each.

    Fitting to it gives what fitting to `summarise` gives, at a fraction of the memory.

    Parameters
    ----------
    purchases, cutoff, time_unit_days, count_last_day
        As in `summarise`.

    Returns
    -------
    pandas.DataFrame of shape (n_histories, 4)
        ``frequency``, ``recency``, ``T`` and ``weight``, sorted.

    Raises
    ------
    DataError, ConfigError
        As in `summarise`.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": [1, 2, 3],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-05"]),
    ... })
    >>> grouped_summary(log, "2024-01-11").to_numpy().tolist()
    [[0.0, 0.0, 6.0, 1.0], [0.0, 0.0, 10.0, 2.0]]
    """
    unit, end = _unit(time_unit_days), _End(_date(cutoff), count_last_day)
    whole = _histories(_purchase_days(purchases), end, 1.0, with_spend=False)
    names = ["frequency", "recency", "T"]
    grouped = whole.group_by(names).aggregate(weight=lambda t: t.count())
    local: pd.DataFrame = grouped.order_by(names).to_pandas().astype("float64")
    return local.assign(recency=local["recency"] / unit, T=local["T"] / unit)


class _End(NamedTuple):
    """The cutoff, and the day to which the age T runs."""

    cutoff: dt.date
    count_last_day: bool

    @property
    def age_to(self) -> dt.date:
        return self.cutoff - dt.timedelta(days=0 if self.count_last_day else 1)


def _histories(days: ir.Table, end: _End, unit: float, *, with_spend: bool) -> ir.Table:
    """Return one row a customer from one row a customer and purchase day."""
    seen = days.filter(days.day < ibis.literal(end.cutoff, "date"))
    spend = {}
    if with_spend:
        spend = {
            "total": _micros(seen.spend).sum(),
            "first_spend": _micros(seen.spend).argmin(seen.day),
        }
    customers = seen.group_by("customer_id").aggregate(
        n_days=seen.count(), first=seen.day.min(), last=seen.day.max(), **spend
    )
    frequency = customers.n_days - 1
    columns = {
        "customer_id": customers.customer_id,
        "frequency": frequency.cast("float64"),
        "recency": _days_between(customers.first, customers.last) / unit,
        "T": _days_between(customers.first, ibis.literal(end.age_to, "date")) / unit,
    }
    if with_spend:
        repeat = (customers.total - customers.first_spend) / frequency.nullif(0)
        columns["monetary_value"] = (repeat / _MICROS).fill_null(0.0)
    return customers.select(**columns)


def _days_between(first: ir.DateValue, last: ir.DateValue) -> ir.FloatingValue:
    return last.delta(first, unit="day").cast("float64")


def _purchase_days(purchases: Any) -> ir.Table:
    """Return customer_id, day and, if known, spend: one row a purchase day."""
    table = purchases
    if isinstance(purchases, pd.DataFrame):
        frame = purchases
        if "customer_id" not in frame.columns and frame.index.name == "customer_id":
            frame = frame.reset_index()
        _require(frame.columns, "customer_id")
        table = ibis.memtable(frame[[n for n in _LOG if n in frame.columns]])
    elif type(purchases).__module__.split(".")[0] != "ibis":
        msg = (
            "purchases must be an ibis.Table or a pandas.DataFrame with one row a "
            f"purchase, got {type(purchases).__name__}."
        )
        raise TypeError(msg)
    _require(table.columns, "customer_id")
    if "is_purchase" in table.columns:
        _require(table.columns, "day")
        table = table.filter(table.is_purchase).mutate(day=table.day.cast("date"))
        return table.select(*_present(table, ("customer_id", "day", "spend")))
    return _days_of_log(table)


def _days_of_log(table: ir.Table) -> ir.Table:
    """Return the purchase days of a log with one row a line."""
    time = next((n for n in ("order_date", "order_time") if n in table.columns), None)
    if time is None:
        _require(table.columns, "order_date")
    if not (table[time].type().is_date() or table[time].type().is_timestamp()):
        msg = (
            f"Column {time!r} must hold dates or times, got {table[time].type()}. "
            "Parse it first, for instance with pandas.to_datetime."
        )
        raise DataError(msg)
    table = table.mutate(day=table[time].cast("date"), is_return=_is_return(table))
    measures = {"is_purchase": (~table.is_return).any()}
    if "amount" in table.columns:
        signed = table.is_return.ifelse(-table.amount.abs(), table.amount)
        measures["spend"] = _micros(signed).sum() / _MICROS
    daily = table.group_by("customer_id", "day").aggregate(**measures)
    return daily.filter(daily.is_purchase).drop("is_purchase")


def _is_return(table: ir.Table) -> ir.BooleanValue:
    """Return where a line is a return: by its flag, or by a negative amount."""
    is_return = ibis.literal(False)
    if "is_return" in table.columns:
        is_return = is_return | table.is_return.cast("boolean").fill_null(False)
    if "amount" in table.columns:
        is_return = is_return | (table.amount < 0).fill_null(False)
    return is_return


def _micros(amount: ir.NumericValue) -> ir.IntegerValue:
    """Return money as whole millionths, whose sum does not depend on the order."""
    return (amount.cast("float64") * _MICROS).round().cast("int64")


def _present(table: ir.Table, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in table.columns]


def _require(columns: Iterable[str], name: str) -> None:
    names = sorted(map(str, columns))
    if name not in names:
        msg = (
            f"The purchases lack the column {name!r}; they have {names}."
            f"{suggestion(name, names)} Rename it."
        )
        raise DataError(msg)


def _date(cutoff: dt.date | str) -> dt.date:
    """Return the cutoff as a date."""
    try:
        stamp = pd.Timestamp(cutoff)
    except (TypeError, ValueError) as error:
        msg = f"cutoff must be a date such as 2024-01-31, got {cutoff!r}."
        raise ConfigError(msg) from error
    if pd.isna(stamp) or stamp != stamp.normalize():
        msg = f"cutoff must be a calendar day without a time, got {cutoff!r}."
        raise ConfigError(msg)
    return stamp.date()


def _unit(time_unit_days: float) -> float:
    if not 0 < time_unit_days < float("inf"):
        msg = (
            f"time_unit_days must be a number of days > 0 (7 for weeks), got "
            f"{time_unit_days!r}."
        )
        raise ConfigError(msg)
    return float(time_unit_days)
