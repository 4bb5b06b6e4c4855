"""What customers bought in a span, before it and a year earlier: one row a customer.

A customer is there at a day if they bought within ``active_days`` before it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis

from regulars.kpis.full_price import orders_at_full_price, with_mixed_days
from regulars.kpis.kpi_data import flag
from regulars.kpis.measures import Measure, Signal
from regulars.kpis.periods import MICROS
from regulars.kpis.spans import Span

if TYPE_CHECKING:
    from datetime import date

    from regulars.kpis.kpi_data import KpiData

YEAR = 365
# what the loyalty index and one more point take from the year before a day
OF_YEAR = (
    *("customer_id", "first_day", "last_before", "last_day", "n_orders", "n_full"),
    *("micros", "revenue", "at_start", "lost", "bought"),
)

NOBODY_THERE = (
    "Nobody had bought in the {days} days before {start}, so there is nobody to keep."
)
NOBODY_BOUGHT = "Nobody bought from {start} to {end}."
NO_REVENUE_BEFORE = "Nobody spent anything in the same days of the year before."
NOBODY_LAPSED = (
    "Nobody had been silent for {days} days on {start}, so nobody could be won back."
)


def purchase_rows(data: KpiData, span: Span) -> Any:
    """Return the sums of customers, and what follows from them."""
    return with_flags(purchase_sums(data, span), data, span)


def purchase_sums(data: KpiData, span: Span) -> Any:
    """Return one row a customer who bought before the end of a span."""
    days, before, year = data.days, span.before(), span.year_before()
    days = days.filter(days.day < span.end)
    bought, spend = days.is_purchase, days.spend_micros
    inside = days.day >= span.start
    earlier = (days.day >= before.start) & (days.day < before.end)
    last_year = (days.day >= year.start) & (days.day < year.end)
    discounts = "discount_amount" in data.ledger.columns
    full = {"n_full": orders_at_full_price(days)} if discounts else {}
    rows = days.group_by("customer_id").aggregate(
        first_day=days.day.min(where=bought),
        last_before=days.day.max(where=bought & ~inside),
        last_day=days.day.max(where=bought),
        n_orders=days.n_orders.sum(where=inside),
        micros=spend.sum(where=inside).cast("int64"),
        n_orders_before=days.n_orders.sum(where=earlier),
        micros_before=spend.sum(where=earlier).cast("int64"),
        micros_year=spend.sum(where=last_year).cast("int64"),
        micros_so_far=spend.sum().cast("int64"),
        **_own_margins(days),
        **{name: n.sum(where=inside) for name, n in full.items()},
    )
    # a return of something bought before the log began makes no customer
    rows = rows.filter(rows.first_day.notnull())
    sums = ("n_orders", "n_orders_before", "micros", "micros_before", "micros_year")
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in sums})
    return with_mixed_days(data, rows, span) if discounts else rows


def _own_margins(days: Any) -> dict[str, Any]:
    """Return the margin that lines carry themselves, and what those lines came to."""
    if "margin_micros" not in days.columns:
        return {}
    return {
        name: days[f"{name}_micros"].sum().fill_null(0).cast("int64")
        for name in ("margin", "margin_amount")
    }


def _margin(rows: Any, rate: float) -> Any:
    """Return the margin so far: the lines' own, else the configured share."""
    spend, own = rows.micros_so_far, ibis.literal(0)
    if "margin" in rows.columns:
        spend, own = spend - rows.margin_amount, rows.margin
    return (spend.cast("float64") * rate + own.cast("float64")) / MICROS


def with_flags(rows: Any, data: KpiData, span: Span) -> Any:
    """Add what follows from the sums: cheaper to work out again than to keep."""
    return rows.mutate(**_flags(rows, data, span))


def _flags(rows: Any, data: KpiData, span: Span) -> dict[str, Any]:
    active = timedelta(days=data.settings.active_days)
    at_start = flag(rows.last_before >= span.start - active)
    at_end = flag(rows.last_day >= span.end - active)
    bought = flag(rows.n_orders > 0)
    lapsed = flag(rows.last_before.notnull()) * (1 - at_start)
    year, now = rows.micros_year, rows.micros
    zero = ibis.literal(0)
    year = (year > 0).ifelse(year, zero)
    had = (year > 0).ifelse(now, zero)
    return {
        "one": ibis.literal(1),
        "at_start": at_start,
        "at_end": at_end,
        "kept": at_start * at_end,
        "lost": at_start * (1 - at_end),
        "gained": at_end * (1 - at_start),
        "bought": bought,
        "bought_twice": flag(rows.n_orders >= 2),
        "lapsed": lapsed,
        "won_back": lapsed * bought,
        "is_new": flag(rows.first_day >= span.start),
        "revenue": now.cast("float64") / MICROS,
        "revenue_year": year.cast("float64") / MICROS,
        "revenue_kept": _between(had, zero, year).cast("float64") / MICROS,
        "revenue_of_same": had.cast("float64") / MICROS,
        "margin_so_far": _margin(rows, data.margin),
        "tenure": at_end * ibis.literal(span.end).delta(rows.first_day, unit="day"),
    }


def _between(value: Any, low: Any, high: Any) -> Any:
    return ibis.least(ibis.greatest(value, low), high)


def year_rows(data: KpiData, day: date) -> Any:
    """Return what customers bought in the year before a day, computed once."""
    return data.once("year", Span(day - timedelta(days=YEAR), day), _year_rows)


def _year_rows(data: KpiData, year: Span) -> Any:
    rows = purchase_rows(data, year)
    return rows.select(*(name for name in OF_YEAR if name in rows.columns))


def purchase_signal(data: KpiData, span: Span) -> Signal:
    """Return what is measured of purchases alone."""
    words = {
        "days": data.settings.active_days,
        "start": span.start,
        "end": span.end,
    }
    there, nobody, lapsed = (
        text.format(**words) for text in (NOBODY_THERE, NOBODY_BOUGHT, NOBODY_LAPSED)
    )
    measures = [
        Measure("customers", "total", "at_end", "one", nobody),
        Measure("customers_gained", "total", "gained", "one", nobody),
        Measure("customers_lost", "total", "lost", "at_start", there),
        Measure("buyers", "total", "bought", "one", nobody),
        Measure("orders", "total", "n_orders", "one", nobody),
        Measure("revenue", "total", "revenue", "one", nobody),
        Measure("retention_rate", "share", "kept", "at_start", there),
        Measure("churn_rate", "share", "lost", "at_start", there),
        Measure("repeat_purchase_rate", "share", "bought_twice", "bought", nobody),
        Measure("purchase_frequency", "ratio", "n_orders", "bought", nobody),
        Measure("aov", "ratio", "revenue", "n_orders", nobody),
        Measure("revenue_per_buyer", "ratio", "revenue", "bought", nobody),
        Measure("reactivation_rate", "share", "won_back", "lapsed", lapsed),
        Measure("historical_clv", "ratio", "margin_so_far", "one", nobody),
        Measure("tenure_days", "ratio", "tenure", "at_end", nobody),
    ]
    year = span.year_before()
    names = ("gross_revenue_retention", "net_revenue_retention")
    if not data.covers(year):
        why = (
            f"The log begins on {data.first_day}, after {year.start}: there is no "
            "whole year before the period to compare with."
        )
        return Signal(tuple(measures), absent=tuple((name, why) for name in names))
    for name, y in zip(names, ("revenue_kept", "revenue_of_same"), strict=True):
        measures.append(Measure(name, "ratio", y, "revenue_year", NO_REVENUE_BEFORE))
    return Signal(tuple(measures))
