"""Attributes of customers, as they were known on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.features.dated_rows import DatedRows, as_frame
from regulars.features.table_columns import array_of, names_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.features.dated_rows import SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.table_columns import Table

KEYS = ("customer_id", "day")

MEANINGS = {
    "{attribute}": "The customer's attribute as it was known last: a number, a "
    "category, or days since a date (missing where that is still to come)",
}


def customers(seen: SeenRows, words: Words) -> Columns:
    """Return the latest attributes of customers that were known before a day."""
    names = [name for name in seen.rows.names if name not in KEYS]
    return {name: _attribute(seen, name) for name in names}


def _attribute(seen: SeenRows, name: str) -> NDArray[Any]:
    kind = array_of(seen.rows.table, name).type
    if pa.types.is_temporal(kind):
        days = seen.rows.days(name)
        return seen.day - seen.last(np.where(days < seen.day, days, np.nan))
    if _is_number(kind):
        return seen.last(seen.rows[name])
    return seen.last_text(name)


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
    )


def attributes_of(rows: Table, day: pd.Timestamp, who: pd.Index) -> pd.DataFrame:
    """Return the latest attributes of customers that were known before a day."""
    seen = DatedRows.of(rows, sorted(names_of(rows))).at(day.date(), who)
    return as_frame(customers(seen, {}), who)
