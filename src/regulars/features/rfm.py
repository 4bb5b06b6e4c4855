"""Recency, frequency and money, as the purchase-process models define them.

``frequency`` counts *repeat* purchase days and ``recency_days`` runs from the first
purchase to the last; mixing them up with order counts is the commonest mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.sorted_rows import MICROS, ratio

if TYPE_CHECKING:
    from regulars.features.group import Columns
    from regulars.features.history import Days
    from regulars.features.past import Past
    from regulars.features.sorted_rows import Floats

MICROS_A_CENT = MICROS // 100

MEANINGS = {
    "frequency": "Days with a purchase after the first one",
    "recency_days": "Days from the first purchase to the last",
    "T_days": "Days from the first purchase to the cutoff",
    "monetary_value": "Mean spend of a repeat purchase day (0 without one)",
    "n_orders": "Orders so far",
    "days_since_last_order": "Days since the last order",
    "revenue": "Spend so far, net of returns",
    "aov": "Spend per order, net of returns",
    "largest_day_spend": "Spend on the largest purchase day",
    "last_day_spend": "Spend on the last purchase day, in whole hundredths",
    "last_day_spend_ratio": "Spend on the last purchase day over that of a mean one",
    "purchase_days_per_week": "Purchase days per week since the first purchase",
    "recency_share": "Share of the time since the first purchase that lies before "
    "the last",
}


def rfm(past: Past) -> Columns:
    """Return recency, frequency and monetary features."""
    # Days are purchase days: a day with refunds only lowers revenue, nothing else. T
    # runs to the cutoff; lifetimes and the published CDNOW summary count to the last
    # day seen, one less.
    spend, micros = past.rows["spend"], past.rows.whole("spend")
    frequency = past.n_days - 1
    recency = past.first_age - past.last_age
    bought = past.total(purchase_spend)
    revenue, orders = past.total("spend"), past.total("n_orders")
    repeat = ratio(bought - spend[past.first_purchase], frequency)
    largest = np.where(past.rows["is_purchase"], spend, -np.inf)
    last_spend = (micros[past.last_purchase] // MICROS_A_CENT) / 100
    return {
        "frequency": frequency,
        "recency_days": recency,
        "T_days": past.first_age,
        "monetary_value": np.where(frequency > 0, repeat, 0.0),
        "n_orders": orders,
        "days_since_last_order": past.last_age,
        "revenue": revenue,
        "aov": ratio(revenue, orders),
        "largest_day_spend": past.largest(largest),
        "last_day_spend": last_spend,
        "last_day_spend_ratio": ratio(last_spend, bought / past.n_days),
        "purchase_days_per_week": ratio(past.n_days * 7, past.first_age),
        "recency_share": ratio(recency, past.first_age),
    }


def purchase_spend(days: Days) -> Floats:
    """Return the spend of each purchase day."""
    return np.where(days["is_purchase"], days["spend"], 0.0)
