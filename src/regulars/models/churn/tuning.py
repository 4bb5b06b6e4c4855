"""Choose the churn recipe forward in time.

Folds come in, each a validation window with the training rows that were known when it
began; a `Recipe` goes out: feature groups, LightGBM's settings, the regression's
penalty, the weight of each member and a calibration, each chosen on windows that had
not been seen. The test window is no fold, so nothing here can reach it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.models.churn.backward_elimination import Elimination, eliminate
from regulars.models.churn.blend import blend_weights
from regulars.models.churn.calibration import Calibrator, choose
from regulars.models.churn.ensemble import PROCESS, Recipe, combine, process_log_odds
from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.objective import Objective, log_loss_of
from regulars.models.churn.search import search_settings
from regulars.models.folds import known_before, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.models.folds import ValidationFold

    Floats = NDArray[np.float64]

# training rows of a fold: enough to tell settings apart; the choice is fitted to all
TUNING_ROWS = 30_000
PENALTIES = (0.003, 0.03, 0.3)


@dataclass(frozen=True)
class Selection:
    """A chosen recipe and what it was chosen on.

    Attributes
    ----------
    recipe : Recipe
        The choice.
    losses : mapping of str to float
        Mean log loss of each member and of the blend on the validation windows.
    n_trials : int
        LightGBM settings tried.
    n_pruned : int
        Those of them that were given up after the latest window.
    group_gains : mapping of str to float
        By how much the log loss of the validation windows falls without each group of
        features; empty where groups were not weighed.
    objective : str
        What trials were judged by.
    """

    recipe: Recipe
    losses: Mapping[str, float]
    n_trials: int
    n_pruned: int = 0
    group_gains: Mapping[str, float] = field(default_factory=dict)
    objective: str = "log_loss"


def select(
    folds: Sequence[ValidationFold],
    *,
    classifiers: Sequence[str] = ("logistic", "lightgbm"),
    trials: int = 30,
    calibration: str = "auto",
    objective: Objective | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    random_state: int = 0,
    on_trial: Callable[[int], None] | None = None,
    study: Path | None = None,
) -> Selection:
    """Choose groups, members, settings, weights and calibration on unseen windows.

    Parameters
    ----------
    folds : sequence of ValidationFold
        Latest window first; at least one.
    classifiers : sequence of {'logistic', 'lightgbm'}
        Candidates beside the purchase process.
    trials : int, default=30
        LightGBM settings tried; 0 keeps the first guess.
    calibration : {'auto', 'none', 'level', 'sigmoid', 'isotonic'}
        ``auto`` is what holds up forward in time.
    objective : Objective, optional
        What settings, numbers of trees and penalties are judged by; default: log loss.
        Groups and weights are judged by log loss always.
    groups : mapping of str to sequence of str, optional
        Groups of columns that may be left out; default: every column stays.
    random_state : int, default=0
        Seed.
    on_trial : callable, optional
        Called with the number of trials done.
    study : Path, optional
        SQLite file that keeps the trials. Those made on the same folds with the same
        seed are not made again, so that a search that was cut short goes on where it
        stopped. Default: trials are forgotten.

    Returns
    -------
    Selection
    """
    goal = objective or Objective()
    folds = [fold.thinned(TUNING_ROWS, random_state=random_state) for fold in folds]
    weighed = Elimination({}, {})
    if groups:
        weighed = eliminate(
            folds, groups, classifiers=classifiers, random_state=random_state
        )
    draft = Recipe(weights={}, left_out=weighed.left_out)
    folds = [_but_left_out(fold, draft) for fold in folds]
    n_trials = n_pruned = 0
    if "lightgbm" in classifiers:
        found = search_settings(
            folds,
            goal,
            trials=trials,
            random_state=random_state,
            on_trial=on_trial,
            file=study,
        )
        draft = replace(draft, boosted=found.settings)
        n_trials, n_pruned = found.n_trials, found.n_pruned
    if "logistic" in classifiers:
        draft = replace(draft, logistic={"C": _penalty(folds, goal)})
    recipe, losses = _weighed(draft, folds, calibration)
    return Selection(recipe, losses, n_trials, n_pruned, weighed.gains, goal.name)


def _but_left_out(fold: ValidationFold, recipe: Recipe) -> ValidationFold:
    columns = recipe.columns(fold.train)
    return replace(fold, train=fold.train[columns], valid=fold.valid[columns])


def _penalty(folds: Sequence[ValidationFold], objective: Objective) -> float:
    def loss(penalty: float) -> float:
        log_odds = side_by_side(
            lambda fold: (
                LogisticChurn(penalty)
                .fit(fold.train, fold.y_train)
                .decision_function(fold.valid)
            ),
            folds,
        )
        return objective.mean_loss(log_odds, folds)

    return min(PENALTIES, key=loss)


def _weighed(
    draft: Recipe, folds: Sequence[ValidationFold], calibration: str
) -> tuple[Recipe, dict[str, float]]:
    """Complete a recipe by weights and calibration; tell the loss of each member."""
    parts = side_by_side(lambda fold: _out_of_time(fold, draft), folds)
    outcomes = [fold.y_valid for fold in folds]
    weights = blend_weights(parts, outcomes)
    blended = [combine(part, weights) for part in parts]
    windows = list(zip(blended, outcomes, strict=True))
    method: str = calibration
    if calibration == "auto":
        method = choose(windows, known_before(folds))
    calibrator = Calibrator(method).fit(  # type: ignore[arg-type]
        np.concatenate(blended), np.concatenate(outcomes)
    )
    by_member = {name: [part[name] for part in parts] for name in parts[0]}
    losses = {
        name: float(np.mean([*map(log_loss_of, found, outcomes)]))
        for name, found in {**by_member, "blend": blended}.items()
    }
    return replace(draft, weights=weights, calibrator=calibrator), losses


def _out_of_time(fold: ValidationFold, recipe: Recipe) -> dict[str, Floats]:
    """Return each member's log-odds for a window it has not seen."""
    members: dict[str, Any] = {}
    if recipe.boosted:
        members["lightgbm"] = LightGBMChurn(**recipe.boosted)
    if recipe.logistic:
        members["logistic"] = LogisticChurn(**recipe.logistic)
    parts = {PROCESS: process_log_odds(fold.valid)}
    for name, member in members.items():
        fitted = member.fit(fold.train, fold.y_train)
        parts[name] = fitted.decision_function(fold.valid)
    return parts
