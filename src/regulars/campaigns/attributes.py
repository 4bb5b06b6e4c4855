"""Attributes of customers as they stand at a launch: consent, addresses, tiers.

What the model may learn from needs the day from which it was known. Whom a campaign may
reach today does not: an attribute without such a day counts as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from regulars.features.customers import days_in
from regulars.models.tabular.columns import FALSE_WORDS, TRUE_WORDS, typed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

TABLE, KNOWN_FROM = "customers", "known_from_date"
KEYS = ("customer_id", "known_from", KNOWN_FROM)


def attributes_as_written(
    tables: Mapping[str, Any], ids: pd.Index, cutoff: date
) -> pd.DataFrame:
    """Return each customer's latest attributes before a cutoff, in the order of ids."""
    if TABLE not in tables:
        return pd.DataFrame(index=ids)
    rows = tables[TABLE].to_pyarrow().to_pandas()
    if KNOWN_FROM in rows:
        day = pd.to_datetime(rows[KNOWN_FROM])
        rows = rows.assign(**{KNOWN_FROM: day})
        # those without a day are known from the start
        rows = rows[day.isna() | (day < pd.Timestamp(cutoff))]
        rows = rows.sort_values(KNOWN_FROM, kind="stable", na_position="first")
    # one table may hold numbers where another holds texts
    who = rows["customer_id"].astype(str)
    latest = rows.assign(customer_id=who).drop_duplicates("customer_id", keep="last")
    held = latest.set_index("customer_id").drop(columns=[*KEYS], errors="ignore")
    found: pd.DataFrame = held.reindex(ids.astype(str)).set_axis(ids)
    return found


def as_tested(values: pd.Series) -> pa.Array:
    """Return an attribute as conditions see it: true or false, number, day or text."""
    if not _is_text(values):
        return pa.array(values, from_pandas=True)
    words = values.astype("string").str.strip().str.lower()
    known = words.dropna()
    if len(known) and known.isin(TRUE_WORDS | FALSE_WORDS).all():
        flags = words.isin(TRUE_WORDS).astype("boolean").mask(words.isna())
        return pa.array(flags, pa.bool_(), from_pandas=True)
    if (days := days_in(values)) is not None:
        return pa.array(days, from_pandas=True).cast(pa.date32(), safe=False)
    return pa.array(typed(values)[0], from_pandas=True)


def _is_text(values: pd.Series) -> bool:
    return bool(
        pd.api.types.is_string_dtype(values) or pd.api.types.is_object_dtype(values)
    ) and not isinstance(values.dropna().iloc[0] if values.notna().any() else "", bool)
