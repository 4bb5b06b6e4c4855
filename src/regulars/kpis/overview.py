"""All KPIs of a log as one JSON-safe dictionary: what ``kpis.json`` holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.notes import kpi_notes
from regulars.kpis.periods import customer_periods, days_in_bulk
from regulars.kpis.retention import monthly_kpis, summary_kpis

if TYPE_CHECKING:
    from datetime import date

    from regulars.data.ledger import Ledger


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA:
        return None
    value = value.item() if hasattr(value, "item") else value
    is_absent = isinstance(value, float) and not math.isfinite(value)
    return None if is_absent else value


def json_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a small frame as dictionaries that JSON can hold.

    Parameters
    ----------
    frame : DataFrame
        A few hundred rows at most.

    Returns
    -------
    list of dict
        Plain Python values; None where the frame has none, NaN or an infinity.

    Examples
    --------
    >>> json_records(pd.DataFrame({"month": ["1997-01"], "aov": [float("nan")]}))
    [{'month': '1997-01', 'aov': None}]
    """
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    return [
        {name: _plain(value) for name, value in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]


def kpi_overview(ledger: Ledger, cutoff: date, *, currency: str = "") -> dict[str, Any]:
    """Compute all KPIs of a log up to the cutoff.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    cutoff : date
        The instant we pretend is now; only days before it count.
    currency : str, default=""
        Currency of the amounts, carried along.

    Returns
    -------
    dict
        JSON-safe: ``cutoff``, ``currency``, ``notes``, ``summary`` (see
        :func:`~regulars.kpis.retention.summary_kpis`), ``monthly`` (rows of
        :func:`~regulars.kpis.retention.monthly_kpis`) and ``cohorts`` (see
        :func:`~regulars.kpis.cohorts.cohort_retention`).

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
    >>> days = [date(2024, 1, 5), date(2024, 2, 7)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 30.0], "is_return": [False] * 2}))
    >>> overview = kpi_overview(build_ledger(log), date(2024, 3, 1), currency="USD")
    >>> overview["currency"], overview["monthly"][1]["retention_rate"]
    ('USD', 1.0)
    """
    rows = customer_periods(days_in_bulk(ledger, cutoff)[0], "month")
    monthly = monthly_kpis(ledger, cutoff, rows=rows)
    return {
        "cutoff": cutoff.isoformat(),
        "currency": currency,
        "notes": kpi_notes(ledger, cutoff),
        "summary": summary_kpis(ledger, cutoff, monthly=monthly),
        "monthly": json_records(monthly),
        "cohorts": cohort_retention(ledger, cutoff, rows=rows),
    }
