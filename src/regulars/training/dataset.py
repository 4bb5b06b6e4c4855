"""Rows to learn from, and how a split divides them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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
    """Rows with an outcome, of shape (n_rows, ...) each."""

    features: pd.DataFrame
    # 1 where the customer churned, else 0
    churned: Floats
    # what the customer is worth if kept, in the currency; NaN where it is not known
    value: Floats | None = None
    # kinds of slices of the base, by which figures are reported
    slices: pd.DataFrame | None = None
    # a customer may be there at several days
    customer_id: NDArray[np.object_] | None = None
    # net spend in the window
    spend: Floats | None = None
    # positions in the data set that the rows were taken from
    positions: Rows | None = None

    def __len__(self) -> int:
        return len(self.churned)

    def take(self, rows: Rows) -> Dataset:
        """Return some of the rows."""
        slices, features = self.slices, self.features
        return replace(
            self,
            features=features.iloc[rows],
            churned=self.churned[rows],
            value=None if self.value is None else self.value[rows],
            slices=None if slices is None else slices.iloc[rows],
            customer_id=None if self.customer_id is None else self.customer_id[rows],
            spend=None if self.spend is None else self.spend[rows],
            positions=rows if self.positions is None else self.positions[rows],
        )


@dataclass(frozen=True)
class Split:
    """Rows that learn, rows that test, and how to choose among the first."""

    train: Rows
    test: Rows
    # training and validation rows; the latest window first where there is time
    pairs: Sequence[tuple[Rows, Rows]]
    # the day of the test, or the number of the part
    name: str = ""
    # first day of the test; None where rows have no days
    cutoff: date | None = None
    # features that there were when it learnt; None: all
    columns: tuple[str, ...] | None = None


def concatenated(parts: Sequence[Dataset]) -> Dataset:
    """Return the rows of data sets under each other; what one lacks, all lack."""
    slices = [part.slices for part in parts if part.slices is not None]
    return Dataset(
        pd.concat([part.features for part in parts], ignore_index=True),
        np.concatenate([part.churned for part in parts]),
        _together([part.value for part in parts]),
        None if len(slices) < len(parts) else pd.concat(slices, ignore_index=True),
        _together([part.customer_id for part in parts]),
        _together([part.spend for part in parts]),
        _together([part.positions for part in parts]),
    )


def _together(parts: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def row_hashes(features: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a digest of each row, by which it is known again in another table.

    The order of the columns does not matter.
    """
    ordered = features[sorted(features.columns)]
    digests = pd.util.hash_pandas_object(ordered, index=False)
    return np.asarray(digests, dtype=np.uint64)
