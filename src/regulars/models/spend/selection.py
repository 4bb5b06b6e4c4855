"""Choose the spend model forward in time.

The candidates are the members and the means of up to three of them, compared on
validation windows that they had not seen: by the Tweedie deviance for what is expected,
by the mean absolute error for what is typical.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.intervals import evaluate_value
from regulars.metrics.value import decile_error, mae, tweedie_deviance
from regulars.models.folds import known_before, side_by_side
from regulars.models.memo import Memo
from regulars.models.spend.ensemble import SpendRecipe, mean_of
from regulars.models.spend.intervals import SpendBands, coverage_left_out
from regulars.models.spend.level import SpendLevel
from regulars.models.spend.regressor import (
    KINDS,
    MEDIAN,
    PROCESS,
    PROCESS_COLUMN,
    SpendRegressor,
    base_column,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.models.folds import ValidationFold

    Floats = NDArray[np.float64]
    Metric = Callable[[Floats, Floats], float]

# numbers of trees tried
TREES = (50, 100, 200, 300)
# rows of a fold that candidates are compared on
SELECTION_ROWS = 15_000
# members of a mean: more of them are hardly better, and a hundred means are too many
MOST_MEMBERS = 3


@dataclass(frozen=True)
class SpendSelection:
    """The spend model chosen, and what it was chosen by.

    Attributes
    ----------
    recipe : SpendRecipe
        The members whose means are best, with the level of what is expected and the
        bounds of its intervals.
    figures : dict of str to dict
        By candidate (members joined by ``+``), means over the validation windows before
        any level: ``mae``, ``rmse``, ``spearman``, ``tweedie_deviance``,
        ``normalized_gini``, ``total_ratio``, ``total_error`` (its distance from 1) and
        ``decile_error``; those that are undefined in a window are left out.
    intervals : dict of str to float
        Coverage and width of the prediction intervals on validation windows that they
        were not learnt from, and how far the coverage of the worst tenth is off.
    """

    recipe: SpendRecipe
    figures: dict[str, dict[str, float]]
    intervals: dict[str, float]


def select_spend(
    folds: Sequence[ValidationFold], *, random_state: int = 0, memo: Memo | None = None
) -> SpendSelection:
    """Return the recipe that is best on unseen windows.

    Expected spend is to be summed, so its candidates are judged as means, by the
    Tweedie deviance, and the median is none of them; typical spend is what is nearest
    to each customer, by the mean absolute error. What the total of the windows misses
    becomes the level of expected spend, and the windows' errors its prediction
    intervals.

    Parameters
    ----------
    folds : sequence of ValidationFold
        At least one.
    random_state : int, default=0
        Seed.
    memo : Memo, optional
        What earlier choices learnt from the same windows.

    Returns
    -------
    SpendSelection
    """
    actual = [fold.y_valid for fold in folds]
    members, n_trees = _members(folds, random_state, memo or Memo())
    candidates = {
        subset: [mean_of(window, subset) for window in members] for subset in _subsets()
    }
    figures = {subset: _figures(c, actual) for subset, c in candidates.items()}
    means = [subset for subset in candidates if MEDIAN not in subset]
    best = _least(figures, means, "tweedie_deviance")
    typical = _least(figures, candidates, "mae")
    gaps = [fold.season for fold in folds]
    level = SpendLevel.learn(candidates[best], actual, gaps, known_before(folds))
    expected = [
        level.of(gap or 0.0) * window
        for gap, window in zip(gaps, candidates[best], strict=True)
    ]
    recipe = SpendRecipe(
        best,
        {kind: n_trees[kind] for kind in KINDS if kind in {*best, *typical}},
        random_state,
        SpendBands.learn(np.concatenate(expected), np.concatenate(actual)),
        typical,
        level,
    )
    by_name = {"+".join(subset): row for subset, row in figures.items()}
    return SpendSelection(recipe, by_name, coverage_left_out(expected, actual))


def _members(
    folds: Sequence[ValidationFold], random_state: int, memo: Memo
) -> tuple[list[dict[str, Floats]], dict[str, int]]:
    """Return what each member says of each window, and its best number of trees."""
    thin = [fold.thinned(SELECTION_ROWS, random_state=random_state) for fold in folds]
    jobs = [(fold, kind) for fold in thin for kind in KINDS]

    def learnt(job: tuple[ValidationFold, str]) -> dict[int, Floats]:
        fold, kind = job
        key = ("spend", fold.digest, kind, random_state)
        return memo.of(key, lambda: _forecasts(fold, kind, random_state))

    staged = iter(side_by_side(learnt, jobs))
    curves = [{kind: next(staged) for kind in KINDS} for _ in folds]

    def n_best(kind: str) -> int:
        metric: Metric = mae if kind == MEDIAN else tweedie_deviance

        def loss(n_trees: int) -> float:
            pairs = zip(folds, curves, strict=True)
            losses = [metric(f.y_valid, c[kind][n_trees]) for f, c in pairs]
            return float(np.mean(losses))

        return min(TREES, key=loss)

    n_trees = {kind: n_best(kind) for kind in KINDS}
    members = [
        {
            PROCESS: fold.valid[PROCESS_COLUMN].to_numpy(np.float64),
            **{kind: curve[kind][n] for kind, n in n_trees.items()},
        }
        for fold, curve in zip(folds, curves, strict=True)
    ]
    return members, n_trees


def _subsets() -> list[tuple[str, ...]]:
    members = (PROCESS, *KINDS)
    sizes = range(1, MOST_MEMBERS + 1)
    return list(chain.from_iterable(combinations(members, size) for size in sizes))


def _least(
    figures: Mapping[tuple[str, ...], Mapping[str, float]],
    candidates: Iterable[tuple[str, ...]],
    measure: str,
) -> tuple[str, ...]:
    """Return the candidate of the least loss, the smaller of two alike."""
    return min(candidates, key=lambda subset: (figures[subset][measure], len(subset)))


def _forecasts(fold: ValidationFold, kind: str, random_state: int) -> dict[int, Floats]:
    """Return the expectation for an unseen window by number of trees."""
    model = SpendRegressor(
        kind,
        n_trees=max(TREES),
        base=base_column(fold.train, kind),
        random_state=random_state,
    ).fit(fold.train, fold.y_train)
    return model.staged(fold.valid, TREES)


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
