"""Referrals: how many customers somebody brought, and whether they were brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from regulars.features.counting import counts

if TYPE_CHECKING:
    from regulars.features.counting import Columns


def referrals(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    """Return counts of referrals; ``customer_id`` is the customer who recommended."""
    referred = customers.isin(pd.Index(rows["referred_id"]))
    return {
        **counts("referrals", rows, day, customers),
        "was_referred": pd.Series(referred, customers),
    }
