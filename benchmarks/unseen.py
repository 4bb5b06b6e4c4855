"""Quality on logs that nobody tuned on: the model beside its best rival.

Each log of `unseen_logs` is written to a file, a configuration is guessed for it as
``regulars init`` does, and the project's own training runs on it unchanged. Printed as
Markdown: what horizon was proposed, the figures of the test window, the best built-in
rival with the paired 95% interval of the difference of log loss, and the CPU seconds.
Bounded: ``--only coffee,bare``, ``--trials 2``, ``--size 0.5``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from regulars.config import parse_settings
from regulars.errors import RegularsError
from regulars.evaluation.backtest import evaluate_window
from regulars.init import guess_config, render_config
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training import Training, train
from unseen_logs import LOGS, Log

if TYPE_CHECKING:
    from regulars.config import Settings

HEAD = (
    "| log | horizon | customers | churn | AUC | log loss | ECE | MAE "
    "| best rival | AUC | log loss | ECE | MAE | difference (95%) | CPU s |\n"
    + "|---" * 15
    + "|"
)


def guessed(log: Log, folder: Path, *, size: float, trials: int, seed: int) -> Settings:
    """Write a log and return the settings that ``regulars init`` proposes for it."""
    path = folder / f"{log.name}.csv"
    n_customers = max(30, int(log.n_customers * size))
    path.write_text(log.write(np.random.default_rng(seed), n_customers))
    text = render_config(guess_config(path))
    return parse_settings(
        text,
        [
            f"churn.tuning_trials={trials}",
            f"outputs={folder / 'out'}",
            f"tracking.uri=sqlite:///{folder / 'mlflow.db'}",
        ],
    )


def figures(training: Training, settings: Settings, seconds: float) -> dict[str, Any]:
    """Return what the table shows of a training, JSON-safe."""
    found: dict[str, Any] = {
        "horizon_days": settings.time.horizon_days,
        "cpu_seconds": seconds,
        "notes": training.notes,
        "weights": dict(training.model.churn.weights),
    }
    if training.churn_test is not None:
        found["window"] = evaluate_window(
            training.churn_test, random_state=settings.seed
        )
    if training.value_test is not None:
        found["value"] = training.value_test.metrics
    return found


def row(name: str, found: dict[str, Any]) -> str:
    """Return a line of the table."""
    window = found.get("window")
    if window is None:
        return (
            f"| {name} | {found['horizon_days']} | "
            + "- | " * 12
            + f"{found['cpu_seconds']:.0f} |"
        )
    rival, metrics = window["best_baseline"], window["metrics"]
    own, value = metrics["model"], found["value"]
    gap = window["differences"].get("log_loss")
    told = "-"
    if gap and gap["low"] is not None:
        told = f"{gap['difference']:+.4f} ({gap['low']:+.4f}, {gap['high']:+.4f})"
    cells = [
        name,
        str(found["horizon_days"]),
        f"{own['n_customers']:,}",
        f"{own['churn_rate']:.3f}",
        *_four(own, value["model"]),
        str(rival),
        *_four(metrics.get(rival, {}), value["bg_nbd"]),
        told,
        f"{found['cpu_seconds']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _four(churn: dict[str, Any], value: dict[str, Any]) -> list[str]:
    known = [churn.get(key) for key in ("roc_auc", "log_loss", "ece")]
    told = ["-" if x is None else f"{x:.4f}" for x in known]
    return [*told, f"{value['typical_mae']:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names, with commas between")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--size", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write everything measured")
    asked = parser.parse_args()
    only = set(filter(None, asked.only.split(",")))
    print(HEAD, flush=True)
    results: dict[str, Any] = {}
    for log in LOGS:
        if only and log.name not in only:
            continue
        start = time.process_time()
        with tempfile.TemporaryDirectory() as place:
            try:
                settings = guessed(
                    log,
                    Path(place),
                    size=asked.size,
                    trials=asked.trials,
                    seed=asked.seed,
                )
                work = open_workspace(settings, _silent)
                training = train(purchase_problem(work, _silent), _silent)
            except RegularsError as error:
                results[log.name] = {"error": str(error)}
                print(f"| {log.name} | {error} |", flush=True)
                continue
        found = figures(training, settings, time.process_time() - start)
        results[log.name] = found
        print(row(log.name, found), flush=True)
        if asked.json:
            asked.json.write_text(json.dumps(results, default=str))


def _silent(step: str) -> None:
    """Say nothing of the steps."""


if __name__ == "__main__":
    main()
