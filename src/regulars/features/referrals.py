"""Referrals: how many customers somebody brought, and whether they were brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from regulars.features.dated_rows import meanings
from regulars.features.sorted_rows import ratio
from regulars.features.table_columns import array_of

if TYPE_CHECKING:
    from regulars.features.dated_rows import SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.table_columns import Table

CONVERTED = "converted_date"

MEANINGS = {
    **meanings("referrals", "referral", "Referrals made"),
    "referrals_converted": "Customers referred who have bought",
    "referrals_converted_share": "Those over all customers referred",
    "was_referred": "1 for customers whom another brought",
    "days_since_was_referred": "Days since another brought the customer",
}


def referrals(seen: SeenRows, words: Words) -> Columns:
    """Return counts of referrals; ``customer_id`` is the customer who recommended."""
    columns = seen.counts("referrals")
    if CONVERTED in seen.rows:
        converted = seen.by(CONVERTED).number()
        columns["referrals_converted"] = converted
        columns["referrals_converted_share"] = ratio(converted, seen.number())
    own = seen.of_side("referred_id")
    return columns | {
        "was_referred": own.number() > 0,
        "days_since_was_referred": own.since(),
    }


def with_conversions(table: Table, first_days: pd.Series) -> Table:
    """Return referrals with the day on which the referred first bought, if any."""
    referred = array_of(table, "referred_id").to_pandas()
    first = first_days.set_axis(first_days.index.astype(str))
    days = pd.to_datetime(referred.astype(str).map(first))
    if isinstance(table, pd.DataFrame):
        return table.assign(**{CONVERTED: days.to_numpy()})
    return table.append_column(CONVERTED, pa.array(days, from_pandas=True))
