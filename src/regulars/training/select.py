"""Choices of a training, made on validation windows: the churn and the spend recipe.

Snapshots and the folds of a timeline come in; what was chosen goes out, with what it
was chosen on. Each fold holds the rows whose outcomes were known when its validation
window began; none holds a row of the test window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulars.clv.process import COLUMNS
from regulars.evaluation.offer import campaign_costs
from regulars.features.matrix import FEATURES, MEANINGS
from regulars.models.churn import Objective, Selection, select
from regulars.models.folds import ValidationFold
from regulars.models.retention import feature_columns
from regulars.models.spend import SpendSelection, select_spend
from regulars.tracking.locations import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.timeline import Fold, Timeline
    from regulars.training.snapshots import Snapshots

    Step = Callable[[str], None]
    Floats = NDArray[np.float64]

OWN_FEATURES = "own"
"""Name of the group of features that come from ``features.extra``."""

STUDY = "tuning.db"


class Choices(NamedTuple):
    """What was chosen on validation windows; None where there were none."""

    churn: Selection | None
    spend: SpendSelection | None


def choose_recipes(
    snapshots: Snapshots, timeline: Timeline, settings: Settings, step: Step
) -> Choices:
    """Choose how churn and spend are forecast."""
    pairs = [_folds(snapshots, fold, timeline, settings) for fold in timeline.folds]
    usable = [pair for pair in pairs if pair is not None]
    if not usable:
        return Choices(None, None)
    churn_folds, spend_folds = zip(*usable, strict=True)
    asked = settings.churn
    churn = select(
        churn_folds,
        classifiers=asked.classifiers,
        trials=asked.tuning_trials,
        calibration=asked.calibration,
        objective=offer_objective(settings),
        groups=(
            feature_groups(churn_folds[0].train.columns)
            if settings.features.choose
            else None
        ),
        random_state=settings.seed,
        on_trial=lambda done: step(f"selection {done}/{asked.tuning_trials}"),
        study=study_file(settings),
    )
    step("spend")
    return Choices(churn, select_spend(spend_folds, random_state=settings.seed))


def _folds(
    snapshots: Snapshots, fold: Fold, timeline: Timeline, settings: Settings
) -> tuple[ValidationFold, ValidationFold] | None:
    """Return a window's rows with churn, and with spend, as what is to be foretold."""
    train = snapshots.stacked(fold.training_cutoffs, known_at=fold.cutoff)
    valid = snapshots.stacked(
        [fold.cutoff], known_at=timeline.test_cutoff or timeline.cutoff
    )
    if train is None or valid is None:
        return None
    columns = feature_columns(train)
    spend = ValidationFold(
        train[columns],
        train["spend"].to_numpy(np.float64),
        valid[columns],
        valid["spend"].to_numpy(np.float64),
        cutoff=fold.cutoff,
        known_at=timeline.teaching.label_window(fold.cutoff)[1],
    )
    churn = replace(
        spend,
        y_train=train["churned"].to_numpy(np.float64),
        y_valid=valid["churned"].to_numpy(np.float64),
    )
    if settings.churn.objective == "profit":
        churn = replace(churn, value=snapshots.clv(fold.cutoff))
    return churn, spend


def feature_groups(columns: Sequence[str]) -> dict[str, list[str]]:
    """Return which columns belong to which group of features."""
    by_group = {
        group: [name for name in columns if name in meanings]
        for group, meanings in MEANINGS.items()
    }
    by_group[OWN_FEATURES] = [
        name for name in columns if name not in FEATURES and name not in COLUMNS
    ]
    return {group: names for group, names in by_group.items() if names}


def offer_objective(settings: Settings) -> Objective:
    """Return what trials are judged by, with the costs of the offer."""
    return Objective(settings.churn.objective, campaign_costs(settings.profit))


def study_file(settings: Settings) -> Path:
    """Return the file that keeps the trials of a search."""
    store = LocalStore.at(settings.tracking.uri)
    if store is not None:
        return store.database.with_name(STUDY)
    return settings.outputs_folder / STUDY
