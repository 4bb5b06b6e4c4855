"""Rows for a choice made forward in time.

A validation window and the training rows that were known when it began, as one object
that the churn and the spend models choose by. Large folds can be thinned: a search over
settings needs enough rows to tell them apart, not all of them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# LightGBM keeps one count of threads for the whole process and sizes its buffers by it:
# every call of it names this one, or boosters side by side write past each other's.
ONE_THREAD: dict[str, Any] = {"num_threads": 1}

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class ValidationFold:
    """A validation window and what was known when it began.

    Attributes
    ----------
    train, valid : DataFrame of shape (n_rows, n_features)
        Features of the training rows, and of the rows at the validation cutoff.
    y_train, y_valid : array of shape (n_rows,)
        What happened: 1 where the customer churned, or the spend.
    value : array of shape (n_valid_rows,) or None
        What each customer of the validation window was worth as of its cutoff, 0 or
        more; None where it is not needed.
    cutoff, known_at : date or None
        Day on which the validation window began, and day on which its outcomes were
        known; None where they are not told.
    """

    train: pd.DataFrame
    y_train: Floats
    valid: pd.DataFrame
    y_valid: Floats
    value: Floats | None = None
    cutoff: date | None = None
    known_at: date | None = None

    def knew(self, other: ValidationFold) -> bool:
        """Return whether another window's outcomes were known when this one began.

        Parameters
        ----------
        other : ValidationFold
            Another window of the same log.

        Returns
        -------
        bool
            True where the days of neither are told.
        """
        if self.cutoff is None or other.known_at is None:
            return True
        return other.known_at <= self.cutoff

    def thinned(self, n_rows: int, *, random_state: int = 0) -> ValidationFold:
        """Return the fold with at most so many training rows, drawn at random.

        Parameters
        ----------
        n_rows : int
            Most training rows.
        random_state : int, default=0
            Seed.

        Returns
        -------
        ValidationFold
            `self` where it is small enough; the validation rows are always all there.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"x": np.arange(9.0)})
        >>> fold = ValidationFold(rows, np.arange(9.0), rows, np.arange(9.0))
        >>> small = fold.thinned(4)
        >>> len(small.train), bool((small.train["x"] == small.y_train).all())
        (4, True)
        """
        if len(self.train) <= n_rows:
            return self
        rng = np.random.default_rng(random_state)
        kept = np.sort(rng.choice(len(self.train), n_rows, replace=False))
        return replace(self, train=self.train.iloc[kept], y_train=self.y_train[kept])


def known_before(folds: Sequence[ValidationFold]) -> list[list[int]]:
    """Return, for each window, the places of the earlier ones known when it began.

    Parameters
    ----------
    folds : sequence of ValidationFold
        Latest window first.

    Returns
    -------
    list of list of int

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> def window(month):
    ...     known = date(2024, month + 2, 1)
    ...     rows, y = pd.DataFrame(), np.empty(0)
    ...     return ValidationFold(rows, y, rows, y, None, date(2024, month, 1), known)
    >>> known_before([window(5), window(4), window(3)])
    [[2], [], []]
    """
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

    Parameters
    ----------
    work : callable
        Takes an item.
    items : iterable
        What to work on.

    Returns
    -------
    list

    Examples
    --------
    >>> side_by_side(abs, [-2, 1])
    [2, 1]
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(work, items))
