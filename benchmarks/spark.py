"""What a log of some millions of lines costs on Spark: seconds and bytes by stage.

Simulates customers with about ten lines each into a folder of parquet files, trains on
a sample that Spark draws, scores all of them, and reads Spark's event log: how long
workers ran in each stage, and what was shuffled and kept. From these come the sizes of
docs/spark.md.

    python benchmarks/spark.py --customers 100000 --engine spark://local
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features import LAST_CUTOFF
from regulars import pipeline
from regulars.config import parse_settings
from regulars.datasets.simulate import write_simulation

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    spark.eventLog.logBlockUpdates.enabled: true
    spark.taskMetrics.trackUpdatedBlockStatuses: true
    spark.driver.memory: 2g
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
    n_before, clock = len(_events(folder)), Clock()
    result = pipeline.score(pipeline.open_for_scores(settings, clock), clock)
    clock("end")
    n_customers, n_lines = (
        result["n_customers"],
        result["tables"]["transactions"]["rows_in"],
    )
    print(f"{n_customers:,} customers, {n_lines:,} lines, {size / 1e6:.0f} MB")
    for told in clock.phases():
        print(told)
    shuffled, kept = bytes_moved(_events(folder)[n_before:])
    scores = (folder / "out" / "scores.parquet").stat().st_size
    print(f"shuffled {shuffled / n_lines:.0f} bytes a line, kept {kept / n_lines:.0f}")
    print(f"scores {scores / n_customers:.0f} bytes a customer")


class Clock:
    """Wall clock and processor time, of this process and all below it, by step."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[float, float]] = {}

    def __call__(self, step: str) -> None:
        """Note when a step begins."""
        name = "fetch" if step.startswith("score ") else step
        # the first of many
        self.seen.setdefault(name, (time.monotonic(), _cpu_seconds(os.getpid())))

    def phases(self) -> list[str]:
        """Return what passed between two steps, and in all."""
        pairs = [*itertools.pairwise(self.seen), ("check", "end")]
        told = []
        for begin, end in pairs:
            wall, cpu = np.subtract(self.seen[end], self.seen[begin])
            told.append(f"  {begin} to {end}: {wall:.1f} s, {cpu:.1f} of processors")
        return told


def _cpu_seconds(pid: int) -> float:
    """Return what a process and all that it started have used, the ended ones too."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it has ended: its parent counts it
        return 0.0
    own = sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    children = [int(child) for task in _threads(pid) for child in task.split()]
    return own / os.sysconf("SC_CLK_TCK") + sum(map(_cpu_seconds, children))


def _threads(pid: int) -> Iterator[str]:
    """Yield the children of each thread of a process."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            yield (thread / "children").read_text()


def bytes_moved(events: list[dict[str, Any]]) -> tuple[int, int]:
    """Return what was written to a shuffle, and the most that was kept."""
    written, kept = 0, {}
    for event in events:
        metrics = event.get("Task Metrics")
        if event["Event"] != "SparkListenerTaskEnd" or not metrics:
            continue
        written += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        for block in metrics.get("Updated Blocks", ()):
            status = block["Status"]
            kept[block["Block ID"]] = status["Memory Size"] + status["Disk Size"]
    return written, sum(kept.values())


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
