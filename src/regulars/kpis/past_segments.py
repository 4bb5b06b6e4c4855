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
    """Return the segments of past buyers as of the cutoff, a column a segment.

    Parameters
    ----------
    data : KpiData
        A log with the tables beside it; nothing from its cutoff on is looked at.
    customers : Series of shape (n_customers,)
        Ids of customers who bought before the cutoff.

    Returns
    -------
    DataFrame of shape (n_customers, n_segments)
        In the order of `customers`: ``rfm``, and ``loyalty_map``, ``channel`` and
        ``tier`` where the tables give them.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> import pandas as pd
    >>> import pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> from regulars.kpis import KpiData
    >>> days = [date(2024, 1, 5), date(2024, 2, 7), date(2024, 4, 1)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b", "a"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 30.0, 20.0], "is_return": [False] * 3}))
    >>> data = KpiData(build_ledger(log), date(2024, 3, 1))
    >>> segments_of_past(data, pd.Series(["b", "a"]))["rfm"].tolist()
    ['R3 F1', 'R1 F1']
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
