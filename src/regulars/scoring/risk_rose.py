"""The list of customers whose risk rose since an earlier cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from regulars.results.writing import replacing
from regulars.scoring.sinks.files import write_csv_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = "risk_rose.csv"
COLUMNS = (
    "customer_id",
    "churn_probability_before",
    "churn_probability",
    "band_before",
    "risk_band",
    "cutoff_before",
    "cutoff",
    "value_at_risk",
    "segment",
    "risk_reasons",
)
BANDS = pa.array(["low", "medium", "high"])


def risen(scores: pa.Table, least: float) -> pa.Table:
    """Return whose band rose, or whose probability did by `least`."""
    now, before = (
        pc.index_in(scores[name], value_set=BANDS)
        for name in ("risk_band", "band_before")
    )
    rise = pc.subtract(scores["churn_probability"], scores["churn_probability_before"])
    # differences of floats: .7 - .5 falls short of .2
    is_risen = pc.or_kleene(
        pc.greater(now, before), pc.greater_equal(pc.round(rise, 12), least)
    )
    return scores.select(COLUMNS).filter(is_risen)


def write_risen(blocks: Sequence[pa.Table], outputs: Path) -> Path | None:
    """Write the list by value at risk; none is left of before where there is none."""
    path = outputs / FILE
    if not blocks:
        path.unlink(missing_ok=True)
        return None
    rows = pa.concat_tables(blocks)
    keys = ("value_at_risk", "churn_probability")
    order = pc.sort_indices(rows, [(key, "descending") for key in keys])
    with replacing(path) as temporary:
        write_csv_blocks([rows.take(order).to_pandas()], temporary)
    return path
