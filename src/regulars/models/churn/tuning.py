"""Choose the churn recipe forward in time.

Feature groups, LightGBM's settings, the regression's penalty, the weight of each member
and a calibration are chosen on validation windows that no member had seen. The test
window is no fold, so nothing here can reach it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ConfigError
from regulars.models.churn.backward_elimination import Elimination, eliminate
from regulars.models.churn.blend import choose_blend
from regulars.models.churn.calibration import Calibrator, choose, level_offset
from regulars.models.churn.ensemble import Recipe
from regulars.models.churn.joining import unearned
from regulars.models.churn.members import (
    EXTRA_TREES,
    LIGHTGBM,
    LOGISTIC,
    MEMBERS,
    NEEDS,
    PROCESS,
    READ_LEVELS,
)
from regulars.models.churn.objective import Objective, log_loss_of
from regulars.models.churn.pooling import combine
from regulars.models.churn.rank_choice import choose_ranks, ranked_fold
from regulars.models.churn.search import search_settings
from regulars.models.churn.space import PURCHASES
from regulars.models.folds import known_before, side_by_side
from regulars.models.inputs import numbers_of
from regulars.models.memo import Memo
from regulars.models.season import season_share

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
    members: Sequence[str] = MEMBERS,
    trials: int = 8,
    calibration: str = "auto",
    objective: Objective | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    joining: Mapping[str, Sequence[str]] | None = None,
    space: Space = PURCHASES,
    encoder: Callable[[], Encoder] | None = None,
    random_state: int = 0,
    on_trial: Callable[[int], None] | None = None,
    study: Path | None = None,
    memo: Memo | None = None,
) -> Selection:
    """Choose groups, members, settings, weights and calibration on unseen windows.

    Parameters
    ----------
    folds : sequence of ValidationFold
        Latest window first; at least one.
    members : sequence of str
        Candidates: ``process``, ``rfm_logistic``, ``logistic``, ``lightgbm``,
        ``extra_trees``. Those whose columns the rows lack are passed over.
    trials : int, default=8
        LightGBM settings tried; 0 keeps the first guess.
    calibration : {'auto', 'none', 'level', 'sigmoid', 'isotonic'}
        ``auto`` is what holds up forward in time.
    objective : Objective, optional
        What settings, numbers of trees and penalties minimise; default: log loss.
        Groups and weights are chosen by log loss always.
    joining : mapping of str to sequence of str, optional
        Groups of columns that have to earn their place; default: none has to.
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
    memo : Memo, optional
        What other selections of the same training have worked out.

    Returns
    -------
    Selection

    Raises
    ------
    ConfigError
        No member can read the columns.
    """
    goal, memo = objective or Objective(), memo or Memo()
    if encoder is not None:
        folds = [_encoded(fold, encoder()) for fold in folds]
    folds = [fold.thinned(TUNING_ROWS, random_state=random_state) for fold in folds]
    candidates = _candidates(members, folds, encoder)
    if not candidates:
        msg = (
            f"None of the members {', '.join(members)} can read the columns of this "
            "table. Add logistic, lightgbm or extra_trees to churn.members."
        )
        raise ConfigError(msg)
    judged: dict[str, Any] = {
        "members": candidates,
        "random_state": random_state,
        "memo": memo,
    }
    outside = misleading = Elimination({}, {})
    if joining:
        outside = unearned(folds, joining, **judged)
        # what stays outside leaves no trace on what is chosen of the others
        draft = Recipe(weights={}, left_out=outside.left_out)
        folds = [_but_left_out(fold, draft) for fold in folds]
    levels = folds
    ranked = choose_ranks(folds, candidates, random_state, memo)
    folds = [ranked_fold(fold, ranked) for fold in folds]
    if groups:
        misleading = eliminate(folds, groups, **judged)
    draft = Recipe(
        weights={},
        left_out=outside.left_out | misleading.left_out,
        ranked=ranked,
        bags=space.bags,
    )
    folds = [_but_left_out(fold, draft) for fold in folds]
    levels = [_but_left_out(fold, draft) for fold in levels]
    candidates = _candidates(candidates, folds, encoder)
    settings: dict[str, Mapping[str, Any]] = {}
    n_trials = n_pruned = 0
    if LIGHTGBM in candidates:
        search = search_settings(
            folds,
            goal,
            trials=trials,
            space=space,
            random_state=random_state,
            on_trial=on_trial,
            file=study,
            memo=memo,
        )
        settings[LIGHTGBM] = search.settings
        n_trials, n_pruned = search.n_trials, search.n_pruned
    if LOGISTIC in candidates:
        settings[LOGISTIC] = {"C": _penalty(folds, goal, space, memo)}
    if EXTRA_TREES in candidates:
        settings[EXTRA_TREES] = {"random_state": random_state}
    draft = replace(draft, settings=settings)
    views = [*zip(folds, levels, strict=True)]
    recipe, losses = _completed(draft, candidates, views, calibration, memo)
    gains = outside.gains | misleading.gains
    return Selection(recipe, losses, n_trials, n_pruned, gains, goal.name)


def _candidates(
    members: Sequence[str],
    folds: Sequence[ValidationFold],
    encoder: Callable[[], Encoder] | None,
) -> list[str]:
    """Return the members that have something to say of the rows."""
    # a column of attributes that bears the name of a feature of purchases is not one
    known = set() if encoder is not None else set(folds[0].train.columns)
    return [name for name in members if known.issuperset(NEEDS.get(name, ()))]


def _encoded(fold: ValidationFold, encoder: Encoder) -> ValidationFold:
    train = encoder.fit(fold.train).transform(fold.train)
    return replace(fold, train=train, valid=encoder.transform(fold.valid))


def _but_left_out(fold: ValidationFold, recipe: Recipe) -> ValidationFold:
    columns = recipe.columns(fold.train)
    return replace(fold, train=fold.train[columns], valid=fold.valid[columns])


def _penalty(
    folds: Sequence[ValidationFold], objective: Objective, space: Space, memo: Memo
) -> float:
    def loss(penalty: float) -> float:
        recipe = Recipe(weights={}, settings={LOGISTIC: {"C": penalty}})
        log_odds = side_by_side(
            lambda fold: _out_of_time(fold, LOGISTIC, recipe, memo), folds
        )
        return objective.mean_loss(log_odds, folds)

    return min(space.penalties, key=loss)


def _completed(
    draft: Recipe,
    candidates: Sequence[str],
    views: Sequence[tuple[ValidationFold, ValidationFold]],
    calibration: str,
    memo: Memo,
) -> tuple[Recipe, dict[str, float]]:
    """Complete a recipe by weights and calibration; return each member's loss too.

    A view is a fold as most members read it, and one with features as they are.
    """
    jobs = [
        (levels if name in READ_LEVELS else fold, name)
        for fold, levels in views
        for name in candidates
    ]
    told = side_by_side(lambda job: _out_of_time(*job, draft, memo), jobs)
    n_members, folds = len(candidates), [fold for fold, _ in views]
    members = [
        dict(zip(candidates, told[start : start + n_members], strict=True))
        for start in range(0, len(told), n_members)
    ]
    outcomes = [np.asarray(fold.y_valid) for fold in folds]
    blend = choose_blend(members, outcomes)
    blended = [combine(window, *blend) for window in members]
    # who buys more than was foreseen churns less
    missed = [-level_offset(z, y) for z, y in zip(blended, outcomes, strict=True)]
    gaps = [fold.season for fold in folds]
    share = season_share(missed, gaps)
    blended = [z - share * (gap or 0.0) for z, gap in zip(blended, gaps, strict=True)]
    windows = list(zip(blended, outcomes, strict=True))
    method: str = calibration
    if calibration == "auto":
        method = choose(windows, known_before(folds), [fold.keys for fold in folds])
    calibrator = Calibrator(method).fit(  # type: ignore[arg-type]
        np.concatenate(blended), np.concatenate(outcomes)
    )
    by_member = {name: [window[name] for window in members] for name in candidates}
    losses = {
        name: float(np.mean([*map(log_loss_of, log_odds, outcomes)]))
        for name, log_odds in {**by_member, "blend": blended}.items()
    }
    recipe = replace(
        draft,
        weights=blend.weights,
        pool=blend.pool,
        calibrator=calibrator,
        season_share=share,
    )
    return recipe, losses


def _out_of_time(fold: ValidationFold, name: str, recipe: Recipe, memo: Memo) -> Floats:
    """Return a member's log-odds for a window it has not seen."""
    settings = repr(sorted(recipe.settings.get(name, {}).items()))

    def work() -> Floats:
        member = recipe.make(name).fit(fold.train, fold.y_train)
        return member.log_odds(numbers_of(fold.valid, [*map(str, fold.train)]))

    if name == PROCESS:
        return work()
    return memo.of(("member", name, settings, recipe.bags, fold.digest), work)
