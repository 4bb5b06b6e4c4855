"""The columns of a scored table with their types, in a file and in a table alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.scoring.batch import COLUMNS
from regulars.scoring.reasons import REASONS

if TYPE_CHECKING:
    import pandas as pd

# what the latest earlier cutoff said of the same customer
BEFORE = ("churn_probability_before", "band_before", "cutoff_before")
WRITTEN = (*COLUMNS, *BEFORE)
"""Columns of the written scores; those of an endpoint's answers have no history."""

_TYPES: dict[str, pa.DataType] = {
    "cutoff": pa.date32(),
    "risk_band": pa.string(),
    "segment": pa.string(),
    "expected_next_order": pa.date32(),
    "risk_reasons": pa.list_(pa.string()),
    "stay_reasons": pa.list_(pa.string()),
    "model_version": pa.string(),
    "scored_at": pa.timestamp("us", "UTC"),
    "run_id": pa.string(),
    "band_before": pa.string(),
    "cutoff_before": pa.date32(),
}

# numbers are hardly ever the same twice: a dictionary of them costs time and room
PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": [
        *(name for name, type_ in _TYPES.items() if not pa.types.is_list(type_)),
        *(f"{name}.list.element" for name in REASONS),
    ],
}


def schema_of(id_type: pa.DataType) -> pa.Schema:
    """Return the columns of scores of customers with such ids."""
    types = {"customer_id": id_type} | _TYPES
    return pa.schema([(name, types.get(name, pa.float64())) for name in WRITTEN])


def as_table(scores: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return a scored block with the types of the written table, without a history."""
    fields = [field for field in schema if field.name not in BEFORE]
    columns = [_column(scores[field.name], field) for field in fields]
    return pa.table(columns, schema=pa.schema(fields))


def _column(values: pd.Series, field: pa.Field) -> pa.Array:
    if field.name == "scored_at":  # one instant, in a zone
        instant = values.iloc[0].to_pydatetime() if len(values) else None
        return pa.repeat(pa.scalar(instant, field.type), len(values))
    array = pa.array(values, from_pandas=True)
    return array.cast(field.type) if array.type != field.type else array
