"""Which attributes move a model's scores most, and which way.

A fitted model and rows of attributes come in; the attributes by their mean absolute
share of the log-odds go out, for the report and the card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from regulars.models.tabular.model import AttributeModel

MOST_ROWS = 5_000


def importance(model: AttributeModel, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the attributes by their mean absolute contribution to the log-odds."""
    sample = rows.sample(min(len(rows), MOST_ROWS), random_state=0)
    parts = model.contributions(sample)
    strength = parts.abs().mean().sort_values(ascending=False, kind="stable")
    return [
        {
            "feature": name,
            "meaning": name,
            "importance": float(value),
            "direction": _direction(sample[name], parts[name]),
        }
        for name, value in strength.items()
        if value > 0
    ]


def _direction(values: pd.Series, parts: pd.Series) -> str:
    if values.dtype != np.float64:
        return "mixed"
    known = values.notna()
    ranks = values[known].rank()
    if known.sum() < 3 or ranks.std() == 0 or parts[known].std() == 0:
        return "mixed"
    lean = float(np.corrcoef(ranks, parts[known])[0, 1])
    if abs(lean) < 0.3:
        return "mixed"
    return "raises" if lean > 0 else "lowers"
