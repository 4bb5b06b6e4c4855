"""Each day of a customer beside the days before it.

The ledger's days and items come in; the same days go out with the distance to the
purchase before, and with what was bought for the first time. None of it depends on a
cutoff, because it only looks back: it is worked out once and used at every cutoff.
"""

from __future__ import annotations

import ibis

RECENT_GAPS = 3
"""How many of the latest gaps make up the recent rhythm."""


def sequence(days: ibis.Table, items: ibis.Table | None) -> ibis.Table:
    """Add to each day what only the days before it decide.

    Parameters
    ----------
    days : ibis.Table
        The ledger's days.
    items : ibis.Table or None
        The ledger's items.

    Returns
    -------
    ibis.Table
        The days with ``gap_days`` (since the purchase day before; null on the first
        one and on days without a purchase), ``recent_gaps_days`` (over the last
        `RECENT_GAPS` gaps; null where there are fewer). With products also
        ``n_new_products``, those bought for the first time (null: none). Of purchase
        days ``purchase_number`` counts from 1, and ``next_day`` is the one after (null:
        none): it lies in the future of some cutoffs, and only serves to find the last
        purchase before them.
    """
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
    result = days.mutate(**gaps, **places, **counts)
    if items is None or "product_id" not in items.columns:
        return result
    joined = result.left_join(
        _new_products(items), ["customer_id", "day"], rname="{name}_first"
    )
    return joined.drop("customer_id_first", "day_first")


def _new_products(items: ibis.Table) -> ibis.Table:
    known = items.filter(items.product_id.notnull())
    first = known.group_by("customer_id", "product_id").agg(day=known.day.min())
    return first.group_by("customer_id", "day").agg(
        n_new_products=first.count().cast("int32")
    )
