"""Choose the churn and spend recipes on the validation windows of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.evaluation.offer import campaign_costs
from regulars.models.churn import Objective, select
from regulars.models.spend import select_spend
from regulars.tracking.locations import LocalStore
from regulars.training.window import Choices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regulars.config import Settings
    from regulars.models.memo import Memo
    from regulars.training.window import Window

    Step = Callable[[str], None]

# SQLite file of Optuna's trials
STUDY = "tuning.db"


def choose(window: Window, settings: Settings, step: Step, memo: Memo) -> Choices:
    """Choose how churn and spend are forecast.

    `step` is called with ``"selection 3/20"`` and ``"spend"``.
    """
    asked = settings.churn
    pairs = window.folds(with_value=asked.objective == "profit")
    if not pairs:
        return Choices()
    folds = [pair.churn for pair in pairs]
    churn = select(
        folds,
        members=asked.members,
        trials=asked.tuning_trials,
        calibration=asked.calibration,
        objective=offer_objective(settings),
        groups=window.groups(list(folds[0].train.columns)),
        joining=window.joining(list(folds[0].train.columns)),
        space=window.space,
        encoder=window.encoder,
        random_state=settings.seed,
        on_trial=lambda done: step(f"selection {done}/{asked.tuning_trials}"),
        study=study_file(settings),
        memo=memo,
    )
    spends = [pair.spend for pair in pairs if pair.spend is not None]
    # only purchase logs have spend to forecast
    if not spends:
        return Choices(churn)
    step("spend")
    spend = select_spend(spends, random_state=settings.seed, memo=memo)
    return Choices(churn, spend)


def offer_objective(settings: Settings) -> Objective:
    """Return the objective of the trials, with the costs of the offer."""
    return Objective(settings.churn.objective, campaign_costs(settings.profit))


def study_file(settings: Settings) -> Path:
    """Return the file that keeps the trials of a search.

    It lies beside the MLflow store where that is an SQLite file, else in the outputs
    folder.
    """
    store = LocalStore.at(settings.tracking.uri)
    if store is not None:
        return store.database.with_name(STUDY)
    return settings.outputs_folder / STUDY
