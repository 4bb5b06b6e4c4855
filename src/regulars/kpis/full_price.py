"""Orders without a discount: those none of whose lines has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.kpis.kpi_data import flag, joined
from regulars.kpis.measures import Measure, Signal
from regulars.kpis.spans import Span

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData

NOBODY_BOUGHT = "Nobody bought from {start} to {end}."


def discount_signal(data: KpiData, span: Span) -> Signal:
    """Return how many orders went without a discount."""
    if "discount_amount" not in data.ledger.columns:
        why = "The transactions have no discount_amount."
        return Signal(absent=(("full_price_share", why),))
    nobody = NOBODY_BOUGHT.format(start=span.start, end=span.end)
    return Signal(
        measures=(Measure("full_price_share", "ratio", "n_full", "n_orders", nobody),)
    )


def orders_at_full_price(days: Any) -> Any:
    """Return the orders of days without any discount."""
    return (days.discount_amount_micros != 0).fill_null(False).ifelse(0, days.n_orders)


def with_mixed_days(data: KpiData, rows: Any, span: Span) -> Any:
    """Add to ``n_full`` the orders without a discount on days that have one.

    Only days with several orders and a discount have to be looked at line by line.
    """
    mixed = data.once("mixed", Span(data.first_day, data.cutoff), _mixed_days)
    mixed = mixed.filter((mixed.day >= span.start) & (mixed.day < span.end))
    mixed = mixed.group_by("customer_id").aggregate(n_mixed=mixed.n_mixed.sum())
    rows = joined(rows, mixed, {"n_mixed": 0})
    n_full = (rows.n_full.fill_null(0) + rows.n_mixed).cast("int64")
    return rows.mutate(n_full=n_full).drop("n_mixed")


def _mixed_days(data: KpiData, _: Span) -> Any:
    """Count orders without a discount on the days that have several and a discount."""
    days = data.days
    mixed = days.filter((days.discount_amount_micros != 0) & (days.n_orders > 1))
    lines = data.ledger.transactions
    lines = lines.filter(~lines.is_return & (lines.amount >= 0))
    lines = lines.semi_join(
        mixed,
        [lines.customer_id == mixed.customer_id, lines.order_date == mixed.day],
    )
    order = "order_id" if "order_id" in lines.columns else "order_time"
    orders = lines.group_by("customer_id", lines.order_date.name("day"), order)
    orders = orders.aggregate(has_discount=flag(lines.discount_amount != 0).max())
    return orders.group_by("customer_id", "day").aggregate(
        n_mixed=(1 - orders.has_discount).sum().cast("int64")
    )
