"""Customers by the period of their first purchase, and what becomes of them.

A column of the triangle read downwards says whether newer customers stay better than
older ones, which an average over all customers hides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.kpis.periods import (
    MICROS,
    Period,
    check_any_purchase,
    customer_periods,
    days_in_bulk,
    label_of,
    number_of,
)

if TYPE_CHECKING:
    from datetime import date

    import ibis
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.data.ledger import Ledger


def _cells(spells: ibis.Table) -> pd.DataFrame:
    """Sum activity and money by cohort and age, both in whole periods."""
    # A return of something bought before the log began belongs to no cohort
    # (its cohort is null, or later: the filter keeps neither).
    spells = spells.filter(spells.number >= spells.cohort)
    cells = spells.group_by("cohort", age=spells.number - spells.cohort).agg(
        n_active=spells.is_active.sum(), micros=spells.micros.sum().cast("int64")
    )
    frame: pd.DataFrame = cells.order_by("cohort", "age").to_pyarrow().to_pandas()
    return frame.astype(np.int64)


def _triangle(
    rows: NDArray[np.int64],
    ages: NDArray[np.int64],
    values: NDArray[np.float64],
    lengths: NDArray[np.int64],
) -> list[list[float | None]]:
    """Lay values out by row and age; 0 where nothing happened, None where not over."""
    table = np.zeros((lengths.size, int(lengths.max(initial=0))))
    table[rows, ages] = values
    return [
        [*row[:length].tolist(), *[None] * (row.size - length)]
        for row, length in zip(table, lengths.tolist(), strict=True)
    ]


def cohort_retention(
    ledger: Ledger,
    cutoff: date,
    period: Period = "month",
    *,
    rows: ibis.Table | None = None,
) -> dict[str, Any]:
    """Compute which share of each cohort buys again, period by period.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    cutoff : date
        The instant we pretend is now; only days before it count.
    period : {'month', 'quarter'}, default='month'
        Length of a period.
    rows : ibis.Table, optional
        What `customer_periods` has made of the days already, so that it is not done
        again; by period as `period` says.

    Returns
    -------
    dict
        JSON-safe. ``period``; ``cohorts``, the labels of the periods in which at least
        one customer bought for the first time (``1997-01`` or ``1997-Q1``), oldest
        first; ``sizes``, customers in each; ``retention``, one list a cohort with the
        share (0 to 1) that bought in the k-th period after the first purchase, k = 0
        first; ``revenue_per_customer``, likewise the money spent in that period, net
        of returns, over all customers of the cohort. Rows are of equal length; cells
        of periods that are not over at the cutoff are None, and a cohort whose own
        period is not over is left out.

    Raises
    ------
    NotEnoughHistoryError
        If nothing was bought before the cutoff.
    ValueError
        If `period` is neither.

    Notes
    -----
    Returns before a customer's first purchase belong to no cohort and are left out of
    the money.

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
    >>> table = cohort_retention(build_ledger(log), date(2024, 3, 1))
    >>> table["cohorts"], table["sizes"], table["retention"]
    (['2024-01'], [2], [[1.0, 0.5]])
    >>> table["revenue_per_customer"]
    [[15.0, 15.0]]
    """
    known, cutoff = days_in_bulk(ledger, cutoff)
    now = number_of(cutoff, period)
    spells = customer_periods(known, period) if rows is None else rows
    cells = _cells(spells)
    check_any_purchase(len(cells), cutoff)
    cells = cells[cells["cohort"] + cells["age"] < now]
    begins = cells[cells["age"] == 0]
    cohorts = begins["cohort"].to_numpy()
    sizes = begins["n_active"].to_numpy()
    rows = np.searchsorted(cohorts, cells["cohort"].to_numpy())
    ages, size = cells["age"].to_numpy(), sizes[rows]
    lengths = now - cohorts
    active = cells["n_active"].to_numpy() / size
    money = cells["micros"].to_numpy() / MICROS / size
    return {
        "period": period,
        "cohorts": [label_of(int(cohort), period) for cohort in cohorts],
        "sizes": sizes.tolist(),
        "retention": _triangle(rows, ages, active, lengths),
        "revenue_per_customer": _triangle(rows, ages, money, lengths),
    }
