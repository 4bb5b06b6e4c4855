"""Choose the churn recipe forward in time.

Feature groups, LightGBM's settings, the regression's penalty, the weight of each member
and a calibration are chosen on validation windows that no member had seen. The test
window is no fold, so nothing here can reach it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.models.churn.backward_elimination import Elimination, eliminate
from regulars.models.churn.blend import blend_weights
from regulars.models.churn.calibration import Calibrator, choose
from regulars.models.churn.ensemble import (
    PROCESS,
    PROCESS_COLUMN,
    ChurnEnsemble,
    Recipe,
    combine,
)
from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.objective import Objective, log_loss_of
from regulars.models.churn.search import search_settings
from regulars.models.churn.space import PURCHASES
from regulars.models.folds import known_before, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.models.churn.ensemble import Encoder
    from regulars.models.churn.space import Space
    from regulars.models.folds import ValidationFold

    Floats = NDArray[np.float64]

# training rows of a fold: enough to tell settings apart; the choice is fitted to all
TUNING_ROWS = 30_000


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
        Objective of the trials.
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
    space: Space = PURCHASES,
    encoder: Callable[[], Encoder] | None = None,
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
        What settings, numbers of trees and penalties minimise; default: log loss.
        Groups and weights are chosen by log loss always.
    groups : mapping of str to sequence of str, optional
        Groups of columns that may be left out; default: every column stays.
    space : Space, default=PURCHASES
        Settings and penalties that are tried.
    encoder : callable, optional
        Makes an encoder, which learns from the training rows of each fold. Default:
        the columns are features of purchases, and the purchase process is a member.
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
    has_process = encoder is None and PROCESS_COLUMN in folds[0].valid
    if encoder is not None:
        folds = [_encoded(fold, encoder()) for fold in folds]
    folds = [fold.thinned(TUNING_ROWS, random_state=random_state) for fold in folds]
    eliminated = Elimination({}, {})
    if groups:
        eliminated = eliminate(
            folds, groups, classifiers=classifiers, random_state=random_state
        )
    draft = Recipe(weights={}, left_out=eliminated.left_out, bags=space.bags)
    folds = [_but_left_out(fold, draft) for fold in folds]
    n_trials = n_pruned = 0
    if "lightgbm" in classifiers:
        search = search_settings(
            folds,
            goal,
            trials=trials,
            space=space,
            random_state=random_state,
            on_trial=on_trial,
            file=study,
        )
        draft = replace(draft, boosted=search.settings)
        n_trials, n_pruned = search.n_trials, search.n_pruned
    if "logistic" in classifiers:
        draft = replace(draft, logistic={"C": _penalty(folds, goal, space)})
    recipe, losses = _completed(draft, folds, calibration, has_process=has_process)
    return Selection(recipe, losses, n_trials, n_pruned, eliminated.gains, goal.name)


def _encoded(fold: ValidationFold, encoder: Encoder) -> ValidationFold:
    train = encoder.fit(fold.train).transform(fold.train)
    return replace(fold, train=train, valid=encoder.transform(fold.valid))


def _but_left_out(fold: ValidationFold, recipe: Recipe) -> ValidationFold:
    columns = recipe.columns(fold.train)
    return replace(fold, train=fold.train[columns], valid=fold.valid[columns])


def _penalty(
    folds: Sequence[ValidationFold], objective: Objective, space: Space
) -> float:
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

    return min(space.penalties, key=loss)


def _completed(
    draft: Recipe,
    folds: Sequence[ValidationFold],
    calibration: str,
    *,
    has_process: bool,
) -> tuple[Recipe, dict[str, float]]:
    """Complete a recipe by weights and calibration; return each member's loss too."""
    members = side_by_side(
        lambda fold: _out_of_time(fold, draft, has_process=has_process), folds
    )
    outcomes = [fold.y_valid for fold in folds]
    weights = blend_weights(members, outcomes)
    blended = [combine(window, weights) for window in members]
    windows = list(zip(blended, outcomes, strict=True))
    method: str = calibration
    if calibration == "auto":
        method = choose(windows, known_before(folds))
    calibrator = Calibrator(method).fit(  # type: ignore[arg-type]
        np.concatenate(blended), np.concatenate(outcomes)
    )
    by_member = {name: [window[name] for window in members] for name in members[0]}
    losses = {
        name: float(np.mean([*map(log_loss_of, log_odds, outcomes)]))
        for name, log_odds in {**by_member, "blend": blended}.items()
    }
    return replace(draft, weights=weights, calibrator=calibrator), losses


def _out_of_time(
    fold: ValidationFold, recipe: Recipe, *, has_process: bool
) -> dict[str, Floats]:
    """Return each member's log-odds for a window it has not seen."""
    weights = {"lightgbm": float(bool(recipe.boosted))}
    weights |= {"logistic": float(bool(recipe.logistic)), PROCESS: float(has_process)}
    candidates = ChurnEnsemble(replace(recipe, weights=weights, left_out={}))
    return candidates.fit(fold.train, fold.y_train).member_log_odds(fold.valid)
