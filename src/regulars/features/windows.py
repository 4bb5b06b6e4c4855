"""What happened in the last days, weeks and months, and whether it grows or fades.

A window that reaches back beyond the first day of the log is missing rather than
counted short, so that "no order in the last year" always means a year.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from regulars.features.sorted_rows import SCALE, ratio, running_total

if TYPE_CHECKING:
    from regulars.features.group import Columns
    from regulars.features.past import Past
    from regulars.features.sorted_rows import Floats

WINDOWS = (7, 14, 28, 56, 91, 182, 365)
"""Days of the windows; all but the half-month ones are whole weeks or years."""

SPEND_WINDOWS = (28, 56, 91, 182, 365)
ITEM_WINDOWS = (28, 91, 365)
DISCOUNT_WINDOWS = (91, 365)

TRENDS = ((28, 56), (91, 182))
"""Pairs (w, 2 w): the last w days are compared with the w days before them."""

HALF_LIVES = (14, 30, 60)
"""Days after which a purchase counts half in the faded counts."""

MEANINGS = {
    **{f"orders_{w}d": f"Orders in the last {w} days" for w in WINDOWS},
    **{
        f"spend_{w}d": f"Spend in the last {w} days, net of returns"
        for w in SPEND_WINDOWS
    },
    **{
        f"items_{w}d": f"Items bought in the last {w} days (lines where the log has "
        "no quantities)"
        for w in ITEM_WINDOWS
    },
    **{
        f"discount_share_{w}d": f"Discount over spend before discount, last {w} days"
        for w in DISCOUNT_WINDOWS
    },
    "discount_share": "Discount over spend before discount, so far",
    **{
        f"orders_trend_{w}d": f"Orders of the last {w} days against the {w} before: "
        "1 all new, 0 even, -1 all gone"
        for w, _ in TRENDS
    },
    **{
        f"spend_trend_{w}d": f"Share of the spend of the last {2 * w} days that lies "
        f"in the last {w}"
        for w, _ in TRENDS
    },
    **{
        f"orders_faded_{h}d": f"Purchase days, each counting half after {h} days"
        for h in HALF_LIVES
    },
}


def windows(past: Past) -> Columns:
    """Return counts and sums over the windows that the history reaches."""
    orders = {w: past.window("n_orders", w) for w in WINDOWS}
    spend = {w: past.window("spend", w) for w in SPEND_WINDOWS}
    items = "quantity" if past.has("quantity") else "n_lines"
    columns = {f"orders_{w}d": orders[w] for w in WINDOWS}
    columns |= {f"spend_{w}d": spend[w] for w in SPEND_WINDOWS}
    columns |= {f"items_{w}d": past.window(items, w) for w in ITEM_WINDOWS}
    columns |= {f"orders_faded_{h}d": _faded(past, h) for h in HALF_LIVES}
    if past.has("discount_amount"):
        columns |= _discounts(past)
    for w, both in TRENDS:
        change = 2 * orders[w] - orders[both]
        columns[f"orders_trend_{w}d"] = ratio(change, orders[both])
        columns[f"spend_trend_{w}d"] = ratio(spend[w], spend[both])
    return columns


def _faded(past: Past, half_life: int) -> Floats:
    """Sum 2^(-age / half-life), in integers so that order does not matter."""
    weight = np.exp(past.ages * (-math.log(2) / half_life)) * SCALE
    whole = np.rint(np.where(past.rows["is_purchase"], weight, 0.0)).astype(np.int64)
    return past.total(running_total(whole)) / SCALE


def _discounts(past: Past) -> Columns:
    taken, spent = past.total("discount_amount"), past.total("spend")
    shares = {"discount_share": ratio(taken, spent + taken)}
    for w in DISCOUNT_WINDOWS:
        taken, spent = (past.window(m, w) for m in ("discount_amount", "spend"))
        shares[f"discount_share_{w}d"] = ratio(taken, spent + taken)
    return shares
