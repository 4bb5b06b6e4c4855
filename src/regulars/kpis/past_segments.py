"""Segments and attributes of past buyers as of a day, for figures of a test window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.kpis.loyalty_map import cells_at
from regulars.kpis.segments import (
    LAPSED,
    NEW,
    UNKNOWN,
    WITHOUT,
    attributes,
    known_attribute,
    n_values,
    of_past,
    segment_rows,
)
from regulars.kpis.spans import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.kpis.kpi_data import KpiData


def segments_of_past(data: KpiData, customers: pd.Series) -> pd.DataFrame:
    """Return the segments of past buyers as of the cutoff, in the order asked.

    ``rfm``, and ``loyalty_map``, ``channel`` and ``tier`` where the tables give them.
    Nothing from the cutoff on is looked at.
    """
    here = Span(data.cutoff, data.cutoff)
    names = of_past(data)
    if "loyalty_map" in names and cells_at(data, data.cutoff).empty:
        names.remove("loyalty_map")
    return pd.DataFrame(
        {
            name: _named(segment_rows(data, here, name), customers, name)
            for name in names
        },
        index=customers.index,
    )


def attributes_of_past(
    data: KpiData, customers: pd.Series, most_values: int
) -> pd.DataFrame:
    """Return the attributes of customers as known before the cutoff, in their order.

    A column with more than `most_values` values, or with one, is left out.
    """
    here = Span(data.cutoff, data.cutoff)
    found = {}
    for name in attributes(data):
        rows = known_attribute(data, here, name)
        if 1 < n_values(rows) <= most_values:
            found[name] = _named(rows, customers, name)
    return pd.DataFrame(found, index=customers.index)


def _named(found: Any, customers: pd.Series, name: str) -> NDArray[np.object_]:
    """Return the segment of each customer; nobody with a past is new."""
    rows = found.to_pyarrow().to_pandas().set_index("customer_id")["segment"]
    without = WITHOUT.get(name, UNKNOWN)
    without = LAPSED if without == NEW else without
    named = rows.astype(object).reindex(customers.to_numpy())
    return np.array(named.where(named.notna(), without), dtype=object)
