"""What happened in the last days, weeks and months, and whether it grows or fades.

A window that reaches back beyond the first day of the log is missing rather than
counted short, so that "no order in the last year" always means a year.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ibis

from regulars.data.ledger import MICROS
from regulars.features.group import SCALE, Group, ratio

if TYPE_CHECKING:
    from regulars.features.past import Past

WINDOWS = (7, 14, 28, 56, 91, 182, 365)
"""Days of the windows; all but the half-month ones are whole weeks or years."""

SPEND_WINDOWS = (28, 56, 91, 182, 365)
ITEM_WINDOWS = (28, 91, 365)
DISCOUNT_WINDOWS = (91, 365)

TRENDS = ((28, 56), (91, 182))
"""Pairs (w, 2 w): the last w days are compared with the w days before them."""

HALF_LIVES = (14, 30, 60)
"""Days after which a purchase counts half in the faded counts."""

VANISHED = 21
"""Half-lives after which a purchase weighs less than half a unit of 1 / SCALE: none."""

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


def windows(past: Past) -> Group:
    """Return counts and sums over the windows that the history reaches."""
    days = past.days
    seen = [w for w in WINDOWS if w <= past.seen_days]
    items = days.quantity_micros if past.has("quantity") else days.n_lines * MICROS
    measures = {
        "orders": (days.n_orders, WINDOWS),
        "spend": (days.spend_micros, SPEND_WINDOWS),
        "items": (items, ITEM_WINDOWS),
    }
    if past.has("discount_amount"):
        discount = days.discount_amount_micros.fill_null(0)
        measures["discount"] = (discount, DISCOUNT_WINDOWS)
    recent = {
        w: {
            f"{name}_{w}": (days.age_days <= w).ifelse(value, 0).sum()
            for name, (value, lengths) in measures.items()
            if w in lengths
        }
        for w in seen
    }
    for h in HALF_LIVES:
        recent[VANISHED * h] = {f"faded_{h}": _faded(days, h)}
    lasting = {}
    if past.has("discount_amount"):
        lasting["discount"] = past.known.days.discount_amount_micros.sum()

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        return _totals(s) | _discounts(s, past) | _trends(s)

    return Group({}, features, recent=recent, lasting=lasting)


def _faded(days: ibis.Table, half_life: int) -> ibis.Value:
    """Sum 2^(-age / half-life), in integers so that order does not matter."""
    weight = (days.age_days.cast("float64") * (-math.log(2) / half_life)).exp()
    return days.is_purchase.ifelse((weight * SCALE).round().cast("int64"), 0).sum()


def _or_null(s: ibis.Table, name: str) -> ibis.Value:
    return s[name] if name in s.columns else ibis.null("int64")


def _totals(s: ibis.Table) -> dict[str, ibis.Value]:
    orders = {f"orders_{w}d": _or_null(s, f"orders_{w}") for w in WINDOWS}
    spend = {f"spend_{w}d": _or_null(s, f"spend_{w}") / MICROS for w in SPEND_WINDOWS}
    items = {f"items_{w}d": _or_null(s, f"items_{w}") / MICROS for w in ITEM_WINDOWS}
    faded = {f"orders_faded_{h}d": s[f"faded_{h}"] / SCALE for h in HALF_LIVES}
    return orders | spend | items | faded


def _discounts(s: ibis.Table, past: Past) -> dict[str, ibis.Value]:
    if not past.has("discount_amount"):
        return {}
    shares = {"discount_share": ratio(s.discount, s.spend + s.discount)}
    for w in DISCOUNT_WINDOWS:
        discount, spend = _or_null(s, f"discount_{w}"), _or_null(s, f"spend_{w}")
        shares[f"discount_share_{w}d"] = ratio(discount, spend + discount)
    return shares


def _trends(s: ibis.Table) -> dict[str, ibis.Value]:
    trends = {}
    for w, both in TRENDS:
        orders, orders_both = _or_null(s, f"orders_{w}"), _or_null(s, f"orders_{both}")
        trends[f"orders_trend_{w}d"] = ratio(2 * orders - orders_both, orders_both)
        spend, spend_both = _or_null(s, f"spend_{w}"), _or_null(s, f"spend_{both}")
        trends[f"spend_trend_{w}d"] = ratio(spend, spend_both)
    return trends
