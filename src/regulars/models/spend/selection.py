"""Choose the spend model forward in time.

The candidates are the members and the means of up to three of them, compared on
validation windows that they had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.intervals import evaluate_value
from regulars.metrics.value import decile_error
from regulars.models.folds import side_by_side
from regulars.models.spend.ensemble import SpendRecipe
from regulars.models.spend.intervals import SpendBands, coverage_left_out
from regulars.models.spend.regressor import (
    KINDS,
    PROCESS,
    PROCESS_COLUMN,
    SpendRegressor,
    base_column,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.models.folds import ValidationFold

    Floats = NDArray[np.float64]

# numbers of trees tried
TREES = (50, 100, 200, 300)
# rows of a fold that candidates are compared on
SELECTION_ROWS = 15_000
# members of a mean: more of them are hardly better, and a hundred means are too many
MOST_MEMBERS = 3
# the mean absolute error alone would choose the median, and lose a third of the money:
# shares of the spend by which the total, and the deciles, may be further off than those
# of the purchase process
SLACK = {"total_error": 0.05, "decile_error": 0.05}


@dataclass(frozen=True)
class SpendSelection:
    """The spend model chosen, and what it was chosen by.

    Attributes
    ----------
    recipe : SpendRecipe
        The members whose mean is nearest, with the bounds of its intervals.
    figures : dict of str to dict
        By candidate (members joined by ``+``), means over the validation windows:
        ``mae``, ``rmse``, ``spearman``, ``normalized_gini``, ``total_ratio``,
        ``total_error`` (its distance from 1) and ``decile_error``; those that are
        undefined in a window are left out.
    intervals : dict of str to float
        Coverage and width of the prediction intervals on validation windows that they
        were not learnt from.
    """

    recipe: SpendRecipe
    figures: dict[str, dict[str, float]]
    intervals: dict[str, float]


def select_spend(
    folds: Sequence[ValidationFold], *, random_state: int = 0
) -> SpendSelection:
    """Return the recipe with the least mean absolute error on unseen windows.

    A candidate is passed over that the purchase process beats in any window: a gain of
    one window that another takes back is no gain. So is one whose total, or whose
    deciles of expected spend, are further off than those of the process by more than a
    twentieth of what was spent. The windows' errors of the winner become its
    prediction intervals.

    Parameters
    ----------
    folds : sequence of ValidationFold
        At least one.
    random_state : int, default=0
        Seed.

    Returns
    -------
    SpendSelection
    """
    folds = [fold.thinned(SELECTION_ROWS, random_state=random_state) for fold in folds]
    jobs = [(fold, kind) for fold in folds for kind in KINDS]
    curves = side_by_side(lambda job: _forecasts(*job, random_state), jobs)
    by_kind = {
        kind: [c for (_, k), c in zip(jobs, curves, strict=True) if k == kind]
        for kind in KINDS
    }
    actual = [fold.y_valid for fold in folds]
    n_trees = {
        kind: min(TREES, key=lambda n: _errors([c[n] for c in curves], actual).mean())
        for kind, curves in by_kind.items()
    }
    members = {k: [c[n_trees[k]] for c in curves] for k, curves in by_kind.items()}
    members[PROCESS] = [
        fold.valid[PROCESS_COLUMN].to_numpy(np.float64) for fold in folds
    ]
    means = {subset: _mean(members, subset) for subset in _subsets()}
    figures = {subset: _figures(mean, actual) for subset, mean in means.items()}
    errors = {subset: _errors(mean, actual) for subset, mean in means.items()}
    sound = [
        subset
        for subset in means
        if (errors[subset] <= errors[PROCESS,]).all()
        and not _is_worse(figures[subset], figures[PROCESS,])
    ]
    best = min(sound, key=lambda subset: (figures[subset]["mae"], len(subset)))
    recipe = SpendRecipe(
        best,
        {kind: n_trees[kind] for kind in best if kind != PROCESS},
        random_state,
        SpendBands.learn(np.concatenate(means[best]), np.concatenate(actual)),
    )
    by_name = {"+".join(subset): row for subset, row in figures.items()}
    return SpendSelection(recipe, by_name, coverage_left_out(means[best], actual))


def _subsets() -> list[tuple[str, ...]]:
    members = (PROCESS, *KINDS)
    sizes = range(1, MOST_MEMBERS + 1)
    return list(chain.from_iterable(combinations(members, size) for size in sizes))


def _forecasts(fold: ValidationFold, kind: str, random_state: int) -> dict[int, Floats]:
    """Return the expectation for an unseen window by number of trees."""
    model = SpendRegressor(
        kind,
        n_trees=max(TREES),
        base=base_column(fold.train, kind),
        random_state=random_state,
    ).fit(fold.train, fold.y_train)
    return model.staged(fold.valid, fold.train, fold.y_train, TREES)


def _mean(
    members: Mapping[str, Sequence[Floats]], subset: Sequence[str]
) -> list[Floats]:
    columns = zip(*(members[name] for name in subset), strict=True)
    return [np.mean(window, axis=0) for window in columns]


def _errors(predicted: Sequence[Floats], actual: Sequence[Floats]) -> Floats:
    """Mean absolute error of each window."""
    pairs = zip(predicted, actual, strict=True)
    return np.array([np.abs(p - y).mean() for p, y in pairs])


def _figures(predicted: Sequence[Floats], actual: Sequence[Floats]) -> dict[str, float]:
    """Means over the windows, without the figures that are undefined in any."""
    windows = []
    for forecast, spent in zip(predicted, actual, strict=True):
        window = evaluate_value(spent, forecast)
        window["total_error"] = abs(window["total_ratio"] - 1.0)
        window["decile_error"] = decile_error(spent, forecast)
        windows.append(window)
    means = {name: np.mean([each[name] for each in windows]) for name in windows[0]}
    return {name: float(value) for name, value in means.items() if np.isfinite(value)}


def _is_worse(figures: Mapping[str, float], process: Mapping[str, float]) -> bool:
    """Whether the total or the deciles are further off than the process's may be."""
    return any(
        figures[name] > process[name] + slack
        for name, slack in SLACK.items()
        if name in figures
    )
