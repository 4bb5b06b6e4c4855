"""From a ledger to a tested model: snapshots, choices, the test, the refit.

The ledger, the timeline and the settings come in. Choices are made on validation
windows, the test window is looked at once by a model that had not seen it, and then the
same recipe is refitted with every window known. Both models and everything measured go
out as a `Training`; nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.clv.process import LABELS
from regulars.clv.process_diagnostics import process_diagnostics
from regulars.data.closures import closure_notes, closures_known, daily_purchases
from regulars.data.strays import stray_days_of
from regulars.evaluation.holdout import (
    ChurnTest,
    ValueTest,
    drift_notes,
    evaluate_churn_forecasts,
    evaluate_spend_forecasts,
)
from regulars.models.churn import Recipe, baselines
from regulars.models.retention import RetentionModel
from regulars.models.spend import SpendRecipe, SpendSelection, interval_figures
from regulars.training.extrapolation import backtest_extrapolation
from regulars.training.select import choose_recipes
from regulars.training.snapshots import (
    BASELINE_PROCESS,
    FEWEST_CHURNERS,
    Snapshots,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.data.ledger import Ledger
    from regulars.features.cache import FeatureCache
    from regulars.models.churn import Selection
    from regulars.timeline import Timeline

    Step = Callable[[str], None]


# silent days at the end of a log that are worth a word
STALE_DAYS = 7
# rows that the importance of features is averaged over
EXPLAINED_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A recipe chosen and tested as of the test cutoff, and what was measured."""

    tested_model: RetentionModel | None
    churn_test: ChurnTest | None
    value_test: ValueTest | None
    selection: Selection | None
    spend_selection: SpendSelection | None
    processes: dict[str, dict[str, float]]
    notes: list[str] = field(default_factory=list)

    @property
    def recipe(self) -> Recipe:
        """How churn is forecast."""
        return self.selection.recipe if self.selection else Recipe.process_only()

    @property
    def spend(self) -> SpendRecipe:
        """How spend is forecast."""
        return self.spend_selection.recipe if self.spend_selection else SpendRecipe()


@dataclass(frozen=True, kw_only=True)
class Training(Trial):
    """A trial, and its recipe refitted with every window known."""

    model: RetentionModel
    importance: list[dict[str, Any]]
    diagnostics: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def process_only(self) -> bool:
        """Whether the purchase process carries the churn scores alone."""
        return not self.model.churn.needs_fitting


def train(
    ledger: Ledger,
    timeline: Timeline,
    settings: Settings,
    *,
    step: Step,
    features: FeatureCache | None = None,
) -> Training:
    """Choose, test once, refit."""
    step("features")
    snapshots = Snapshots(ledger, timeline, settings, features)
    trial = choose_and_test(snapshots, ledger, timeline, settings, step=step)
    diagnostics = _diagnose(snapshots, ledger, timeline, settings)
    step("refit")
    cutoffs = timeline.refit_cutoffs
    model = _fit(snapshots, timeline.cutoff, cutoffs, trial.recipe, trial.spend)
    current = snapshots.features(timeline.cutoff)
    measured = {each.name: getattr(trial, each.name) for each in fields(trial)}
    return Training(
        **measured | {"notes": trial.notes + snapshots.final_warnings()},
        model=model,
        importance=feature_importance(model, current),
        diagnostics=diagnostics,
    )


