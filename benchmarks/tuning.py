"""Time of a training with its search: 20 trials on Complete Journey, 28 days ahead.

Trains as ``regulars train`` does, on a study file and a cache of features that are
empty, and prints wall and CPU seconds of each stage, of the trials by themselves and of
the whole, the trials given up early, and what was chosen. On shared cores the wall
stretches; CPU seconds divided by the number of cores are the least it could be.
Bounded: ``--trials 3``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import warnings
from itertools import pairwise
from typing import NamedTuple

from regulars.config import load_settings
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training import train

TARGET_SECONDS = 180


class Mark(NamedTuple):
    """When a step began."""

    step: str
    wall: float
    cpu: float


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            options.config,
            [
                f"outputs={folder}/out",
                f"tracking.uri=sqlite:///{folder}/mlflow.db",
                f"churn.tuning_trials={options.trials}",
                *options.set,
            ],
        )
        work = open_workspace(settings, _silent)
        marks: list[Mark] = []

        def step(name: str) -> None:
            marks.append(Mark(name, time.perf_counter(), time.process_time()))

        training = train(purchase_problem(work, step), step)
        step("end")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| stage | wall s | CPU s |\n|---|---|---|")
    for line in rows(marks):
        print(line)
    found = training.choices.churn
    assert found is not None
    print(
        f"\n{found.n_trials} trials, {found.n_pruned} given up after the first window"
    )
    print(f"groups left out: {list(found.recipe.left_out) or 'none'}")
    gains = {name: round(gain, 5) for name, gain in found.group_gains.items()}
    print(f"gain of log loss without a group: {gains}")
    print(f"settings: {dict(found.recipe.boosted)}, {dict(found.recipe.logistic)}")
    print(f"weights: {dict(found.recipe.weights)}")
    print(f"calibration: {found.recipe.calibrator.method}")
    losses = {name: round(loss, 4) for name, loss in found.losses.items()}
    print(f"validation log loss: {losses}")


def rows(marks: list[Mark]) -> list[str]:
    """Return the table's rows: a stage each, the trials among them, the whole."""
    trials = [mark for mark in marks if mark.step.startswith("selection ")]
    stages = [mark for mark in marks if mark not in trials]
    found = [(start.step, start, end) for start, end in pairwise(stages)]
    if len(trials) > 1:
        found.append((f"of it trials 2 to {len(trials)}", trials[0], trials[-1]))
    found.append(
        (f"whole training (target {TARGET_SECONDS} on 2 cores)", marks[0], marks[-1])
    )
    return [
        f"| {name} | {end.wall - start.wall:.1f} | {end.cpu - start.cpu:.1f} |"
        for name, start, end in found
    ]


def _silent(step: str) -> None:
    """Say nothing while the log is read."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="configs/complete_journey.yaml")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--set", nargs="*", default=[], help="overrides: key=value")
    return parser.parse_args()


if __name__ == "__main__":
    main()
