"""What is in the basket: how much, how varied, how much of it new, how much sent back.

A `Past` comes in, the group's features go out; those of products and categories only
where the log names them. A feature whose column the log lacks is absent, not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.group import Group, ratio

if TYPE_CHECKING:
    import ibis

    from regulars.features.past import Past

RECENT_DAYS = 91
"""The span over which novelty is also measured."""

MEANINGS = {
    "lines_per_order": "Lines per order",
    "returns_share": "Amount returned over amount bought",
    "n_products": "Distinct products bought",
    "new_product_share": "Share of bought products that were new to the customer",
    f"new_product_share_{RECENT_DAYS}d": "Share of products bought in the last "
    f"{RECENT_DAYS} days that were new to the customer",
    "products_per_purchase_day": "Distinct products per purchase day",
    "n_categories": "Distinct categories bought",
    "category_concentration": "Concentration of lines over categories (Herfindahl; 1 "
    "all in one)",
}


def basket(past: Past) -> Group:
    """Return the features of what was bought.

    Parameters
    ----------
    past : Past
        What is known at the cutoff.

    Returns
    -------
    Group
        The features of `MEANINGS` for which the log has the columns.

    Notes
    -----
    A product counts once a day, however many lines it has. ``new_product_share`` is
    the share of product-days on which the product had never been bought before.
    """
    days = past.days
    parts = [_returns(days)]
    if past.has("product_id"):
        parts.append(_products(days))
    if past.has("category"):
        parts.append(_categories(days))

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        found: dict[str, ibis.Value] = {}
        for part in parts:
            found |= part.features(s)
        return found

    aggregates = {k: v for part in parts for k, v in part.aggregates.items()}
    return Group(aggregates, features)


def _returns(days: ibis.Table) -> Group:
    return Group(
        {"returned": days.returns_amount_micros.sum()},
        lambda s: {
            "lines_per_order": ratio(s.n_lines, s.n_orders),
            "returns_share": ratio(s.returned, s.spend + s.returned),
        },
    )


def _products(days: ibis.Table) -> Group:
    recent = days.age_days <= RECENT_DAYS
    return Group(
        {
            "product_days": days.n_products.sum(),
            "new_products": days.n_new_products.sum(),
            "recent_product_days": days.n_products.sum(where=recent),
            "recent_new_products": days.n_new_products.sum(where=recent),
        },
        lambda s: {
            "n_products": s.new_products.fill_null(0),
            "new_product_share": ratio(s.new_products, s.product_days),
            f"new_product_share_{RECENT_DAYS}d": ratio(
                s.recent_new_products, s.recent_product_days
            ),
            "products_per_purchase_day": ratio(s.product_days.fill_null(0), s.n_days),
        },
    )


def _categories(days: ibis.Table) -> Group:
    return Group(
        {
            "new_categories": days.n_new_categories.sum(),
            "category_squares": days.category_squares.sum(),
            "category_lines": days.n_category_lines.sum(),
        },
        lambda s: {
            "n_categories": s.new_categories.fill_null(0),
            "category_concentration": ratio(
                s.category_squares, s.category_lines * s.category_lines
            ),
        },
    )
