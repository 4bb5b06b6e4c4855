"""What is in the basket: how much, how varied, how much of it new, how much sent back.

A feature whose column the log lacks is absent, not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.sorted_rows import ratio

if TYPE_CHECKING:
    from regulars.features.group import Columns
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


def basket(past: Past) -> Columns:
    """Return the features of what was bought."""
    returned = past.total("returns_amount")
    columns = {
        "lines_per_order": ratio(past.total("n_lines"), past.total("n_orders")),
        "returns_share": ratio(returned, past.total("spend") + returned),
    }
    if past.has("product_id"):
        columns |= _products(past)
    if past.has("category"):
        columns |= _categories(past)
    return columns


def _products(past: Past) -> Columns:
    recent = past.total("new_products", RECENT_DAYS)
    return {
        "n_products": past.total("new_products"),
        "new_product_share": ratio(past.total("new_products"), past.total("n_lines")),
        f"new_product_share_{RECENT_DAYS}d": ratio(
            recent, past.total("n_lines", RECENT_DAYS)
        ),
    }


def _categories(past: Past) -> Columns:
    n = past.total("category_lines")
    largest = past.largest(past.rows["category_lines_of_one"])
    return {
        "n_categories": past.total("new_categories"),
        "category_concentration": ratio(past.total("category_squares"), n * n),
        "favourite_category_share": ratio(largest, n),
    }
