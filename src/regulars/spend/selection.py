"""Choose the spend model forward in time.

Validation windows come in, each with the training rows that were known when it began;
a `SpendRecipe` goes out: the member, or the mean of members, whose expected spend lay
nearest to what happened in windows that it had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING

import lightgbm
import numpy as np

from regulars.spend.regressor import (
    KINDS,
    PROCESS,
    PROCESS_COLUMN,
    SpendRecipe,
    SpendRegressor,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MAX_TREES = 1000
PATIENCE = 50


@dataclass(frozen=True)
class SpendFold:
    """A validation window and what was known when it began.

    Attributes
    ----------
    train, valid : DataFrame of shape (n_rows, n_features)
        Features of the training rows, and of the rows at the validation cutoff.
    y_train, y_valid : array of shape (n_rows,)
        Net spend in the windows.
    """

    train: pd.DataFrame
    y_train: Floats
    valid: pd.DataFrame
    y_valid: Floats


def select_spend(
    folds: Sequence[SpendFold], *, random_state: int = 0
) -> tuple[SpendRecipe, dict[str, float]]:
    """Return the recipe with the least mean absolute error on unseen windows.

    Parameters
    ----------
    folds : sequence of SpendFold
        At least one.
    random_state : int, default=0
        Seed.

    Returns
    -------
    recipe : SpendRecipe
        The members whose mean is nearest.
    errors : dict of str to float
        Mean absolute error of every candidate, members joined by ``+``.
    """
    n_trees = {kind: _trees(kind, folds, random_state) for kind in KINDS}
    predicted = [_out_of_time(fold, n_trees, random_state) for fold in folds]
    members = (PROCESS, *KINDS)
    subsets = chain.from_iterable(
        combinations(members, size) for size in range(1, len(members) + 1)
    )
    errors = {
        subset: float(
            np.mean(
                [
                    _error(np.mean([part[m] for m in subset], axis=0), fold.y_valid)
                    for part, fold in zip(predicted, folds, strict=True)
                ]
            )
        )
        for subset in subsets
    }
    best = min(errors, key=lambda subset: (errors[subset], len(subset)))
    chosen = {kind: n_trees[kind] for kind in best if kind != PROCESS}
    return SpendRecipe(best, chosen, random_state), {
        "+".join(subset): error for subset, error in errors.items()
    }


def _trees(kind: str, folds: Sequence[SpendFold], random_state: int) -> int:
    """Return the median of the folds' early stopping points."""
    model = SpendRegressor(kind, random_state=random_state)
    params = {**model.booster_params(), "metric": "l1"}
    stops = []
    for fold in folds:
        train = lightgbm.Dataset(
            fold.train.to_numpy(),
            model.transform(np.maximum(fold.y_train, 0.0)),
            params={"verbose": -1},
        )
        valid = train.create_valid(
            fold.valid.to_numpy(), model.transform(np.maximum(fold.y_valid, 0.0))
        )
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        booster = lightgbm.train(
            params, train, MAX_TREES, valid_sets=[valid], callbacks=[stop]
        )
        stops.append(booster.best_iteration)
    return max(int(np.median(stops)), 1)


def _out_of_time(
    fold: SpendFold, n_trees: Mapping[str, int], random_state: int
) -> dict[str, Floats]:
    """Return each member's expectation for a window it has not seen."""
    parts = {PROCESS: fold.valid[PROCESS_COLUMN].to_numpy(dtype=np.float64)}
    for kind, trees in n_trees.items():
        model = SpendRegressor(kind, n_trees=trees, random_state=random_state)
        parts[kind] = model.fit(fold.train, fold.y_train).predict(fold.valid)
    return parts


def _error(predicted: Floats, actual: Floats) -> float:
    return float(np.abs(predicted - actual).mean())
