"""Attributes of customers, as they were known on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.features.dated_rows import DatedRows, as_frame
from regulars.features.table_columns import array_of, names_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.features.dated_rows import SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.table_columns import Table

KEYS = ("customer_id", "day")
_FLAGS = {"true": "1", "false": "0"}
_DAY = r"\d{4}-\d{2}-\d{2}(?:[T ].*)?"

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


def as_learnt(values: pd.Series, *, is_category: bool) -> pd.Series:
    """Return an attribute in the form in which a model knows it.

    A category as texts, whatever it is sent as; all else as numbers, or as days where
    it holds days: neither one customer nor a later table has to hold what the column
    was typed by.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return values
    if is_category:
        # in a column of flags True would be the 1 of numbers
        is_flag = values.dtype == bool or pd.api.types.infer_dtype(values) == "boolean"
        return values.map(str, na_action="ignore").astype(object) if is_flag else values
    if pd.api.types.is_numeric_dtype(values) and values.dtype != bool:
        return values
    days = days_in(values)
    return numbers_in(values) if days is None else days


def flags_in(values: pd.Series) -> pd.Series | None:
    """Return texts as 1 and 0 where they are true and false, and nothing else."""
    texts = _texts(values).str.lower()
    known = texts.dropna()
    return numbers_in(values) if len(known) and known.isin([*_FLAGS]).all() else None


def days_in(values: pd.Series) -> pd.Series | None:
    """Return texts as days where all of them are ISO days, else None."""
    texts = _texts(values)
    known = texts.dropna()
    if known.empty or not known.str.fullmatch(_DAY).all():
        return None
    found = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    return found.dt.tz_localize(None)


def numbers_in(values: pd.Series) -> pd.Series:
    """Return texts and flags as numbers; what is none is missing."""
    texts = _texts(values).str.lower().replace(_FLAGS)
    numbers = pd.to_numeric(texts, errors="coerce").astype("Float64")
    found = pd.Series(numbers.to_numpy(np.float64, na_value=np.nan), values.index)
    return found.where(np.isfinite(found))


def _texts(values: pd.Series) -> pd.Series:
    return values.astype("string").str.strip()
