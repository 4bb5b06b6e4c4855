"""Write scores as MLflow's scoring protocol answers them, a column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence


def predictions(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one object a row, in the order of the columns."""
    names = [str(name) for name in scores.columns]
    columns = [_plain(scores[name]) for name in scores.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def written(content: dict[str, Any] | Sequence[Any]) -> bytes:
    """Return JSON, in which NaN is null."""
    return to_json(content, inf_nan_mode="null", fallback=_text)


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a column; times as texts, as MLflow writes them."""
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        known = {each: each.isoformat() for each in column.dropna().unique()}
        return [known.get(each) for each in column]
    values = column.tolist()
    if column.dtype.kind == "O":
        # a day that is missing among days is NaT, which is no day
        return [None if each is pd.NaT else _moment(each) for each in values]
    return values


def _moment(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def _text(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    return str(value)
