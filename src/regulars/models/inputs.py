"""The check of what fitted estimators are asked: quick where nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, validate_data

from regulars.clv.rows import as_numbers
from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def features_of(estimator: Any, X: ArrayLike) -> Floats:
    """Return rows as float64, missing values allowed, or refuse them.

    scikit-learn's own check takes milliseconds, a request a dozen of them: a frame that
    has the very columns of the fit, as numbers, is what it would have returned.
    """
    check_is_fitted(estimator)
    names = getattr(estimator, "feature_names_in_", None)
    if isinstance(X, pd.DataFrame) and names is not None and len(X):
        is_same = X.shape[1] == len(names) and (X.columns.to_numpy() == names).all()
        if is_same and (X.dtypes == np.float64).all():
            values: Floats = X.to_numpy()
            if not np.isinf(values).any():
                return values
    checked: Floats = validate_data(
        estimator, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
    )
    return checked


class Numbers:
    """Columns of numbers by name, in one array: a frame of nothing else costs more."""

    def __init__(self, names: Sequence[str], values: Floats) -> None:
        self._place = {name: place for place, name in enumerate(names)}
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> Floats:
        return self._values[:, self._place[name]]

    def take(self, names: Sequence[str]) -> Floats:
        """Return some columns in another order."""
        return self._values[:, [self._place[name] for name in names]]

    def joined(self, columns: Mapping[str, Floats]) -> Numbers:
        """Return them with more columns."""
        values = np.column_stack([self._values, *columns.values()])
        return Numbers([*self._place, *columns], values)


def as_array(rows: pd.DataFrame) -> Floats:
    """Return columns as float64, or name the one that holds none."""
    try:
        values: Floats = rows.to_numpy(np.float64)
    except (TypeError, ValueError):
        for name in rows:
            as_numbers(rows[name])
        raise
    return values


def numbers_of(rows: pd.DataFrame | Numbers, names: Sequence[str]) -> Floats:
    """Return columns of rows as float64, missing values allowed, or refuse them."""
    values: Floats
    if isinstance(rows, Numbers):
        values = rows.take(names)
    else:
        values = as_array(rows[list(names)])
    endless = np.isinf(values)
    if endless.any():
        first = names[int(np.flatnonzero(endless.any(axis=0))[0])]
        msg = (
            f"{first} is infinite for {int(endless.any(axis=1).sum())} of {len(rows)} "
            "rows. Give a number, or leave it empty where it is not known."
        )
        raise DataError(msg)
    return values
