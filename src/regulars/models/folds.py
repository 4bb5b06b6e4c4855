"""Validation windows with the rows that were known when each began.

Large folds can be thinned: a search over settings needs enough rows to tell them apart,
not all of them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from regulars.models.memo import content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.models.paired import Keys

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

# LightGBM keeps one count of threads for the whole process and sizes its buffers by it:
# every call of it names this one, or boosters side by side write past each other's.
ONE_THREAD: dict[str, Any] = {"num_threads": 1}

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class ValidationFold:
    """A validation window and what was known when it began."""

    train: pd.DataFrame
    y_train: Floats
    valid: pd.DataFrame
    y_valid: Floats
    # of each customer of the window as of its cutoff, 0 or more
    value: Floats | None = None
    # when the window began, and when its outcomes were known
    cutoff: date | None = None
    known_at: date | None = None
    # of last year's season, as `season_gap` gives it; None where it is unknown
    season: float | None = None
    # in place of days: positions in the data set, of training and of validation rows
    rows: tuple[Rows, Rows] | None = None
    # of each row of the window: whom it is about
    customers: Keys | None = None
    # of each training row: the cutoff that it was seen at
    snapshots: Keys | None = None

    @cached_property
    def digest(self) -> str:
        """What the window holds, in a word."""
        values = () if self.value is None else (self.value,)
        return content(self.train, self.y_train, self.valid, self.y_valid, *values)

    @property
    def keys(self) -> Keys | None:
        """Whom each row of the window is about; None where nobody says."""
        if self.customers is None and self.rows is not None:
            return self.rows[1]
        return self.customers

    def knew(self, other: ValidationFold) -> bool:
        """Return whether another window's outcomes were known when this one began."""
        if self.cutoff is not None and other.known_at is not None:
            return other.known_at <= self.cutoff
        if self.rows is not None and other.rows is not None:
            # a window knew what it learnt from
            return bool(np.isin(other.rows[1], self.rows[0]).all())
        return True

    def thinned(self, n_rows: int, *, random_state: int = 0) -> ValidationFold:
        """Return the fold with at most so many training rows, drawn at random."""
        if len(self.train) <= n_rows:
            return self
        rng = np.random.default_rng(random_state)
        kept = np.sort(rng.choice(len(self.train), n_rows, replace=False))
        seen_at = None if self.snapshots is None else self.snapshots[kept]
        return replace(
            self,
            train=self.train.iloc[kept],
            y_train=self.y_train[kept],
            snapshots=seen_at,
        )


def known_before(folds: Sequence[ValidationFold]) -> list[list[int]]:
    """Return, for each window, the places of the earlier ones known when it began."""
    return [
        [
            place + behind
            for behind, earlier in enumerate(folds[place + 1 :], start=1)
            if fold.knew(earlier)
        ]
        for place, fold in enumerate(folds)
    ]


def side_by_side(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply a function to each item, as many at once as there are cores.

    For work that leaves Python (LightGBM, linear algebra); results keep the order of
    the items, so that the outcome does not depend on the number of cores.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(work, items))
