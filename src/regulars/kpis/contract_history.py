"""What was known of customers with a contract on a day, and whether they stayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    from datetime import date

    from regulars.kpis.kpi_data import KpiData

MONTHS = 12


def with_contracts(data: KpiData, asked: Any, after: int) -> Any:
    """Return those of a table of customers and days who had a contract on the day.

    ``first`` start, ``yearly`` amount of what ran, and ``n_after``, contracts that ran
    so many days later. A start or an end counts from the day after it.
    """
    rows = data.rows("subscriptions")
    amount = ibis.literal(0.0)
    if "monthly_amount" in rows.columns:
        amount = rows.monthly_amount.fill_null(0.0).cast("float64")
    rows = rows.select("customer_id", "started_date", "ended_date", amount=amount)
    both = asked.inner_join(rows, "customer_id")
    until = both.day + ibis.interval(days=after)
    began, ended = both.started_date < both.day, both.ended_date
    runs = began & (ended.isnull() | (ended >= both.day))
    stays = (both.started_date <= until) & (ended.isnull() | (ended > until))
    found = both.group_by("customer_id", "day").aggregate(
        first=both.started_date.min(where=began),
        n=runs.cast("int64").sum(),
        yearly=MONTHS * both.amount.sum(where=runs),
        n_after=stays.cast("int64").sum(),
    )
    return found.filter(found.n > 0).drop("n")


def with_contract_before(data: KpiData, day: date) -> Any:
    """Return the ids of customers whose first contract started before a day."""
    return data.known_by("subscriptions", day).select("customer_id").distinct()
