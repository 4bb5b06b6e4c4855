"""Quality of the forecasts: the model beside its rivals on the last complete window.

Runs the project's own training for each data set and horizon, in which the test window
is looked at once, and every rival on what was known at the same cutoff: rules of thumb,
purchase processes, LightGBM on features made by hand, and a blend. Prints figures with
95% bootstrap intervals, the paired difference to the best rival and a verdict; what
each way to choose whom to contact would have earned; and repeated splits of a labelled
table. ``docs/quality.md`` tells what is what. Bounded: ``--only cdnow-90 --trials 3``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.config import load_settings
from rivals import field, iranian
from rivals.judging import churn_figures, profits, spend_figures, verdict
from rivals.markdown import cell_page, labelled_page, summary

if TYPE_CHECKING:
    from regulars.config import Settings
    from regulars.timeline import Timeline
    from regulars.training import Training

IRANIAN = "iranian"


@dataclass(frozen=True)
class Published:
    """The best figures that rivals had reached, measured elsewhere."""

    roc_auc: float
    log_loss: float
    mae: float


@dataclass(frozen=True)
class Cell:
    """A data set and a horizon."""

    name: str
    title: str
    config: str
    horizon_days: int
    published: Published
    # rules of the model that were chosen with sight of this test window
    seen_by: str = "ADR 0037 (pooling, ranks)"


CELLS = (
    Cell(
        "cj-14",
        "Complete Journey, 14 days",
        "complete_journey",
        14,
        Published(0.8521, 0.4308, 47.56),
    ),
    Cell(
        "cj-28",
        "Complete Journey, 28 days",
        "complete_journey",
        28,
        Published(0.8789, 0.3205, 71.43),
    ),
    Cell(
        "cj-60",
        "Complete Journey, 60 days",
        "complete_journey",
        60,
        Published(0.8994, 0.1988, 122.8),
    ),
    Cell("cdnow-90", "CDNOW, 90 days", "cdnow", 90, Published(0.8404, 0.2970, 10.78)),
    Cell(
        "cdnow-273",
        "CDNOW, 273 days",
        "cdnow",
        273,
        Published(0.7717, 0.4937, 31.84),
        "ADR 0031 (short histories), ADR 0037",
    ),
)


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore")
    wanted = options.only or [*(cell.name for cell in CELLS), IRANIAN]
    results: dict[str, Any] = {}
    pages = []
    for cell in CELLS:
        if cell.name in wanted:
            results[cell.name] = measure(cell, options)
            pages.append(cell_page(results[cell.name]))
            print(f"\n{pages[-1]}", flush=True)
    if IRANIAN in wanted and options.iranian.is_file():
        results[IRANIAN] = measure_labelled(options)
        pages.append(labelled_page(results[IRANIAN]))
        print(f"\n{pages[-1]}", flush=True)
    elif IRANIAN in wanted:
        print(f"\n{IRANIAN}: no file '{options.iranian}'; see configs/.")
    cells = {name: found for name, found in results.items() if name != IRANIAN}
    if cells:
        pages.insert(0, summary(cells))
        print(f"\n{pages[0]}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text("\n\n".join(pages) + "\n", encoding="utf-8")


def measure(cell: Cell, options: argparse.Namespace) -> dict[str, Any]:
    """Return everything measured on a cell."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(
            cell.config,
            [*_kept_in(folder), f"time.horizon_days={cell.horizon_days}"],
            options,
        )
        trials = 30 if options.trials is None else options.trials
        found = field.assemble(settings, _say, trials=trials, keep=options.keep)
    _say("judging")
    line = found.timeline
    churned = found.outcomes["churned"].to_numpy(float)
    spend = found.outcomes["spend"].to_numpy(float)
    nearest = {**found.spend, field.MODEL: found.typical}
    return {
        "title": cell.title,
        "horizon_days": line.horizon_days,
        "carried_from_days": line.label_horizon_days if line.is_extrapolated else None,
        "test_cutoff": str(line.test_cutoff),
        "seen_by": cell.seen_by,
        "n_windows": len(line.folds),
        "n_apart": _n_apart(line),
        "n_customers": len(churned),
        "churn_rate": float(churned.mean()),
        "published": asdict(cell.published),
        "churn": churn_figures(churned, found.churn),
        "spend": spend_figures(spend, found.spend, nearest),
        "verdicts": {
            **{f: verdict(f, churned, found.churn) for f in ("roc_auc", "log_loss")},
            "mae": verdict("mae", spend, nearest),
        },
        "profit": profits(
            churned,
            found.churn[field.MODEL],
            found.clv,
            settings.profit,
            found.validated_threshold,
        ),
        "validated_threshold": found.validated_threshold,
        "chosen": "; ".join(_choices(found.training)),
        "cpu_seconds": {
            **found.seconds,
            "whole": round(time.process_time() - start, 1),
        },
    }


def measure_labelled(options: argparse.Namespace) -> dict[str, Any]:
    """Return everything measured on the labelled table."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(
            "iranian_churn",
            [*_kept_in(folder), f"churn.labelled.path={options.iranian}"],
            options,
        )
        found = iranian.measure(settings, options.seeds, _say)
    return {**found, "cpu_seconds": round(time.process_time() - start, 1)}


def _n_apart(line: Timeline) -> int:
    """Return how many validation windows share no day with a later one."""
    days = [fold.cutoff for fold in line.folds]
    apart = [(a - b).days >= line.label_horizon_days for a, b in pairwise(days)]
    return len(days[:1]) + sum(apart)


def _kept_in(folder: str) -> list[str]:
    # no trial of an earlier run is taken up: the seconds are those of a whole search
    return [f"outputs={folder}", f"tracking.uri=sqlite:///{folder}/mlflow.db"]


def _settings(
    config: str, overrides: list[str], options: argparse.Namespace
) -> Settings:
    if options.trials is not None:
        overrides = [*overrides, f"churn.tuning_trials={options.trials}"]
    return load_settings(f"configs/{config}.yaml", [*overrides, *options.set])


def _choices(training: Training) -> list[str]:
    """Return what was chosen before the test window, in words."""
    found = [f"process {training.model.process.kind}"]
    if training.choices.churn:
        recipe = training.choices.recipe
        shares = {name: round(w, 2) for name, w in recipe.weights.items() if w > 0}
        found.append(f"members {shares}, calibration {recipe.calibrator.method}")
    return [*found, f"spend {' + '.join(training.model.spend.members)}"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*(cell.name for cell in CELLS), IRANIAN]
    parser.add_argument("--only", nargs="*", choices=names, help="cells; default: all")
    parser.add_argument(
        "--trials",
        type=int,
        help="of tuning; default: the configs' own number, and 30 for the rival",
    )
    parser.add_argument("--seeds", type=int, default=5, help="of the labelled table")
    parser.add_argument("--set", nargs="*", default=[], help="overrides: key=value")
    parser.add_argument(
        "--keep", type=Path, help="folder for the hand-made rival's forecasts"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    parser.add_argument(
        "--iranian",
        type=Path,
        default=os.environ.get("IRANIAN_CHURN", "data/iranian_churn.parquet"),
        help="the labelled table; default: $IRANIAN_CHURN, or under data/",
    )
    return parser.parse_args()


def _say(step: str) -> None:
    print(f"{time.strftime('%X')} {step}", file=sys.stderr)


if __name__ == "__main__":
    main()
