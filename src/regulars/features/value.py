"""What a customer's value is made of: amounts bought, sent back, and their margin.

Neither churn nor spend learns from these columns; the purchase process turns them into
order value, kept share and margin share (`regulars.clv.shares`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.sorted_rows import MICROS, ratio

if TYPE_CHECKING:
    from regulars.features.group import Columns
    from regulars.features.history import Days
    from regulars.features.past import Past
    from regulars.features.sorted_rows import Flags, Floats

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


def value(past: Past) -> Columns:
    """Return the columns of `VALUE_COLUMNS` for which the log has what they need."""
    gross = past.total(gross_spend)
    first = gross_spend(past.rows)[past.first_purchase]
    repeat = ratio(gross - first, past.n_days - 1)
    columns = {
        "gross_order_value": np.where(past.n_days > 1, repeat, 0.0),
        "gross_amount": gross,
        "returned_amount": past.total("returns_amount"),
    }
    return columns | (_margins(past) if "margin" in past.rows else {})


def _margins(past: Past) -> Columns:
    n_days = past.total(has_margin)
    mean = ratio(past.total(margin_share), n_days)
    spread = past.total(margin_share_squared) - mean * mean * n_days
    return {
        "own_margin": past.total("margin"),
        "own_margin_amount": past.total("margin_amount"),
        "own_margin_days": n_days,
        # of a customer with one such day it is 0, not what rounding leaves
        "own_margin_spread": np.where(n_days > 1, np.maximum(spread, 0.0), 0.0),
    }


def gross_spend(days: Days) -> Floats:
    """Return what was bought on each purchase day before returns."""
    gross = days.whole("spend") + days.whole("returns_amount")
    return np.where(days["is_purchase"], gross, 0) / MICROS


def has_margin(days: Days) -> Flags:
    """Return which purchase days have a margin of their own."""
    return days["is_purchase"] & (days["margin_amount"] > 0)


def margin_share(days: Days) -> Floats:
    """Return the margin share of the days that have one."""
    share = ratio(days["margin"], days["margin_amount"])
    return np.where(has_margin(days), np.clip(share, -1.0, 1.0), 0.0)


def margin_share_squared(days: Days) -> Floats:
    """Return the squares of the margin shares."""
    return margin_share(days) ** 2
