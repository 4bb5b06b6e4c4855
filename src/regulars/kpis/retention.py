"""Retention, churn, orders and revenue by calendar month, and over the whole log.

Retention here is what happened and no forecast: who bought in one month and again in
the next. Where people buy every other month it is low by nature; watch its movement,
not its level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.kpis.periods import (
    MICROS,
    check_any_purchase,
    customer_periods,
    days_before,
    days_in_bulk,
    label_of,
    number_of,
)

if TYPE_CHECKING:
    from datetime import date

    import ibis

    from regulars.data.ledger import Ledger


def customer_retention_rate(*, n_start: float, n_gained: float, n_end: float) -> float:
    """Compute the customer retention rate CRR = (E - N) / S of one period.

    Parameters
    ----------
    n_start : float
        Customers at the start of the period (S), above 0.
    n_gained : float
        Customers gained in it (N), 0 or more, counted at its end.
    n_end : float
        Customers at its end (E), 0 or more.

    Returns
    -------
    float
        0 to 1. The churn rate is 1 less it.

    Raises
    ------
    ValueError
        If there was nobody at the start, a count is negative, or the counts contradict
        each other (fewer at the end than gained, or more kept than there were).

    Examples
    --------
    >>> round(customer_retention_rate(n_start=150, n_gained=50, n_end=193), 3)
    0.953
    """
    if not n_start > 0:
        msg = (
            f"'n_start' is {n_start}; the retention rate of nobody is not defined. "
            "Leave out periods that begin without customers."
        )
        raise ValueError(msg)
    kept = n_end - n_gained
    if n_gained < 0 or not 0 <= kept <= n_start:
        msg = (
            f"n_start={n_start}, n_gained={n_gained} and n_end={n_end} contradict each "
            "other: customers kept (n_end - n_gained) must be between 0 and n_start. "
            "Count as gained everyone who was not there at the start."
        )
        raise ValueError(msg)
    return kept / n_start


def _buyers_by_month(rows: ibis.Table) -> pd.DataFrame:
    """Count each month's buyers: all, new, and those of the month before."""
    buyers = rows.filter(rows.is_active == 1)
    months = buyers.group_by("number").agg(
        n_active=buyers.count(),
        n_new=buyers.count(where=buyers.cohort == buyers.number),
        n_retained=buyers.count(where=buyers.came_before),
        n_repeaters=buyers.count(where=buyers.n_orders >= 2),
        n_orders=buyers.n_orders.sum().cast("int64"),
    )
    return _by_number(months)


def _revenue_by_month(rows: ibis.Table) -> pd.Series:
    months = rows.group_by("number").agg(micros=rows.micros.sum().cast("int64"))
    return _by_number(months)["micros"] / MICROS


