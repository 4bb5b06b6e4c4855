"""Quality of the forecasts: the model beside its rivals on the last complete window.

Runs the project's own training for each data set and horizon, in which the test window
is looked at once, and prints a table in Markdown: ROC AUC and log loss with 95%
bootstrap intervals, expected calibration error, and for spend the mean absolute error
and the ratio of totals. Rivals see what the model sees. The last row of a cell is the
best figure of each column that was measured elsewhere for a hand-made LightGBM of 60
features, its Tweedie sister and a blend. Bounded: ``--only cdnow-90``, ``--trials 3``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.churn.baselines import baseline_probabilities
from regulars.config import load_settings
from regulars.evaluation.holdout import judge_churn, judge_value
from regulars.snapshots import Snapshots
from regulars.training import Training, train
from regulars.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PROCESSES = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "pareto_nbd": "Pareto/NBD"}


@dataclass(frozen=True)
class Cell:
    """A data set and a horizon, with the best figures that rivals have reached."""

    name: str
    config: str
    horizon_days: int
    best_auc: float
    best_log_loss: float
    best_mae: float


CELLS = (
    Cell("cj-14", "complete_journey", 14, 0.8521, 0.4308, 47.56),
    Cell("cj-28", "complete_journey", 28, 0.8789, 0.3205, 71.43),
    Cell("cj-60", "complete_journey", 60, 0.8994, 0.1988, 122.8),
    Cell("cdnow-90", "cdnow", 90, 0.8404, 0.2970, 10.78),
    Cell("cdnow-273", "cdnow", 273, 0.7717, 0.4937, 31.84),
)
HEAD = (
    "| forecast | ROC AUC | log loss | ECE | MAE of spend | total |\n"
    "|---|---|---|---|---|---|"
)


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore")
    for cell in CELLS:
        if not options.only or cell.name in options.only:
            measure(cell, options)


def measure(cell: Cell, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"outputs={folder}", f"time.horizon_days={cell.horizon_days}"]
        if options.trials is not None:
            overrides.append(f"churn.tuning_trials={options.trials}")
        settings = load_settings(
            f"configs/{cell.config}.yaml", [*overrides, *options.set]
        )
        work = open_workspace(settings, _say)
        start = time.perf_counter()
        training = train(work.ledger, work.timeline, settings, step=_say)
        seconds = time.perf_counter() - start
        print(f"\n### {cell.name} ({seconds:.0f} s)\n\n{HEAD}")
        for line in rows(cell, work, training):
            print(line, flush=True)
        print()
        for line in choices(training):
            print(f"- {line}", flush=True)


def rows(cell: Cell, work: Workspace, training: Training) -> list[str]:
    """Return the table's rows: the model, the rivals, the best measured elsewhere."""
    cutoff = work.timeline.test_cutoff
    assert cutoff is not None
    assert training.tested_model is not None
    snapshots = Snapshots(work.ledger, work.timeline, work.settings)
    scores = training.tested_model.predict(snapshots.features(cutoff))
    churn: dict[str, Floats] = {"model": scores["churn_probability"].to_numpy()}
    spend: dict[str, Floats] = {"model": scores["expected_spend"].to_numpy()}
    known = {"known_at": work.timeline.cutoff}
    test = snapshots.labelled(cutoff, **known)
    past = snapshots.stacked(work.timeline.training_cutoffs, known_at=cutoff)
    stretch = work.timeline.horizon_days / work.timeline.label_horizon_days
    for name, probability in baseline_probabilities(past, test).items():
        # learnt on a shorter horizon where the history is short
        churn[name] = probability**stretch
    for kind, label in PROCESSES.items():
        found = snapshots.labelled(cutoff, kind=kind, **known)
        churn[label] = found["btyd_no_purchase_probability"].to_numpy()
        spend[label] = found["btyd_expected_spend"].to_numpy()
    del churn["bg_nbd"]  # the same as "BG/NBD"
    judged = judge_churn(test["churned"], churn, cutoff=cutoff)
    money = judge_value(test["spend"], spend).metrics
    lines = []
    for name, figures in judged.metrics.items():
        bounds = judged.intervals[name]
        auc = _with_interval(figures["roc_auc"], bounds["roc_auc"])
        loss = _with_interval(figures["log_loss"], bounds["log_loss"])
        value = money.get(name)
        tail = f"{value['mae']:.2f} | {value['total_ratio']:.3f}" if value else " | "
        lines.append(f"| {name} | {auc} | {loss} | {figures['ece']:.4f} | {tail} |")
    best = f"{cell.best_auc} | {cell.best_log_loss} | <= .02 | {cell.best_mae} |"
    return [*lines, f"| best rival, measured elsewhere | {best} |"]


def choices(training: Training) -> list[str]:
    """Return what was chosen on the validation windows, in words."""
    found = [f"process: {training.model.process.kind}"]
    if training.selection:
        recipe = training.selection.recipe
        shares = {name: round(w, 2) for name, w in recipe.weights.items() if w > 0}
        found.append(f"members: {shares}; calibration: {recipe.calibrator.method}")
        losses = {k: round(v, 4) for k, v in training.selection.losses.items()}
        found.append(f"validation log loss: {losses}")
    ranked = sorted(training.spend_errors.items(), key=lambda pair: pair[1])
    best = ", ".join(f"{name} {error:.3f}" for name, error in ranked[:6])
    found.append(f"spend: {'+'.join(training.model.spend.members)}; MAE: {best}")
    if training.value_test:
        value = training.value_test.metrics["model"]
        extra = {k: round(v, 3) for k, v in value.items() if "cover" in k}
        found += [f"spend intervals: {extra}"] if extra else []
    return [*found, *training.notes]


def _with_interval(value: float, bounds: list[float]) -> str:
    return f"{value:.4f} ({bounds[0]:.4f}-{bounds[1]:.4f})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [cell.name for cell in CELLS]
    parser.add_argument("--only", nargs="*", choices=names, help="cells; default: all")
    parser.add_argument("--trials", type=int, help="instead of the configs' own number")
    parser.add_argument("--set", nargs="*", default=[], help="overrides: key=value")
    return parser.parse_args()


def _say(step: str) -> None:
    print(f"{time.strftime('%X')} {step}", file=sys.stderr)


if __name__ == "__main__":
    main()