def choose_and_test(
    snapshots: Snapshots,
    ledger: Ledger,
    timeline: Timeline,
    settings: Settings,
    *,
    step: Step,
) -> Trial:
    """Choose on validation windows and test once; nothing is refitted.

    A backtest wants this and no more: what each window's model would have become
    afterwards is of no interest to it.
    """
    step("selection")
    processes = snapshots.choose_process()
    selection, spend_selection = choose_recipes(snapshots, timeline, settings, step)
    recipe = selection.recipe if selection else Recipe.process_only()
    spend = spend_selection.recipe if spend_selection else SpendRecipe()
    extrapolation_weight = backtest_extrapolation(
        ledger,
        timeline,
        settings,
        recipe,
        kind=snapshots.kind,
        features=snapshots.cache,
    )
    snapshots.horizon = replace(
        snapshots.horizon, extrapolation_weight=extrapolation_weight
    )
    silences = closures_known(daily_purchases(ledger))(timeline.cutoff)
    notes = [
        *history_notes(timeline, settings),
        *stale_notes(ledger, timeline),
        *stray_notes(ledger),
        *closure_notes(silences, timeline.cutoff),
    ]
    if selection is None:
        notes.append(_why_process_only(timeline, snapshots.kind))
    if extrapolation_weight:
        notes.append(
            "Shorter stretches inside the history say that silence goes on more "
            "steadily than the purchase process expects: its ratio is mixed with that "
            f"of the days, which has a share of {extrapolation_weight:.0%}."
        )
    step("test")
    tested, churn_test, value_test = _test(snapshots, timeline, settings, recipe, spend)
    return Trial(
        tested_model=tested,
        churn_test=churn_test,
        value_test=value_test,
        selection=selection,
        spend_selection=spend_selection,
        processes=processes,
        notes=notes + drift_notes(churn_test, value_test),
    )


def _why_process_only(timeline: Timeline, kind: str) -> str:
    reason = "The history holds no window to learn a classifier from"
    if timeline.folds:
        reason = (
            "Too few customers left, or too few stayed, to learn a classifier from "
            f"({FEWEST_CHURNERS} of each are needed in a window and in those before it)"
        )
    return (
        f"{reason}: the purchase-process model ({LABELS[kind]} and Gamma-Gamma) "
        "carries the scores alone."
    )


def stale_notes(ledger: Ledger, timeline: Timeline) -> list[str]:
    """Return a warning where the cutoff lies well after the last record."""
    if ledger.last_day is None:
        return []
    silent_days = (timeline.cutoff - ledger.last_day).days - 1
    if silent_days < STALE_DAYS:
        return []
    return [
        f"The log ends {silent_days} days before the cutoff ({timeline.cutoff}). If "
        "records are missing there, customers who bought look as if they had left: "
        f"read a newer log, or pass a cutoff of {ledger.last_day + timedelta(days=1)}."
    ]


def stray_notes(ledger: Ledger) -> list[str]:
    """Return a warning where days lie far from the rest of the log."""
    strays = stray_days_of(ledger.days.day)
    if strays is None:
        return []
    return [
        f"Windows are laid over {strays.first} to {strays.last}, the bulk of the log; "
        "days lie far from it, and their customers count with what they bought there. "
        "`regulars check` names the setting that leaves them out."
    ]


def history_notes(timeline: Timeline, settings: Settings) -> list[str]:
    """Return what a short history costs, in sentences."""
    notes = []
    asked, found = settings.time.training_cutoffs, len(timeline.training_cutoffs)
    if timeline.is_extrapolated:
        notes.append(
            f"The history holds no window of {timeline.horizon_days} days to learn "
            "from beside the one that the model is tested on: it learnt on windows "
            f"of {timeline.label_horizon_days} days, and the purchase process carries "
            f"its forecasts over to {timeline.horizon_days} days; intervals of spend "
            "are stretched in proportion."
        )
    if 0 < found < asked:
        notes.append(
            f"The history leaves {found} of the {asked} training windows asked for."
        )
    if timeline.test_cutoff is None:
        notes.append(
            "The history is shorter than one horizon: there is no test window, and no "
            "figure of how good the scores are."
        )
    return notes


def _fit(
    snapshots: Snapshots,
    cutoff: date,
    training_cutoffs: Sequence[date],
    recipe: Recipe,
    spend: SpendRecipe,
) -> RetentionModel:
    rows = None
    if recipe.needs_fitting or spend.needs_fitting:
        rows = snapshots.stacked(training_cutoffs, known_at=cutoff)
    if rows is None:
        recipe, spend = Recipe.process_only(), SpendRecipe()
    model = RetentionModel(snapshots.horizon, snapshots.process(cutoff), recipe, spend)
    return model.fit(rows, snapshots.features(cutoff))


