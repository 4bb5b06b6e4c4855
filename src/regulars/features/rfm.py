"""Recency, frequency and money, as the purchase-process models define them.

``frequency`` counts *repeat* purchase days and ``recency_days`` runs from the first
purchase to the last; mixing them up with order counts is the commonest mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.data.ledger import MICROS
from regulars.features.group import Group, ratio

if TYPE_CHECKING:
    import ibis

    from regulars.features.past import Past

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


def rfm(past: Past) -> Group:
    """Return recency, frequency and monetary features."""
    days = past.known.days
    bought = days.is_purchase

    def features(s: ibis.Table) -> dict[str, ibis.Value]:
        # Days are purchase days: a day with refunds only lowers revenue, nothing else.
        # T runs to the cutoff; lifetimes and the published CDNOW summary count to the
        # last day seen, one less.
        frequency = s.n_days - 1
        recency = s.first_age - s.last_age
        last_spend = (s.last_spend // MICROS_A_CENT).cast("float64") / 100
        mean_spend = ratio(s.purchase_spend, s.n_days) / MICROS
        return {
            "frequency": frequency,
            "recency_days": recency,
            "T_days": s.first_age,
            "monetary_value": (
                ratio(s.purchase_spend - s.first_spend, frequency) / MICROS
            ).fill_null(0.0),
            "n_orders": s.n_orders,
            "days_since_last_order": s.last_age,
            "revenue": s.spend / MICROS,
            "aov": ratio(s.spend, s.n_orders) / MICROS,
            "largest_day_spend": s.largest_spend / MICROS,
            "last_day_spend": last_spend,
            "last_day_spend_ratio": ratio(last_spend, mean_spend),
            "purchase_days_per_week": ratio(s.n_days * 7, s.first_age),
            "recency_share": ratio(recency, s.first_age),
        }

    return Group(
        {},
        features,
        lasting={
            "purchase_spend": days.spend_micros.sum(where=bought),
            "first_spend": days.spend_micros.sum(where=bought & days.gap_days.isnull()),
            "largest_spend": days.spend_micros.max(where=bought),
        },
    )
