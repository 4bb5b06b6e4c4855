"""Reasons for those with the most value at risk only: who they are, and their lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.scoring.batch import chosen_rows
from regulars.scoring.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def most_at_risk(parts: Sequence[Path], n_customers: int) -> list[Any]:
    """Return the ids of so many customers of scored parts, in their order."""
    numbers = ["churn_probability", "value_at_risk"]
    risks = [pq.read_table(path, columns=numbers).to_pandas() for path in parts]
    if not risks:
        return []
    rows = chosen_rows(pd.concat(risks, ignore_index=True), n_customers)
    ends = np.cumsum([len(risk) for risk in risks])
    chosen: list[Any] = []
    for path, risk, end in zip(parts, risks, ends, strict=True):
        first = end - len(risk)
        here = rows[(rows >= first) & (rows < end)] - first
        if len(here):
            ids = pq.read_table(path, columns=["customer_id"])["customer_id"]
            chosen += ids.take(pa.array(here)).to_pylist()
    return chosen


def with_reasons(scores: pa.Table, reasons: pa.Table) -> pa.Table:
    """Return scores with the reasons of those who have some; the others have none."""
    place = pc.index_in(
        scores["customer_id"], value_set=reasons["customer_id"].combine_chunks()
    )
    place = place.fill_null(reasons.num_rows)
    for name in REASONS:
        field = scores.schema.field(name)
        none = pa.array([[]], field.type)
        lists = pa.chunked_array([*reasons[name].chunks, none], field.type)
        position = scores.schema.get_field_index(name)
        scores = scores.set_column(position, field, lists.take(place))
    return scores
