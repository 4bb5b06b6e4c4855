"""From a ledger to a tested model: snapshots, choices, the test, the refit.

The ledger, the timeline and the settings come in. Choices are made on validation
windows, the test window is looked at once by a model that had not seen it, and then the
same recipe is refitted with every window known. Both models and everything measured go
out as a `Training`; nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.churn import baselines
from regulars.churn.ensemble import Recipe
from regulars.churn.tuning import Selection, select
from regulars.clv.process import PurchaseProcess
from regulars.errors import ConvergenceError, DataError, NotEnoughHistoryError
from regulars.evaluation.holdout import ChurnTest, ValueTest, judge_churn, judge_value
from regulars.features.matrix import build_matrix
from regulars.forward import ForwardFold
from regulars.labels import build_labels
from regulars.model import Horizon, RetentionModel, add_process, feature_columns, stack
from regulars.spend import SpendRecipe, select_spend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.data.ledger import Ledger
    from regulars.timeline import Timeline

    Step = Callable[[str], None]

FEWEST_CHURNERS = 20


@dataclass(frozen=True)
class Training:
    """Two models of one recipe, and what was measured.

    Attributes
    ----------
    model : RetentionModel
        Fitted with every window known at the cutoff; it is registered and scores.
    tested_model : RetentionModel or None
        Fitted with what was known at the test cutoff; the figures are its figures.
    churn_test : ChurnTest or None
        The test window; None where the log is too short to have one.
    value_test : ValueTest or None
        Likewise for spend.
    selection : Selection or None
        What was chosen on validation windows; None where there were none.
    spend_errors : dict of str to float
        Mean absolute error of the spend candidates on validation windows.
    importance : list of dict
        Features by mean absolute contribution, largest first.
    notes : list of str
        What a reader has to know, in sentences.
    """

    model: RetentionModel
    tested_model: RetentionModel | None
    churn_test: ChurnTest | None
    value_test: ValueTest | None
    selection: Selection | None
    spend_errors: dict[str, float]
    importance: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)

    @property
    def process_only(self) -> bool:
        """Whether the purchase process carries the churn scores alone."""
        return not self.model.churn.needs_fitting


def horizon_of(settings: Settings) -> Horizon:
    """Return what the scores are about.

    Parameters
    ----------
    settings : Settings
        The configuration.

    Returns
    -------
    Horizon
    """
    return Horizon(
        horizon_days=settings.time.horizon_days,
        gap_days=settings.time.gap_days,
        margin=settings.value.margin,
        discount_rate_annual=settings.value.discount_rate_annual,
        clv_horizon_days=settings.value.clv_horizon_days,
        risk_bands=settings.scores.risk_bands,
    )


class Snapshots:
    """Feature rows by cutoff, each with the purchase process of its own cutoff.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    timeline : Timeline
        The cutoffs.
    settings : Settings
        Lookback, feature groups, horizon.
    """

    def __init__(self, ledger: Ledger, timeline: Timeline, settings: Settings) -> None:
        self._ledger = ledger
        self._timeline = timeline
        self._horizon = horizon_of(settings)
        matrix = build_matrix(
            ledger,
            timeline.snapshots,
            lookback_days=settings.time.lookback_days,
            groups=settings.features.groups,
            extra=settings.features.extra,
        )
        matrix = matrix.drop(columns=_unknown_somewhere(matrix))
        days = pd.to_datetime(matrix["cutoff"]).dt.date
        self._features = {
            day: rows.reset_index(drop=True) for day, rows in matrix.groupby(days)
        }
        self._processes: dict[date, PurchaseProcess] = {}

    def features(self, cutoff: date) -> pd.DataFrame:
        """Return the keys and features of a cutoff.

        Parameters
        ----------
        cutoff : date
            One of the timeline's snapshots.

        Returns
        -------
        DataFrame of shape (n_customers, n_features + 2)

        Raises
        ------
        NotEnoughHistoryError
            Nobody had bought anything before the cutoff.
        """
        if cutoff not in self._features:
            msg = (
                f"No customer had bought anything before {cutoff}. Pass a later "
                "cutoff, or read more of the log."
            )
            raise NotEnoughHistoryError(msg)
        return self._features[cutoff]

    def process(self, cutoff: date) -> PurchaseProcess:
        """Return the purchase process fitted to what was known at a cutoff.

        Parameters
        ----------
        cutoff : date
            One of the timeline's snapshots.

        Returns
        -------
        PurchaseProcess
        """
        if cutoff not in self._processes:
            self._processes[cutoff] = PurchaseProcess().fit(self.features(cutoff))
        return self._processes[cutoff]

    def labelled(self, cutoff: date, *, known_at: date) -> pd.DataFrame:
        """Return the rows of a cutoff with process columns and outcomes.

        Parameters
        ----------
        cutoff : date
            One of the timeline's snapshots.
        known_at : date
            Day on which the outcomes are used.

        Returns
        -------
        DataFrame of shape (n_customers, n_features + 10)
        """
        rows = add_process(self.features(cutoff), self.process(cutoff), self._horizon)
        outcomes = build_labels(self._ledger, self._timeline, rows, known_at=known_at)
        return pd.concat(
            [rows, outcomes.drop(columns=["customer_id", "cutoff"])], axis=1
        )

    def stacked(
        self, cutoffs: Sequence[date], *, known_at: date
    ) -> pd.DataFrame | None:
        """Return the labelled rows of several cutoffs.

        Parameters
        ----------
        cutoffs : sequence of date
            Snapshots.
        known_at : date
            Day on which the outcomes are used.

        Returns
        -------
        DataFrame or None
            None where no cutoff has customers enough for a purchase process, or
            where hardly anyone stayed or hardly anyone left.
        """
        usable = [day for day in cutoffs if self.has_process(day)]
        if not usable:
            return None
        rows = stack([self.labelled(day, known_at=known_at) for day in usable])
        fewest = min(rows["churned"].sum(), (1 - rows["churned"]).sum())
        return rows if fewest >= FEWEST_CHURNERS else None

    def has_process(self, cutoff: date) -> bool:
        """Return whether a purchase process could be fitted at a cutoff.

        Parameters
        ----------
        cutoff : date
            One of the timeline's snapshots.

        Returns
        -------
        bool
        """
        try:
            self.process(cutoff)
        except (ConvergenceError, DataError, NotEnoughHistoryError):
            return False
        return True


def _unknown_somewhere(matrix: pd.DataFrame) -> list[str]:
    """Return the features that no customer of some cutoff has.

    A window of a year is unknown while the log is younger. A model that learnt with it
    missing could not use it when it comes to be known, or would take it for news.
    """
    known = matrix.drop(columns=["customer_id"]).groupby("cutoff").count()
    return [name for name in known.columns if (known[name] == 0).any()]


def train(
    ledger: Ledger, timeline: Timeline, settings: Settings, *, step: Step
) -> Training:
    """Choose, test once, refit.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    timeline : Timeline
        The cutoffs.
    settings : Settings
        The configuration.
    step : callable
        Called with the name of each step as it begins.

    Returns
    -------
    Training

    Raises
    ------
    NotEnoughHistoryError, ConvergenceError, DataError
        Not even a purchase process can be fitted at the cutoff.
    """
    step("features")
    snapshots = Snapshots(ledger, timeline, settings)
    notes = history_notes(timeline, settings)
    step("selection")
    selection, spend, spend_errors = _choose(snapshots, timeline, settings, step)
    recipe = selection.recipe if selection else Recipe.process_only()
    if selection is None:
        notes.append(_PROCESS_ONLY_NOTE)
    step("test")
    tested, churn_test, value_test = _test(snapshots, timeline, settings, recipe, spend)
    step("refit")
    model = _fit(
        snapshots, timeline.cutoff, timeline.refit_cutoffs, recipe, spend, settings
    )
    current = snapshots.features(timeline.cutoff)
    return Training(
        model=model,
        tested_model=tested,
        churn_test=churn_test,
        value_test=value_test,
        selection=selection,
        spend_errors=spend_errors,
        importance=feature_importance(model, current),
        notes=notes,
    )


_PROCESS_ONLY_NOTE = (
    "The history holds no window to learn a classifier from: the purchase-process "
    "model (BG/NBD and Gamma-Gamma) carries the scores alone."
)


def history_notes(timeline: Timeline, settings: Settings) -> list[str]:
    """Return what a short history costs, in sentences.

    Parameters
    ----------
    timeline : Timeline
        The cutoffs.
    settings : Settings
        The configuration.

    Returns
    -------
    list of str
    """
    notes = []
    asked, found = settings.time.training_cutoffs, len(timeline.training_cutoffs)
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


def _choose(
    snapshots: Snapshots, timeline: Timeline, settings: Settings, step: Step
) -> tuple[Selection | None, SpendRecipe, dict[str, float]]:
    churn_folds, spend_folds = [], []
    for fold in timeline.folds:
        known = {"known_at": fold.cutoff}
        rows = snapshots.stacked(fold.training_cutoffs, **known)
        known = {"known_at": timeline.test_cutoff or timeline.cutoff}
        valid = snapshots.stacked([fold.cutoff], **known)
        if rows is None or valid is None:
            continue
        columns = feature_columns(rows)
        churn_folds.append(
            ForwardFold(
                rows[columns],
                rows["churned"].to_numpy(np.float64),
                valid[columns],
                valid["churned"].to_numpy(np.float64),
            )
        )
        spend_folds.append(
            ForwardFold(
                rows[columns],
                rows["spend"].to_numpy(),
                valid[columns],
                valid["spend"].to_numpy(),
            )
        )
    if not churn_folds:
        return None, SpendRecipe(), {}
    trials = settings.churn.tuning_trials
    selection = select(
        churn_folds,
        classifiers=settings.churn.classifiers,
        trials=trials,
        calibration=settings.churn.calibration,
        random_state=settings.seed,
        on_trial=lambda done: step(f"selection {done}/{trials}"),
    )
    step("spend")
    spend, errors = select_spend(spend_folds, random_state=settings.seed)
    return selection, spend, errors


def _fit(
    snapshots: Snapshots,
    cutoff: date,
    training_cutoffs: Sequence[date],
    recipe: Recipe,
    spend: SpendRecipe,
    settings: Settings,
) -> RetentionModel:
    rows = None
    if recipe.needs_fitting:
        rows = snapshots.stacked(training_cutoffs, known_at=cutoff)
    model = RetentionModel(
        horizon_of(settings), snapshots.process(cutoff), recipe, spend
    )
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
    model = _fit(snapshots, cutoff, timeline.training_cutoffs, recipe, spend, settings)
    test = snapshots.labelled(cutoff, known_at=timeline.cutoff)
    scores = model.predict(snapshots.features(cutoff))
    training = snapshots.stacked(timeline.training_cutoffs, known_at=cutoff)
    churn: dict[str, NDArray[np.float64]] = {
        "model": scores["churn_probability"].to_numpy(),
        **baselines.baseline_probabilities(training, test),
    }
    churn_test = judge_churn(
        test["churned"], churn, cutoff=cutoff, random_state=settings.seed
    )
    value = {
        "model": scores["expected_spend"].to_numpy(),
        "bg_nbd": test["btyd_expected_spend"].to_numpy(),
    }
    return model, churn_test, judge_value(test["spend"], value)


def feature_importance(
    model: RetentionModel, features: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return the features by their mean absolute contribution to the log-odds.

    Parameters
    ----------
    model : RetentionModel
        Fitted model.
    features : DataFrame of shape (n_customers, n_features + 2)
        Rows to explain.

    Returns
    -------
    list of dict
        ``feature``, ``importance`` and ``direction`` (whether a larger value
        ``raises`` or ``lowers`` the probability of churn, or ``mixed``), largest
        first; empty where the purchase process stands alone.
    """
    rows = model.with_process(features)
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
