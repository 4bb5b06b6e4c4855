"""Checks of histories, horizons and counts, so that every model refuses the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.clv.rows import Rows, distinct, reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray

_TINY = 1e-9  # relative slack of recency <= T, for times that were divided


def by_distinct(function: Callable[..., FloatArray], *columns: Any) -> FloatArray:
    """Evaluate a costly function once for each distinct row."""
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    wide = [k for k, array in enumerate(arrays) if array.ndim and array.size > 1]
    if not wide:
        return function(*arrays)
    unique, place = distinct([arrays[k] for k in wide])
    for k, values in zip(wide, unique, strict=True):
        arrays[k] = values
    return np.asarray(function(*arrays)[place])


def check_histories(table: pd.DataFrame) -> None:
    """Raise if a frequency, recency or T cannot be that of a customer."""
    columns = {name: table[name].to_numpy() for name in ("frequency", "recency", "T")}
    advice = (
        "recency is first to last purchase. Build the summary with "
        "regulars.clv.summarise."
    )
    for bad, what in _faults(columns):
        reject(columns["frequency"], bad, table.index, what, advice)


def are_histories(columns: Mapping[str, FloatArray]) -> bool:
    """Return whether there is nothing in some columns to raise for."""
    is_finite = all(np.isfinite(values).all() for values in columns.values())
    return is_finite and not any(bad.any() for bad, _ in _faults(columns))


def _faults(
    columns: Mapping[str, FloatArray],
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    x, recency, age = (columns[name] for name in ("frequency", "recency", "T"))
    yield (x < 0) | (x != np.floor(x)), "frequency is not a whole number >= 0"
    yield recency < 0, "recency is negative"
    yield recency > age * (1 + _TINY), "recency is greater than T"
    yield (x == 0) & (recency != 0), "frequency is 0 but recency is not"
    yield (x > 0) & (recency == 0), "frequency is positive but recency is 0"


def check_horizon(t: Any, n_rows: int | None = None) -> FloatArray:
    """Return a horizon as an array, or raise if it is no length of time."""
    horizon = np.asarray(t, dtype=np.float64)
    if not (np.isfinite(horizon) & (horizon >= 0)).all():
        msg = f"t must be a finite length of time >= 0, got {t!r}."
        raise ValueError(msg)
    if n_rows is not None and horizon.ndim and horizon.shape != (n_rows,):
        msg = (
            f"t must be one number or one for each of the {n_rows} customers, got "
            f"shape {horizon.shape}."
        )
        raise ValueError(msg)
    return horizon


def check_count(n: Any) -> FloatArray:
    """Return a number of purchases as an array, or raise if it is none."""
    count = np.asarray(n, dtype=np.float64)
    if not (np.isfinite(count) & (count >= 0) & (count == np.floor(count))).all():
        msg = f"n must be a whole number of purchases >= 0, got {n!r}."
        raise ValueError(msg)
    return count


def check_level(level: float) -> None:
    """Raise if a level of confidence is not between 0 and 1."""
    if not 0 < level < 1:
        msg = f"level must lie between 0 and 1 (0.95 for 95%), got {level!r}."
        raise ValueError(msg)


def within_age(rows: Rows) -> Rows:
    """Return the rows with recency at most T, which divided times may miss by a bit."""
    return rows.with_columns(recency=np.minimum(rows["recency"], rows["T"]))
