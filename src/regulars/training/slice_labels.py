"""Slices of the base to report figures by: attributes of few values, value bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.evaluation.slices import UNKNOWN, in_thirds

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_VALUES = 6
MOST_KINDS = 6


def slices_of(attributes: pd.DataFrame, value: ArrayLike | None = None) -> pd.DataFrame:
    """Return a column of labels for each kind of slice."""
    labels: dict[str, NDArray[np.object_]] = {}
    for name in attributes.columns:
        if len(labels) < MOST_KINDS and 1 < attributes[name].nunique() <= MOST_VALUES:
            labels[str(name)] = _texts(attributes[name])
    if value is not None:
        values = pd.Series(np.asarray(value, dtype=np.float64))
        if values.min() < values.max():
            labels["value_band"] = in_thirds(values)
    return pd.DataFrame(labels, index=attributes.index)


def _texts(values: pd.Series) -> NDArray[np.object_]:
    shown = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    known = values.notna().to_numpy(dtype=bool)
    return np.where(known, np.array(shown, dtype=object), UNKNOWN)
