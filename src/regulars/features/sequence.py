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
        `RECENT_GAPS` gaps; null where there are fewer). With items also
        ``n_products``, ``n_new_products`` (never bought before), ``n_new_categories``,
        ``n_category_lines`` and ``category_squares``: its sum up to a day is the sum
        over categories of the squared number of lines.
    """
    by_customer = ibis.window(
        group_by=[days.customer_id, days.is_purchase], order_by=days.day
    )
    gaps = {
        name: days.is_purchase.ifelse(
            days.day.delta(days.day.lag(steps).over(by_customer), unit="day"),
            ibis.null("int64"),
        )
        for name, steps in (("gap_days", 1), ("recent_gaps_days", RECENT_GAPS))
    }
    result = days.mutate(**gaps)
    if items is None:
        return result
    for part in (_products(items), _categories(items)):
        if part is not None:
            result = _left_join_days(result, part)
    return result


def _left_join_days(days: ibis.Table, part: ibis.Table) -> ibis.Table:
    joined = days.left_join(part, ["customer_id", "day"], rname="{name}_right")
    return joined.drop("customer_id_right", "day_right")


def _products(items: ibis.Table) -> ibis.Table | None:
    if "product_id" not in items.columns:
        return None
    known = items.filter(items.product_id.notnull())
    days = known.group_by("customer_id", "day", "product_id").agg()
    first = ibis.window(group_by=[days.customer_id, days.product_id])
    days = days.mutate(is_new=(days.day.min().over(first) == days.day).cast("int64"))
    return days.group_by("customer_id", "day").agg(
        n_products=days.count(), n_new_products=days.is_new.sum().cast("int64")
    )


def _categories(items: ibis.Table) -> ibis.Table | None:
    if "category" not in items.columns:
        return None
    known = items.filter(items.category.notnull())
    days = known.group_by("customer_id", "day", "category").agg(
        n_lines=known.n_lines.sum().cast("int64")
    )
    so_far = ibis.window(
        group_by=[days.customer_id, days.category], order_by=days.day, following=0
    )
    days = days.mutate(total=days.n_lines.sum().over(so_far).cast("int64"))
    before = days.total - days.n_lines
    days = days.mutate(
        # (a + n)^2 - a^2: what this day adds to the square of the category's count
        square=days.n_lines * (days.total + before),
        is_new=(before == 0).cast("int64"),
    )
    return days.group_by("customer_id", "day").agg(
        n_new_categories=days.is_new.sum().cast("int64"),
        n_category_lines=days.n_lines.sum().cast("int64"),
        category_squares=days.square.sum().cast("int64"),
    )