def _by_number(months: ibis.Table) -> pd.DataFrame:
    frame: pd.DataFrame = months.order_by("number").to_pyarrow().to_pandas()
    return frame.astype(np.int64).set_index("number")


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Divide, with NaN where there is nothing to divide by."""
    return part.astype(np.float64) / whole.astype(np.float64).where(whole > 0)


def monthly_kpis(
    ledger: Ledger, cutoff: date, *, rows: ibis.Table | None = None
) -> pd.DataFrame:
    """Compute retention, churn, orders and revenue of each calendar month.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    cutoff : date
        The instant we pretend is now; only days before it count.
    rows : ibis.Table, optional
        What `customer_periods` has made of the days already, so that it is not done
        again; by month.

    Returns
    -------
    DataFrame
        One row a month, from that of the first purchase to that of the day before the
        cutoff, months without a purchase included. Days that lie far from the rest of
        the log (one row of 1970) are left out:

        - ``month`` (``1997-01``) and ``is_complete`` (False where the cutoff falls
          within the month: its figures are too low by nature);
        - ``n_active`` customers who bought; ``n_new`` of them for the first time,
          ``n_returning`` not; of these, ``n_retained`` had bought in the month before
          and ``n_reactivated`` had not;
        - ``n_lost`` customers of the month before who did not buy (null in the first);
        - ``n_orders``; ``revenue`` net of returns, in the currency of the log;
        - ``aov`` revenue / orders, ``purchase_frequency`` orders / active customers,
          ``repeat_purchase_rate`` share of the active with two orders or more in the
          month (0 to 1), each NaN where nobody bought;
        - ``retention_rate`` and ``churn_rate`` (0 to 1; NaN where nobody bought in the
          month before).

    Raises
    ------
    NotEnoughHistoryError
        If nothing was bought before the cutoff.

    Notes
    -----
    ``retention_rate`` is (E - N) / S with S the customers active in the month before, E
    those active in this one, and N those gained: new and reactivated. The first month
    is as complete as the log is.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> import pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> days = [date(2024, 1, 5), date(2024, 1, 9), date(2024, 2, 7)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 20.0, 30.0], "is_return": [False] * 3}))
    >>> months = monthly_kpis(build_ledger(log), date(2024, 3, 1))
    >>> months[["month", "n_active", "n_lost", "revenue", "retention_rate"]]
         month  n_active  n_lost  revenue  retention_rate
    0  2024-01         2    <NA>     30.0             NaN
    1  2024-02         1       1     30.0             0.5
    """
    known, cutoff = days_in_bulk(ledger, cutoff)
    rows = customer_periods(known, "month") if rows is None else rows
    buyers = _buyers_by_month(rows)
    check_any_purchase(len(buyers), cutoff)
    now = number_of(cutoff, "month")
    last = now if cutoff.day > 1 else now - 1
    numbers = pd.RangeIndex(buyers.index[0], last + 1)
    months = buyers.reindex(numbers, fill_value=0)
    months["revenue"] = _revenue_by_month(rows).reindex(numbers, fill_value=0.0)
    before = months["n_active"].shift(1)
    lost = (before - months["n_retained"]).astype("Int64")
    returning = months["n_active"] - months["n_new"]
    retention = _ratio(months["n_retained"], before)
    frame = pd.DataFrame(
        {
            "month": [label_of(number, "month") for number in numbers],
            "is_complete": numbers < now,
            "n_active": months["n_active"],
            "n_new": months["n_new"],
            "n_returning": returning,
            "n_retained": months["n_retained"],
            "n_reactivated": returning - months["n_retained"],
            "n_lost": lost,
            "n_orders": months["n_orders"],
            "revenue": months["revenue"],
            "aov": _ratio(months["revenue"], months["n_orders"]),
            "purchase_frequency": _ratio(months["n_orders"], months["n_active"]),
            "repeat_purchase_rate": _ratio(months["n_repeaters"], months["n_active"]),
            "retention_rate": retention,
            "churn_rate": 1.0 - retention,
        }
    )
    return frame.reset_index(drop=True)


def summary_kpis(
    ledger: Ledger, cutoff: date, *, monthly: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Compute the figures of the whole log up to the cutoff.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    cutoff : date
        The instant we pretend is now; only days before it count.
    monthly : DataFrame, optional
        What `monthly_kpis` has returned already, so that it is not done again.

    Returns
    -------
    dict
        JSON-safe: ``n_customers`` who bought, ``n_orders``, ``revenue`` net of returns
        (in the currency of the log), ``aov``, ``purchase_frequency`` (orders a
        customer), ``repeat_purchase_rate`` (share with two orders or more, 0 to 1),
        ``first_day`` and ``last_day`` with a record, and the mean monthly
        ``retention_rate`` and ``churn_rate`` over complete months, each customer of a
        month counting once (None where there are no two months, or where nobody has
        bought on a second day yet).

    Raises
    ------
    NotEnoughHistoryError
        If nothing was bought before the cutoff.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> import pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> days = [date(2024, 1, 5), date(2024, 1, 9), date(2024, 2, 7)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 20.0, 30.0], "is_return": [False] * 3}))
    >>> summary = summary_kpis(build_ledger(log), date(2024, 3, 1))
    >>> summary["aov"], summary["repeat_purchase_rate"], summary["retention_rate"]
    (20.0, 0.5, 0.5)
    """
    monthly = monthly_kpis(ledger, cutoff) if monthly is None else monthly
    retention = _pooled_retention(monthly)
    row = _totals(days_before(ledger, cutoff))
    if row["n_days"] == row["n_customers"]:
        retention = None
    revenue = row["micros"] / MICROS
    return {
        "n_customers": row["n_customers"],
        "n_orders": row["n_orders"],
        "revenue": revenue,
        "aov": revenue / row["n_orders"],
        "purchase_frequency": row["n_orders"] / row["n_customers"],
        "repeat_purchase_rate": row["n_repeaters"] / row["n_customers"],
        "retention_rate": retention,
        "churn_rate": None if retention is None else 1.0 - retention,
        "first_day": row["first"].isoformat(),
        "last_day": row["last"].isoformat(),
    }


def _totals(known: ibis.Table) -> dict[str, Any]:
    customers = known.group_by("customer_id").agg(
        n_orders=known.n_orders.sum(where=known.is_purchase),
    )
    totals = customers.agg(
        n_customers=customers.count(where=customers.n_orders > 0),
        n_repeaters=customers.count(where=customers.n_orders >= 2),
        n_orders=customers.n_orders.sum().cast("int64"),
    )
    of_days = known.agg(
        n_days=known.is_purchase.sum().cast("int64"),
        micros=known.spend_micros.sum().cast("int64"),
        first=known.day.min(),
        last=known.day.max(),
    )
    row: dict[str, Any] = totals.cross_join(of_days).to_pyarrow().to_pylist()[0]
    return row


def _pooled_retention(months: pd.DataFrame) -> float | None:
    complete = months[months["is_complete"]]
    at_start = int(complete["n_active"].iloc[:-1].sum())
    kept = int(complete["n_retained"].iloc[1:].sum())
    return kept / at_start if at_start else None
