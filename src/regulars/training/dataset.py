"""Rows to learn from, and how tests divide them.

A table with a label and the snapshots of contracts end up as the same thing: rows of
attributes with an outcome, perhaps with what each customer is worth and the parts of
the base that they belong to. A `Split` says which of the rows learn, which choose and
which test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Dataset:
    """Rows with an outcome."""

    attributes: pd.DataFrame
    churned: Floats
    value: Floats | None = None
    parts: pd.DataFrame | None = None
    customer: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.churned)

    def seen_by(self, split: Split) -> pd.DataFrame:
        """Return the attributes that there were when a split learnt."""
        names = split.columns
        return self.attributes if names is None else self.attributes[list(names)]


@dataclass(frozen=True)
class Split:
    """Rows that learn, rows that test, and how to choose among the first."""

    train: Rows
    test: Rows
    pairs: Sequence[tuple[Rows, Rows]]
    name: str = ""
    cutoff: date | None = None
    columns: tuple[str, ...] | None = None


def row_hashes(attributes: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a digest of each row, by which it is known again in another table."""
    ordered = attributes[sorted(attributes.columns)]
    digests = pd.util.hash_pandas_object(ordered, index=False)
    return np.asarray(digests, dtype=np.uint64)
