"""What a log of some millions of lines costs on Spark: seconds and bytes by stage.

Simulates customers with about ten lines each into a folder of parquet files, trains on
a sample that Spark draws, scores all of them, and reads Spark's event log: how long
workers ran in each stage, and what was shuffled and kept. From these come the sizes of
docs/spark.md.

    python benchmarks/spark.py --customers 100000 --engine spark://local
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

from features import LAST_CUTOFF
from regulars import pipeline
from regulars.config import parse_settings
from regulars.datasets.simulate import write_simulation

CONFIG = """\
name: shop
source:
  engine: {engine}
  transactions: {{path: "{folder}/log/orders/*.parquet"}}
time: {{horizon_days: 60, cutoff: {cutoff}, training_cutoffs: 2, validation_windows: 2}}
churn: {{tuning_trials: 0}}
scores: {{reasons: {reasons}}}
spark:
  sample_customers: {sample}
  conf:
    spark.driver.host: 127.0.0.1
    spark.driver.bindAddress: 127.0.0.1
    spark.ui.enabled: false
    spark.eventLog.enabled: true
    spark.eventLog.rolling.enabled: false
    spark.eventLog.compress: false
    spark.eventLog.dir: "file://{folder}/events"
tracking: {{uri: "sqlite:///{folder}/store/mlflow.db"}}
outputs: "{folder}/out"
"""


def main() -> None:
    # PySpark 4.3 warns that it does not know pandas 3 yet
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options)


def report(folder: Path, options: argparse.Namespace) -> None:
    (folder / "events").mkdir()
    write_simulation(folder / "log", options.customers, seed=0)
    size = sum(file.stat().st_size for file in folder.glob("log/orders/*.parquet"))
    text = CONFIG.format(
        folder=folder,
        cutoff=LAST_CUTOFF,
        engine=options.engine,
        reasons=options.reasons,
        sample=options.sample,
    )
    settings = parse_settings(text)
    started = time.monotonic()
    pipeline.train_model(pipeline.open_work(settings, _silent), _silent)
    print(
        f"sample drawn, model trained: {time.monotonic() - started:.0f} s", flush=True
    )
    n_before = len(_events(folder))
    started = time.monotonic()
    result = pipeline.score(pipeline.open_for_scores(settings, _silent), _silent)
    seconds = time.monotonic() - started
    n_lines = result["tables"]["transactions"]["rows_in"]
    print(
        f"{result['n_customers']:,} customers, {n_lines:,} lines, {size / 1e6:.0f} MB"
    )
    print(f"scored in {seconds:.0f} s")
    for stage, figures in by_stage(_events(folder)[n_before:]).items():
        each = ", ".join(f"{name} {figure:,.1f}" for name, figure in figures.items())
        print(f"  {stage}: {each}")


def by_stage(events: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return what the tasks of each stage took; seconds are those of all workers."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    names = {}
    for event in events:
        if event["Event"] == "SparkListenerStageSubmitted":
            stage = event["Stage Info"]
            names[stage["Stage ID"]] = stage["Stage Name"]
        if event["Event"] != "SparkListenerTaskEnd" or not event.get("Task Metrics"):
            continue
        own, metrics = found[names[event["Stage ID"]]], event["Task Metrics"]
        own["tasks"] += 1
        own["seconds"] += metrics["Executor Run Time"] / 1e3
        written = metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        own["MB shuffled"] += written / 1e6
    return found


def _events(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "events").iterdir())
    return [json.loads(line) for f in files for line in f.read_text().splitlines()]


def _silent(step: str) -> None:
    """Take no notice of a step."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=2_000)
    parser.add_argument("--engine", default="spark://local")
    parser.add_argument("--reasons", default="none")
    return parser.parse_args()


if __name__ == "__main__":
    main()
