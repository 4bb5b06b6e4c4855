"""Contracts kept, and their monthly revenue: by what each customer pays a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.kpis.measures import Measure, Measured, measure

if TYPE_CHECKING:
    from datetime import date

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

NAMES = (
    "contract_retention_rate",
    "gross_contract_revenue_retention",
    "net_contract_revenue_retention",
)
NO_TABLE = "There is no table of subscriptions (source.subscriptions)."
NO_PRICE = "The subscriptions have no monthly_amount."
NOBODY = "No contract ran on {day}."
NO_AMOUNT = "The contracts that ran on {day} cost nothing."


def contract_kpis(
    data: KpiData, span: Span
) -> tuple[dict[tuple[str, str], Measured], dict[str, str]]:
    """Return what of the contracts at the start of a span still runs at its end."""
    if not data.has("subscriptions"):
        return {}, dict.fromkeys(NAMES, NO_TABLE)
    has_price = data.has("subscriptions", "monthly_amount")
    start, end = (_running(data, day, has_price) for day in (span.start, span.end))
    both = start.left_join(end, "customer_id", rname="{name}_end")
    runs = both.customer_id_end.notnull()
    before, after = both.amount.fill_null(0.0), both.amount_end.fill_null(0.0)
    rows = both.select(
        one=both.one,
        kept=runs.cast("int64"),
        before=before,
        least=(after < before).ifelse(after, before),
        after=(before > 0).ifelse(after, 0.0),
    )
    nobody = NOBODY.format(day=span.start)
    measures = [Measure(NAMES[0], "share", "kept", "one", nobody)]
    if has_price:
        free = NO_AMOUNT.format(day=span.start)
        measures += [
            Measure(NAMES[1], "ratio", "least", "before", free),
            Measure(NAMES[2], "ratio", "after", "before", free),
        ]
    absent = {each.kpi: each.absent for each in measures}
    return measure(rows, measures), dict.fromkeys(NAMES, NO_PRICE) | absent


def _running(data: KpiData, day: date, has_price: bool) -> Any:
    """Return customers with a contract at a day, and what they pay a month.

    An end on or after the day is not known at it.
    """
    rows = data.known_by("subscriptions", day)
    rows = rows.filter(rows.ended_date.isnull() | (rows.ended_date >= day))
    amount = rows.monthly_amount.sum() if has_price else rows.count().cast("float64")
    grouped = rows.group_by("customer_id").aggregate(amount=amount)
    return grouped.mutate(one=1)
