"""Choose the spend model forward in time.

Validation windows come in, each with the training rows that were known when it began;
a `SpendRecipe` goes out: the member, or the mean of members, whose expected spend lay
nearest to what happened in windows that it had not seen.
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

import lightgbm
import numpy as np

from regulars.forward import side_by_side
from regulars.spend.regressor import (
    BINNING,
    KINDS,
    PROCESS,
    PROCESS_COLUMN,
    SpendRecipe,
    SpendRegressor,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.forward import ForwardFold

    Floats = NDArray[np.float64]

MAX_TREES = 500
PATIENCE = 40
# rows of a fold that candidates are compared on
SELECTION_ROWS = 30_000


def select_spend(
    folds: Sequence[ForwardFold], *, random_state: int = 0
) -> tuple[SpendRecipe, dict[str, float]]:
    """Return the recipe with the least mean absolute error on unseen windows.

    Parameters
    ----------
    folds : sequence of ForwardFold
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
    folds = [fold.thinned(SELECTION_ROWS, random_state=random_state) for fold in folds]
    n_trees = {kind: _trees(kind, folds, random_state) for kind in KINDS}
    predicted = side_by_side(
        lambda fold: _out_of_time(fold, n_trees, random_state), folds
    )
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


def _trees(kind: str, folds: Sequence[ForwardFold], random_state: int) -> int:
    """Return the median of the folds' early stopping points."""
    model = SpendRegressor(kind, random_state=random_state)

    def stop(fold: ForwardFold) -> int:
        target, check = (
            model.to_target(np.maximum(y, 0.0)) for y in (fold.y_train, fold.y_valid)
        )
        options = {**BINNING, "verbose": -1}
        train = lightgbm.Dataset(fold.train.to_numpy(), target, params=options)
        valid = train.create_valid(fold.valid.to_numpy(), check, params=options)
        booster = lightgbm.train(
            {**model.booster_params(), "metric": "l1"},
            train,
            MAX_TREES,
            valid_sets=[valid],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        return int(booster.best_iteration)

    return max(int(np.median(side_by_side(stop, folds))), 1)


def _out_of_time(
    fold: ForwardFold, n_trees: Mapping[str, int], random_state: int
) -> dict[str, Floats]:
    """Return each member's expectation for a window it has not seen."""
    parts = {PROCESS: fold.valid[PROCESS_COLUMN].to_numpy(dtype=np.float64)}
    for kind, trees in n_trees.items():
        model = SpendRegressor(kind, n_trees=trees, random_state=random_state)
        parts[kind] = model.fit(fold.train, fold.y_train).predict(fold.valid)
    return parts


def _error(predicted: Floats, actual: Floats) -> float:
    return float(np.abs(predicted - actual).mean())
