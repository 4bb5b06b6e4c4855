"""Data sets of rows with outcomes, and splits of them by position."""

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


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows with an outcome, of shape (n_rows, ...) each."""

    features: pd.DataFrame
    # 1 where the customer churned, else 0
    churned: Floats
    # of the customer if kept, in the currency; NaN where it is not known
    value: Floats | None = None
    # kinds of slices of the base, by which figures are reported and the gate decides
    slices: pd.DataFrame | None = None
    # a customer may be there at several days
    customer_id: NDArray[np.object_] | None = None
    # net spend in the window
    spend: Floats | None = None
    # positions in the data set that the rows were taken from
    positions: Rows | None = None
    # further slices, for the report alone: each more makes the gate see less
    segments: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.churned)

    def take(self, rows: Rows) -> Dataset:
        """Return some of the rows."""
        slices, segments, features = self.slices, self.segments, self.features
        return replace(
            self,
            features=features.iloc[rows],
            churned=self.churned[rows],
            value=None if self.value is None else self.value[rows],
            slices=None if slices is None else slices.iloc[rows],
            customer_id=None if self.customer_id is None else self.customer_id[rows],
            spend=None if self.spend is None else self.spend[rows],
            segments=None if segments is None else segments.iloc[rows],
            positions=rows if self.positions is None else self.positions[rows],
        )


@dataclass(frozen=True, eq=False)
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
    # of each pair: when its window began, and when its outcomes were known
    windows: Sequence[tuple[date, date]] | None = None


def is_mixed(churned: Floats) -> bool:
    """Return whether some of the customers churned and some stayed."""
    return len(np.unique(churned)) == 2


def concatenated(sets: Sequence[Dataset]) -> Dataset:
    """Return the rows of data sets under each other; what one lacks, all lack."""
    if len(sets) == 1:
        return sets[0]
    return Dataset(
        pd.concat([rows.features for rows in sets], ignore_index=True),
        np.concatenate([rows.churned for rows in sets]),
        _together([rows.value for rows in sets]),
        _stacked([rows.slices for rows in sets]),
        _together([rows.customer_id for rows in sets]),
        _together([rows.spend for rows in sets]),
        _together([rows.positions for rows in sets]),
        _stacked([rows.segments for rows in sets]),
    )


def _stacked(frames: Sequence[pd.DataFrame | None]) -> pd.DataFrame | None:
    known = [each for each in frames if each is not None]
    whole = len(known) == len(frames)
    return pd.concat(known, ignore_index=True) if whole else None


def _together(arrays: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    known = [each for each in arrays if each is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None


def row_hashes(features: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a digest of each row; the order of the columns does not matter."""
    ordered = features[sorted(features.columns)]
    digests = pd.util.hash_pandas_object(ordered, index=False)
    return np.asarray(digests, dtype=np.uint64)