def _test(
    snapshots: Snapshots,
    timeline: Timeline,
    settings: Settings,
    recipe: Recipe,
    spend: SpendRecipe,
) -> tuple[RetentionModel | None, ChurnTest | None, ValueTest | None]:
    cutoff = timeline.test_cutoff
    if cutoff is None or not snapshots.has_process(cutoff):
        return None, None, None
    model = _fit(snapshots, cutoff, timeline.training_cutoffs, recipe, spend)
    test = snapshots.labelled(cutoff, known_at=timeline.cutoff)
    scores = model.predict(snapshots.features(cutoff))
    training = snapshots.stacked(timeline.training_cutoffs, known_at=cutoff)
    simplest = test
    if snapshots.has_process(cutoff, BASELINE_PROCESS):
        simplest = snapshots.labelled(
            cutoff, known_at=timeline.cutoff, kind=BASELINE_PROCESS
        )
    churn: dict[str, NDArray[np.float64]] = {
        "model": scores["churn_probability"].to_numpy(),
        **_baselines(training, simplest, timeline),
    }
    churn_test = evaluate_churn_forecasts(
        test["churned"], churn, cutoff=cutoff, random_state=settings.seed
    )
    value = {
        "model": scores["expected_spend"].to_numpy(),
        "bg_nbd": simplest["btyd_expected_spend"].to_numpy(),
    }
    value_test = evaluate_spend_forecasts(test["spend"], value)
    bounds = scores[["expected_spend_low", "expected_spend_high"]].to_numpy()
    value_test.metrics["model"] |= interval_figures(test["spend"].to_numpy(), bounds)
    return model, churn_test, value_test


def _baselines(
    training: pd.DataFrame | None, test: pd.DataFrame, timeline: Timeline
) -> dict[str, NDArray[np.float64]]:
    found = baselines.baseline_probabilities(training, test)
    # rules learnt on a shorter horizon: silence goes on as it has begun
    stretch = timeline.horizon_days / timeline.label_horizon_days
    return {
        name: probability if name == "bg_nbd" else probability**stretch
        for name, probability in found.items()
    }


def _diagnose(
    snapshots: Snapshots, ledger: Ledger, timeline: Timeline, settings: Settings
) -> dict[str, dict[str, Any]]:
    cutoff = timeline.test_cutoff
    if cutoff is None or not snapshots.has_process(cutoff):
        return {}
    # with a lookback the process does not speak about everybody in the ledger
    days = ledger.days if settings.time.lookback_days is None else None
    return process_diagnostics(
        snapshots.process(cutoff),
        snapshots.labelled(cutoff, known_at=timeline.cutoff),
        days,
        cutoff=cutoff,
        end=timeline.cutoff,
    )


def feature_importance(
    model: RetentionModel, features: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return the features by their mean absolute contribution to the log-odds."""
    sample = features.sample(min(len(features), EXPLAINED_ROWS), random_state=0)
    rows = model.with_process(sample)
    parts = model.churn_.contributions(rows)
    if parts is None:
        return []
    strength = parts.abs().mean().sort_values(ascending=False, kind="stable")
    ranks = rows[parts.columns].rank()
    lean = {name: _lean(ranks[name], parts[name]) for name in strength.index}
    return [
        {"feature": name, "importance": float(value), "direction": lean[name]}
        for name, value in strength.items()
        if value > 0
    ]


def _lean(ranks: pd.Series, contribution: pd.Series) -> str:
    known = ranks.notna()
    if known.sum() < 3 or ranks[known].std() == 0 or contribution[known].std() == 0:
        return "mixed"
    correlation = np.corrcoef(ranks[known], contribution[known])[0, 1]
    if abs(correlation) < 0.3:
        return "mixed"
    return "raises" if correlation > 0 else "lowers"
