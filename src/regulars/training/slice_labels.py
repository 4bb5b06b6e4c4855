"""The parts of a base of customers by which figures are told.

Rows of attributes come in; a frame with one label a row and kind of part goes out:
categories and numbers of few values as they are, what customers are worth in thirds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_VALUES = 6
MOST_KINDS = 6
BANDS = ("lowest third", "middle third", "highest third")
UNKNOWN = "unknown"


def slices_of(attributes: pd.DataFrame, value: ArrayLike | None = None) -> pd.DataFrame:
    """Label rows by the parts they belong to."""
    found: dict[str, NDArray[np.object_]] = {}
    for name in attributes.columns:
        if len(found) < MOST_KINDS and 1 < attributes[name].nunique() <= MOST_VALUES:
            found[str(name)] = _texts(attributes[name])
    if value is not None:
        worth = pd.Series(np.asarray(value, dtype=np.float64))
        if worth.min() < worth.max():
            found["value_band"] = in_thirds(worth)
    return pd.DataFrame(found, index=attributes.index)


def _texts(values: pd.Series) -> NDArray[np.object_]:
    shown = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    known = values.notna().to_numpy(dtype=bool)
    return np.where(known, np.array(shown, dtype=object), UNKNOWN)


def in_thirds(values: pd.Series) -> NDArray[np.object_]:
    """Return the third that each value lies in; equal values stay together."""
    share = values.rank(pct=True, method="average")
    place = np.searchsorted([1 / 3, 2 / 3], share.fillna(0) - 1e-12, side="left")
    bands = np.array(BANDS, dtype=object)[place]
    return np.where(values.notna().to_numpy(), bands, UNKNOWN)
