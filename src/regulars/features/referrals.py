"""Referrals: how many customers somebody brought, and whether they were brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns


def referrals(seen: SeenRows) -> Columns:
    """Return counts of referrals; ``customer_id`` is the customer who recommended."""
    known = seen.frame.loc[seen.rows.day < seen.day, "referred_id"]
    referred = seen.customers.isin(pd.Index(known))
    return seen.counts("referrals") | {"was_referred": referred}
