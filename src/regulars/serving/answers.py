"""Write scores as MLflow's scoring protocol answers them, a column at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import datetime


def predictions(scores: pd.DataFrame) -> bytes:
    """Return ``{"predictions": [...]}``: one object a row; nothing known is null."""
    names = [str(name) for name in scores.columns]
    columns = [_plain(scores[name]) for name in scores.columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return written({"predictions": rows})


def written(content: Any) -> bytes:
    """Return JSON; NaN, which is none, is an error."""
    text = json.dumps(content, default=_text, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a column with None where there is none."""
    values = column.tolist()
    # lists of reasons are values, and so are empty ones
    return [None if value != value or value is pd.NaT else value for value in values]


def _text(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        moment: datetime.date = value
        return moment.isoformat()
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    msg = f"{type(value).__name__} has no form in JSON."
    raise TypeError(msg)
