"""Windows of a purchase log: what was known as of a day, and what followed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.clv.process import COLUMNS
from regulars.evaluation.holdout import drift_notes
from regulars.features.matrix import FEATURES, MEANINGS
from regulars.kinds.non_contractual.daily import Daily, daily_totals
from regulars.kinds.non_contractual.extrapolation import backtest_extrapolation
from regulars.kinds.non_contractual.notes import (
    extrapolation_note,
    log_notes,
    process_only_note,
)
from regulars.kinds.non_contractual.order_value import with_order_value
from regulars.kinds.non_contractual.slices import customer_segments, customer_slices
from regulars.kinds.non_contractual.snapshots import BASELINE_PROCESS, Snapshots
from regulars.models.churn import Recipe
from regulars.models.churn.baselines import baseline_probabilities
from regulars.models.churn.space import PURCHASES
from regulars.models.folds import ValidationFold
from regulars.models.reading import feature_columns
from regulars.models.retention import RetentionModel
from regulars.models.season import DailyTotals, season_gap
from regulars.models.spend import SpendRecipe
from regulars.timeline import RECENT_CUTOFFS
from regulars.training.dataset import Dataset
from regulars.training.window import Baselines, Choices, FoldPair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pandas as pd

    from regulars.evaluation.holdout import ChurnTest, ValueTest
    from regulars.kinds.non_contractual.workspace import LogWorkspace
    from regulars.timeline import Fold, Timeline

# the group of features that come from features.extra
OWN_FEATURES = "own"


@dataclass(frozen=True, eq=False)
class PurchaseWindow:
    """A timeline over a log as a window, its purchase model chosen."""

    work: LogWorkspace
    snapshots: Snapshots
    # of the purchase models on the validation windows
    process_figures: Mapping[str, Mapping[str, float]]
    # stands at the cutoff of the scores, where nothing is tested
    is_final: bool = False
    space = PURCHASES
    encoder = None

    @classmethod
    def of(
        cls, work: LogWorkspace, snapshots: Snapshots, *, is_final: bool = False
    ) -> PurchaseWindow:
        """Choose the purchase model on the validation windows."""
        figures = snapshots.compare_processes()
        chosen = with_order_value(snapshots.with_best_process(figures))
        return cls(work, chosen, figures, is_final)

    @property
    def timeline(self) -> Timeline:
        """What was known, and when."""
        return self.snapshots.timeline

    @property
    def name(self) -> str:
        """The test cutoff."""
        return str(self.cutoff)

    @property
    def cutoff(self) -> date | None:
        """The test cutoff; None where the log is too short to have one."""
        return self.timeline.test_cutoff

    @cached_property
    def _learnt(self) -> pd.DataFrame | None:
        timeline = self.timeline
        return self.snapshots.stacked(
            timeline.training_cutoffs, known_at=timeline.stands_at
        )

    @cached_property
    def _daily(self) -> Daily:
        return daily_totals(self.work.ledger, known_at=self.timeline.stands_at)

    def _season_gap(
        self, totals: DailyTotals, day: date, learnt: Sequence[date]
    ) -> float | None:
        """Return what last year's season says of the window that begins at a day."""
        teaching = self.timeline.teaching
        starts = [teaching.label_window(each)[0] for each in learnt]
        start, end = teaching.label_window(day)
        return season_gap(totals.before(day), start, starts, (end - start).days)

    @cached_property
    def test(self) -> Dataset | None:
        """The customers of the test cutoff with what they did."""
        cutoff = self.cutoff
        if self.is_final or cutoff is None or not self.snapshots.has_process(cutoff):
            return None
        rows = self._labelled_test(None)
        # all features: a champion may know one that these snapshots leave out
        features = self.work.features.of_earlier_models(cutoff)
        return Dataset(
            features,
            rows["churned"].to_numpy(np.float64),
            slices=customer_slices(self.work, features, cutoff),
            segments=customer_segments(self.work, features, cutoff),
            customer_id=features["customer_id"].astype(str).to_numpy(dtype=object),
            spend=rows["spend"].to_numpy(np.float64),
        )

    def _labelled_test(self, kind: str | None) -> pd.DataFrame:
        assert self.cutoff is not None
        return self.snapshots.labelled(
            self.cutoff, known_at=self.timeline.cutoff, kind=kind
        )

    def folds(self, *, with_value: bool) -> Sequence[FoldPair]:
        """Return the validation windows, latest first, that can teach something."""
        pairs = (self._fold(fold, with_value) for fold in self.timeline.folds)
        return [pair for pair in pairs if pair is not None]

    def _fold(self, fold: Fold, with_value: bool) -> FoldPair | None:
        timeline = self.timeline
        known_at = timeline.stands_at
        train = self.snapshots.stacked(fold.training_cutoffs, known_at=fold.cutoff)
        valid = self.snapshots.stacked([fold.cutoff], known_at=known_at)
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
            customers=valid["customer_id"].to_numpy(dtype=object),
            snapshots=train["cutoff"].to_numpy(dtype=object),
            season=self._season_gap(
                self._daily.spend, fold.cutoff, fold.training_cutoffs
            ),
        )
        churn = replace(
            spend,
            y_train=train["churned"].to_numpy(np.float64),
            y_valid=valid["churned"].to_numpy(np.float64),
            season=self._season_gap(
                self._daily.purchases, fold.cutoff, fold.training_cutoffs
            ),
            value=self.snapshots.clv(fold.cutoff) if with_value else None,
        )
        return FoldPair(churn, spend)

    def groups(self, columns: Sequence[str]) -> dict[str, list[str]] | None:
        """Return the groups of features that may be left out, where any may."""
        wanted = self.work.settings.features.choose
        if not wanted:
            return None
        beside = {name for own in self._beside.values() for name in own}
        return feature_groups([name for name in columns if name not in beside])

    def joining(self, columns: Sequence[str]) -> dict[str, list[str]] | None:
        """Return the columns of each table beside the purchases, likewise."""
        if not self.work.settings.features.choose:
            return None
        known = set(columns)
        held = {t: [n for n in own if n in known] for t, own in self._beside.items()}
        return {table: names for table, names in held.items() if names}

    @cached_property
    def _beside(self) -> dict[str, list[str]]:
        features, day = self.work.features, self.timeline.stands_at
        return features.by_table(features.vocabulary(day), self.current().columns)

    def settled(self, choices: Choices) -> PurchaseWindow:
        """Return the window with the weight of its extrapolation."""
        weight = backtest_extrapolation(
            self.snapshots, self.work.settings, choices.recipe
        )
        horizon = replace(self.snapshots.horizon, extrapolation_weight=weight)
        return replace(self, snapshots=self.snapshots.with_horizon(horizon))

    def fit(self, choices: Choices) -> RetentionModel:
        """Return a model of the rows that learn, standing at the window's day."""
        recipe, spend, rows = choices.recipe, choices.spend_recipe, None
        if recipe.needs_fitting or spend.needs_fitting:
            rows = self._learnt
        # what has nothing to learn keeps its level, calibration and bounds
        if rows is None and recipe.needs_fitting:
            recipe = Recipe.process_only()
        if rows is None and spend.needs_fitting:
            spend = SpendRecipe()
        day, learnt = self.timeline.stands_at, self.timeline.training_cutoffs
        recipe = recipe.standing_at(
            self._season_gap(self._daily.purchases, day, learnt)
        )
        spend = spend.standing_at(self._season_gap(self._daily.spend, day, learnt))
        process = self.snapshots.process(self.timeline.stands_at)
        model = RetentionModel(
            self.snapshots.horizon, recipe, process=process, spend=spend
        )
        outcomes = (None, None) if rows is None else (rows["churned"], rows["spend"])
        return model.fit(rows, *outcomes, current=self.current())

    def current(self) -> pd.DataFrame:
        """Return the rows that the model stands at."""
        return self.snapshots.features(self.timeline.stands_at)

    def baselines(self) -> Baselines:
        """Return what rules of thumb and BG/NBD say of the test."""
        assert self.cutoff is not None
        kind = BASELINE_PROCESS
        if not self.snapshots.has_process(self.cutoff, kind):
            kind = self.snapshots.kind
        test = self._labelled_test(kind)
        # rules learnt on a shorter horizon: silence goes on as it has begun
        stretch = self.timeline.horizon_days / self.timeline.label_horizon_days
        churn = {
            name: probability if name == "bg_nbd" else probability**stretch
            for name, probability in baseline_probabilities(self._learnt, test).items()
        }
        return Baselines(churn, {"bg_nbd": test["btyd_expected_spend"].to_numpy()})

    def seen_rows(self) -> None:
        """Return nothing: days say what was seen."""

    def facts(self) -> Mapping[str, Any]:
        """Return when the window was known, and what it learnt from."""
        return {
            "known_at": self.timeline.cutoff,
            "n_training_windows": len(self.timeline.training_cutoffs),
        }

    def notes(
        self, choices: Choices, churn: ChurnTest | None, spend: ValueTest | None
    ) -> list[str]:
        """Return what a reader has to know, in sentences."""
        timeline, asked = self.timeline, self.work.settings.time.training_cutoffs
        if asked == "auto":
            asked = RECENT_CUTOFFS
        known_at = timeline.stands_at if self.is_final else timeline.cutoff
        notes = log_notes(self.work.ledger, timeline, asked, known_at)
        weight = self.snapshots.horizon.extrapolation_weight
        if choices.churn is None:
            notes.append(process_only_note(self.timeline, self.snapshots.kind))
        if weight:
            notes.append(extrapolation_note(weight))
        return notes + drift_notes(churn, spend)


def feature_groups(columns: Sequence[str]) -> dict[str, list[str]]:
    """Return which columns belong to which group of features.

    Columns of the purchase process belong to none; what came from ``features.extra``
    is ``own``.
    """
    by_group = {
        group: [name for name in columns if name in meanings]
        for group, meanings in MEANINGS.items()
    }
    by_group[OWN_FEATURES] = [
        name for name in columns if name not in FEATURES and name not in COLUMNS
    ]
    return {group: names for group, names in by_group.items() if names}
