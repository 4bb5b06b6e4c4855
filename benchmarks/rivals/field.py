"""Everybody who foresees the test window of a cell: the model and its rivals.

Settings of a data set and horizon come in; outcomes of the last complete window and
every forecast of it go out, on the same customers in the same order. Each forecaster
sees what was known at the test cutoff and nothing later.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.evaluation.offer import campaign_costs
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.kinds.non_contractual.snapshots import Snapshots
from regulars.metrics.campaign import best_threshold
from regulars.models.churn.baselines import baseline_probabilities
from regulars.models.retention import RetentionModel
from regulars.training import Training, train
from rivals import handmade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.timeline import Timeline

    Floats = NDArray[np.float64]

MODEL = "model"
HANDMADE, BLEND = "hand-made LightGBM", "hand-made blend"
RULES = {
    "days_since_last_order": "days since last order",
    "rfm_logistic": "RFM logistic",
}
PROCESSES = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "pareto_nbd": "Pareto/NBD"}


@dataclass(frozen=True)
class Field:
    """A test window and what was said of it.

    Attributes
    ----------
    timeline : Timeline
        Cutoffs of the cell.
    training : Training
        The project's own, with what it chose.
    outcomes : DataFrame of shape (n_customers, n_columns)
        ``customer_id``, ``churned``, ``spend``.
    churn, spend : dict of str to array of shape (n_customers,)
        By forecaster, ``model`` first: probability of no purchase, expected spend
        (Gamma-Gamma beside a purchase process, Tweedie beside the hand-made one).
    typical : array of shape (n_customers,)
        Typical spend by the model; rivals say one figure for mean and median.
    clv : array of shape (n_customers,)
        Each customer's value by the model.
    validated_threshold : float or None
        Of the model's probability; what earned most on the latest validation window.
        None where the history is too short to know its outcomes.
    seconds : dict of str to float
        Of processor, by what was done.
    """

    timeline: Timeline
    training: Training
    outcomes: pd.DataFrame
    churn: dict[str, Floats]
    spend: dict[str, Floats]
    typical: Floats
    clv: Floats
    validated_threshold: float | None
    seconds: dict[str, float]


def assemble(
    settings: Settings,
    step: Callable[[str], None],
    *,
    trials: int,
    keep: Path | None = None,
) -> Field:
    """Train the model and every rival on what was known at the test cutoff.

    Parameters
    ----------
    settings : Settings
        Of a purchase log with a test window.
    step : callable
        Called with the name of each step as it begins.
    trials : int
        Of the hand-made rival.
    keep : Path, optional
        Folder in which the forecasts of the hand-made rival are kept.

    Returns
    -------
    Field
    """
    work = open_workspace(settings, step)
    line = work.timeline
    cutoff = line.test_cutoff
    assert cutoff is not None
    clock = _Clock()
    training = train(purchase_problem(work, step), step)
    clock.lap("model")
    (trial,) = training.trials
    assert trial.tested_model is not None
    step("rivals")
    snapshots = Snapshots.of(work.ledger, line, settings)
    snapshots = snapshots.with_process(training.model.process.kind)
    test = snapshots.labelled(cutoff, known_at=line.cutoff)
    scores = trial.tested_model.predict(snapshots.features(cutoff))
    churn: dict[str, Floats] = {MODEL: scores["churn_probability"].to_numpy()}
    spend: dict[str, Floats] = {MODEL: scores["expected_spend"].to_numpy()}
    churn |= _rules(snapshots, line, test)
    for kind, label in PROCESSES.items():
        found = snapshots.labelled(cutoff, known_at=line.cutoff, kind=kind)
        churn[label] = found["btyd_no_purchase_probability"].to_numpy()
        spend[label] = found["btyd_expected_spend"].to_numpy()
    clock.lap("rules and purchase processes")
    step(f"hand-made, {trials} trials")
    rival = handmade.forecast(
        work.ledger.transactions, line, trials=trials, seed=settings.seed, keep=keep
    ).loc[test["customer_id"]]
    churn[HANDMADE] = rival["churn"].to_numpy()
    spend[HANDMADE] = rival["spend"].to_numpy()
    blended = (HANDMADE, RULES["rfm_logistic"], PROCESSES["bg_nbd"])
    churn[BLEND] = np.mean([churn[name] for name in blended], axis=0)
    clock.lap("hand-made")
    return Field(
        timeline=line,
        training=training,
        outcomes=test[["customer_id", "churned", "spend"]],
        churn=churn,
        spend=spend,
        # a process that stands alone says one figure for both, too
        typical=scores["typical_spend"].fillna(scores["expected_spend"]).to_numpy(),
        clv=scores["clv"].to_numpy(),
        validated_threshold=_validated_threshold(snapshots, line, training, settings),
        seconds=clock.laps,
    )


class _Clock:
    """Processor seconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.laps[name] = round(now - self._last, 1)
        self._last = now


def _rules(
    snapshots: Snapshots, line: Timeline, test: pd.DataFrame
) -> dict[str, Floats]:
    assert line.test_cutoff is not None
    past = snapshots.stacked(line.training_cutoffs, known_at=line.test_cutoff)
    found = baseline_probabilities(past, test)
    # learnt on a shorter horizon where the history is short
    stretch = line.horizon_days / line.label_horizon_days
    return {label: found[name] ** stretch for name, label in RULES.items()}


def _validated_threshold(
    snapshots: Snapshots, line: Timeline, training: Training, settings: Settings
) -> float | None:
    """Return the threshold that earned most on the latest validation window."""
    if line.is_extrapolated or not line.folds or training.choices.churn is None:
        return None
    assert line.test_cutoff is not None
    fold = line.folds[0]
    model = RetentionModel(
        snapshots.horizon,
        training.choices.recipe,
        process=snapshots.process(fold.cutoff),
        spend=training.model.spend,
    )
    rows = snapshots.stacked(fold.training_cutoffs, known_at=fold.cutoff)
    features = snapshots.features(fold.cutoff)
    model.fit(rows, rows["churned"], rows["spend"], current=features)
    scores = model.predict(features)
    outcomes = snapshots.labelled(fold.cutoff, known_at=line.test_cutoff)
    best = best_threshold(
        outcomes["churned"],
        scores["churn_probability"],
        clv=scores["clv"],
        costs=campaign_costs(settings.profit),
    )
    return best.threshold
