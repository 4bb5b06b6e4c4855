"""What the figures of a log cannot say yet, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.kpis.periods import days_before, strays_before

if TYPE_CHECKING:
    from datetime import date

    from regulars.data.ledger import Ledger


def kpi_notes(ledger: Ledger, cutoff: date) -> list[str]:
    """Return what a reader of the KPIs has to know.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    cutoff : date
        The instant we pretend is now; only days before it count.

    Returns
    -------
    list of str
        Empty for a log as it should be.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> import pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> days = [date(2024, 1, 5), date(2024, 2, 7)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 30.0], "is_return": [False] * 2}))
    >>> print(*kpi_notes(build_ledger(log), date(2024, 3, 1)))
    None of the 2 customers has bought on a second day yet. Customers, orders, revenue
    and the mean order are what they are; retention, churn and cohorts say who comes
    back, and nobody has.
    """
    known = days_before(ledger, cutoff)
    return [*_who_came_back(known), *_nothing_paid(known), *_strays(ledger, cutoff)]


def why_no_scores(ledger: Ledger, cutoff: date) -> str | None:
    """Return why nothing can be predicted, where the figures themselves show it."""
    known = days_before(ledger, cutoff)
    if _who_came_back(known):
        return "A model learns how often customers come back, and nobody has."
    if _nothing_paid(known):
        return "A model learns what customers spend, and every amount is 0."
    return None


def _who_came_back(known: Any) -> list[str]:
    bought = known.filter(known.is_purchase)
    # a row is a customer's day
    row = bought.aggregate(n=bought.count(), n_customers=bought.customer_id.nunique())
    figures = row.to_pyarrow().to_pylist()[0]
    if not figures["n"] or figures["n"] > figures["n_customers"]:
        return []
    n_days = int(bought.day.nunique().to_pyarrow().as_py())
    if n_days == 1:
        return [
            "The log holds purchases of one day only, so nobody can have come back: "
            "there is no retention, no churn and no cohort to follow yet."
        ]
    who = f"None of the {figures['n_customers']:,} customers has"
    if figures["n_customers"] == 1:
        who = "The one customer has not"
    return [
        f"{who} bought on a second day yet. Customers, orders, revenue and the mean "
        "order are what they are; retention, churn and cohorts say who comes back, and "
        "nobody has."
    ]


def _nothing_paid(known: Any) -> list[str]:
    paid = known.aggregate(n=(known.spend_micros != 0).sum()).to_pyarrow()
    if paid["n"][0].as_py():
        return []
    return [
        "Every amount is 0, so revenue and the mean order are 0 as well: check which "
        "column is mapped to amount."
    ]


def _strays(ledger: Ledger, cutoff: date) -> list[str]:
    strays = strays_before(ledger, cutoff)
    if strays is None:
        return []
    # customer days here, rows in the file: said without a number
    return [
        f"Months and cohorts cover {strays.first} to {strays.last}, the bulk of the "
        f"log: days far from it ({_days(strays)}) are left out of them. They "
        "count in the totals."
    ]


def _days(strays: Any) -> str:
    spans = (
        f"{each.first}" if each.first == each.last else f"{each.first} to {each.last}"
        for each in strays.stretches
    )
    return ", ".join(spans)
