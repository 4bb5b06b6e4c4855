"""Attributes of customers, as they were known on a day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from regulars.features.dated_rows import category


def attributes_of(
    rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index
) -> pd.DataFrame:
    """Return the latest attributes of customers that were known before a day."""
    known = rows[rows["day"] < day].sort_values("day", kind="stable")
    latest = known.drop_duplicates("customer_id", keep="last")
    held = latest.set_index("customer_id").drop(columns="day").reindex(customers)
    return pd.DataFrame({c: _feature(held[c], day) for c in held}, index=customers)


def _feature(values: pd.Series, day: pd.Timestamp) -> pd.Series:
    """Return days since a date (none for one still to come), a number or a category."""
    types: Any = pd.api.types
    if types.is_datetime64_any_dtype(values):
        ago: pd.Series = (day - values).dt.days.astype(np.float64)
        return ago.mask(ago < 0)
    if types.is_numeric_dtype(values):
        return values.astype(np.float64)
    return pd.Series(category(values), values.index, dtype=object)
