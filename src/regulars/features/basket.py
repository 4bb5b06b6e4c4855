"""What is in the basket: how much, how varied, how much of it new, how much sent back.

A feature whose column the log lacks is absent, not zero.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis

from regulars.features.group import Group, ratio

if TYPE_CHECKING:
    from regulars.features.past import Past

RECENT_DAYS = 91
"""The span over which novelty is also measured."""

MEANINGS = {
    "lines_per_order": "Lines per order",
    "returns_share": "Amount returned over amount bought",
    "n_products": "Distinct products bought",
    "new_product_share": "Share of lines that were a product's first; the rest are "
    "repeats",
    f"new_product_share_{RECENT_DAYS}d": f"Share of lines of the last {RECENT_DAYS} "
    "days that were a product's first",
    "n_categories": "Distinct categories bought",
    "category_concentration": "Concentration of lines over categories (Herfindahl "
    "index; 1 all in one)",
    "favourite_category_share": "Share of lines in the category bought most",
}


def basket(past: Past) -> Group:
    """Return the features of what was bought."""
    parts = [_returns(past)]
    if past.has("product_id"):
        parts.append(_products(past))
    if past.has("category"):
        parts.append(_categories(past))

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        return {k: v for part in parts for k, v in part.features(s).items()}

    return Group(
        {},
        features,
        tables=tuple(table for part in parts for table in part.tables),
        recent={age: v for part in parts for age, v in part.recent.items()},
        lasting={k: v for part in parts for k, v in part.lasting.items()},
        lasting_tables=tuple(table for part in parts for table in part.lasting_tables),
    )


def _returns(past: Past) -> Group:
    return Group(
        {},
        lambda s: {
            "lines_per_order": ratio(s.n_lines, s.n_orders),
            "returns_share": ratio(s.returned, s.spend + s.returned),
        },
        lasting={"returned": past.known.days.returns_amount_micros.sum()},
    )


def _products(past: Past) -> Group:
    new, known_new = past.novelties, past.known.novelties
    assert new is not None
    assert known_new is not None
    since = ibis.literal(past.cutoff - timedelta(days=RECENT_DAYS))
    recent_new = new.filter(new.day >= since)
    recent_lines = past.days.n_lines.sum(where=past.days.age_days <= RECENT_DAYS)
    return Group(
        {},
        lambda s: {
            "n_products": s.n_products.fill_null(0),
            "new_product_share": ratio(s.n_products.fill_null(0), s.n_lines),
            f"new_product_share_{RECENT_DAYS}d": ratio(
                s.recent_novelties.fill_null(0), s.recent_lines
            ),
        },
        tables=(
            recent_new.group_by("customer_id").agg(recent_novelties=recent_new.count()),
        ),
        recent={RECENT_DAYS: {"recent_lines": recent_lines}},
        lasting_tables=(
            known_new.group_by(*past.known.by).agg(n_products=known_new.count()),
        ),
    )


def _categories(past: Past) -> Group:
    # Squares of counts cannot be added up over days: two steps.
    assert past.known.items is not None
    items = past.known.items.filter(past.known.items.category.notnull())
    counts = items.group_by(*past.known.by, "category").agg(n=items.count())
    table = counts.group_by(*past.known.by).agg(
        n_categories=counts.count(),
        category_lines=counts.n.sum().cast("int64"),
        category_squares=(counts.n * counts.n).sum().cast("int64"),
        largest_category=counts.n.max(),
    )
    return Group(
        {},
        lambda s: {
            "n_categories": s.n_categories.fill_null(0),
            "category_concentration": ratio(
                s.category_squares, s.category_lines * s.category_lines
            ),
            "favourite_category_share": ratio(s.largest_category, s.category_lines),
        },
        lasting_tables=(table,),
    )
