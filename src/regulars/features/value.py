"""What a customer's value is made of: amounts bought, sent back, and their margin.

Neither churn nor spend learns from these columns; the purchase process turns them into
order value, kept share and margin share (`regulars.clv.shares`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.data.ledger import MICROS, OWN_MARGIN_UNITS
from regulars.features.group import Group, ratio

if TYPE_CHECKING:
    import ibis

    from regulars.features.past import Past

VALUE_COLUMNS = {
    "gross_order_value": "Mean of what was bought on a repeat purchase day, before "
    "returns (0 without one)",
    "gross_amount": "Amount bought so far, before returns",
    "returned_amount": "Amount sent back so far",
    "own_margin": "Margin of the lines that carry their own, net of returns",
    "own_margin_amount": "Amount of those lines, net of returns",
    "own_margin_days": "Purchase days with such lines",
    "own_margin_spread": "Squared deviations of the margin shares of those days",
}
"""Columns beside the features; those of margins only where lines carry their own."""


def value(past: Past) -> Group:
    """Return the columns of `VALUE_COLUMNS` for which the log has what they need."""
    days = past.known.days
    bought = days.is_purchase
    gross = days.spend_micros + days.returns_amount_micros

    def columns(s: ibis.Table) -> dict[str, ibis.Value]:
        repeat = ratio(s.gross_spend - s.first_gross_spend, s.n_days - 1)
        return {
            "gross_order_value": (repeat / MICROS).fill_null(0.0),
            "gross_amount": s.gross_spend / MICROS,
            "returned_amount": s.sent_back / MICROS,
            **(_margins(s) if "own_margin_sum" in s.columns else {}),
        }

    return Group(
        {},
        columns,
        lasting={
            "gross_spend": gross.sum(where=bought),
            "first_gross_spend": gross.sum(where=bought & days.gap_days.isnull()),
            "sent_back": days.returns_amount_micros.sum(),
            **_margin_sums(days),
        },
    )


def _margin_sums(days: ibis.Table) -> dict[str, ibis.Value]:
    """Return sums of margins and of the shares of days; none without own margins."""
    margin, amount = (f"{name}_micros" for name in OWN_MARGIN_UNITS)
    if margin not in days.columns:
        return {}
    has_own = days.is_purchase & (days[amount] > 0)
    share = ratio(days[margin], days[amount]).clip(-1.0, 1.0)

    def total(value: ibis.Value) -> ibis.Value:
        # whole millionths: a sum that does not depend on the order of rows
        return (value * MICROS).round().cast("int64").sum(where=has_own).fill_null(0)

    return {
        "own_margin_sum": days[margin].sum(),
        "own_margin_base": days[amount].sum(),
        "own_margin_days": has_own.cast("int64").sum(),
        "margin_shares": total(share),
        "margin_squares": total(share * share),
    }


def _margins(s: ibis.Table) -> dict[str, ibis.Value]:
    mean = ratio(s.margin_shares, s.own_margin_days) / MICROS
    spread = s.margin_squares / MICROS - mean * mean * s.own_margin_days
    return {
        "own_margin": s.own_margin_sum / MICROS,
        "own_margin_amount": s.own_margin_base / MICROS,
        "own_margin_days": s.own_margin_days,
        # of a customer with one such day it is 0, not what rounding leaves
        "own_margin_spread": (s.own_margin_days > 1)
        .ifelse(spread, 0.0)
        .clip(lower=0.0)
        .fill_null(0.0),
    }
