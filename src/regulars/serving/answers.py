"""Write scores as MLflow's scoring protocol answers them, a column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def predictions(
    scores: pd.DataFrame | Mapping[str, Any], n_rows: int
) -> list[dict[str, Any]]:
    """Return one object a row, in the order of the columns."""
    names = list(map(str, scores))
    columns = [_plain(column, n_rows) for _, column in scores.items()]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def written(content: dict[str, Any] | Sequence[Any]) -> bytes:
    """Return JSON, in which NaN is null."""
    return to_json(content, inf_nan_mode="null", fallback=_text)


def _plain(column: Any, n_rows: int) -> list[Any]:
    """Return the values of a column, one value alone for every row.

    Times are texts, as MLflow writes them.
    """
    dtype = getattr(column, "dtype", np.dtype(object))
    if isinstance(column, pd.Series) and dtype.kind == "M":
        known = {each: each.isoformat() for each in column.dropna().unique()}
        return [known.get(each) for each in column]
    values = column.tolist() if hasattr(column, "tolist") else column
    if not isinstance(values, list):
        values = [values] * n_rows
    if dtype.kind == "O":
        # a day that is missing among days is NaT, which is no day
        values = [None if each is pd.NaT else _moment(each) for each in values]
    return values


def _moment(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def _text(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    return str(value)
