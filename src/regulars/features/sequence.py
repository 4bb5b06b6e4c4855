"""Each day of a customer beside the days before it, and the first of each product.

It only looks back, so no cutoff enters: it is worked out once for all of them.
"""

from __future__ import annotations

import ibis

RECENT_GAPS = 3
"""How many of the latest gaps make up the recent rhythm."""


def sequence(days: ibis.Table) -> ibis.Table:
    """Add to each day what only the days before it decide."""
    by_customer = ibis.window(
        group_by=[days.customer_id, days.is_purchase], order_by=days.day
    )
    gaps = {
        name: days.is_purchase.ifelse(
            days.day.delta(days.day.lag(steps).over(by_customer), unit="day").cast(
                "int32"
            ),
            ibis.null("int32"),
        )
        for name, steps in (("gap_days", 1), ("recent_gaps_days", RECENT_GAPS))
    }
    places = {
        "purchase_number": (ibis.row_number().over(by_customer) + 1).cast("int32"),
        "next_day": days.day.lead().over(by_customer),
    }
    # Small integers add up twice as fast as large ones, and take half the room.
    counts = {name: days[name].cast("int32") for name in ("n_orders", "n_lines")}
    return days.mutate(**gaps, **places, **counts)


def novelties(items: ibis.Table) -> ibis.Table:
    """Return the first purchase of each product by each customer."""
    named = items.filter(items.product_id.notnull())
    first = named.group_by("customer_id", "product_id").agg(day=named.day.min())
    return first.drop("product_id")
