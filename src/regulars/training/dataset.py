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
    """Rows with an outcome.

    Attributes
    ----------
    attributes : DataFrame of shape (n_rows, n_attributes)
        Typed columns.
    churned : array of shape (n_rows,)
        1 where the customer churned, else 0.
    value : array of shape (n_rows,) or None
        What the customer is worth if kept, in the currency; NaN where it is not known.
    parts : DataFrame of shape (n_rows, n_kinds) or None
        Parts of the base, by which figures are told.
    customer : array of shape (n_rows,) or None
        Whose row it is: a customer may be there at several days.
    """

    attributes: pd.DataFrame
    churned: Floats
    value: Floats | None = None
    parts: pd.DataFrame | None = None
    customer: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.churned)

    def seen_by(self, split: Split) -> pd.DataFrame:
        """Return the attributes that there were when a split learnt.

        Parameters
        ----------
        split : Split
            Names them, or takes them all.

        Returns
        -------
        DataFrame of shape (n_rows, n_attributes)
        """
        names = split.columns
        return self.attributes if names is None else self.attributes[list(names)]


@dataclass(frozen=True)
class Split:
    """Rows that learn, rows that test, and how to choose among the first.

    Attributes
    ----------
    train, test : array of int
        Positions of rows.
    pairs : sequence of (training, validation)
        Positions of rows of `train`; the latest window first where there is time.
    name : str
        What to call it: the day of the test, or the number of the part.
    cutoff : date or None
        First day of the test; None where rows have no days.
    columns : tuple of str or None
        Attributes that there were when it learnt; None: all.
    """

    train: Rows
    test: Rows
    pairs: Sequence[tuple[Rows, Rows]]
    name: str = ""
    cutoff: date | None = None
    columns: tuple[str, ...] | None = None


def row_hashes(attributes: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a digest of each row, by which it is known again in another table.

    Parameters
    ----------
    attributes : DataFrame of shape (n_rows, n_attributes)
        Typed columns; their order does not matter.

    Returns
    -------
    array of shape (n_rows,)

    Examples
    --------
    >>> rows = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    >>> bool((row_hashes(rows) == row_hashes(rows[["b", "a"]])).all())
    True
    """
    ordered = attributes[sorted(attributes.columns)]
    digests = pd.util.hash_pandas_object(ordered, index=False)
    return np.asarray(digests, dtype=np.uint64)
