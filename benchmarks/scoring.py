"""A nightly batch: features to written scores, beside features and bare predicts.

Simulates customers with ten lines each, trains a model on a small shop of the same
kind, then scores in fresh processes, from the clean table in the engine to the written
file: by `regulars`' own road without reasons and with reasons for all, and by the
rival, which works out the same features and asks a LightGBM of as many columns for the
matrix; a second one asks the trained model's own boosters. Prints wall clock and
processor time, their ratio, and the peak memory of each. ``--customers 10000000 --only
scores``: whether memory holds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ibis
import lightgbm
import numpy as np

from features import LAST_CUTOFF, Clock, _peak_gb, clean_log
from regulars import pipeline
from regulars.config import parse_settings
from regulars.data.ledger import Ledger
from regulars.datasets.simulate import write_simulation
from regulars.features.blocks import read_blocks
from regulars.features.matrix import FeaturePlan
from regulars.kinds.non_contractual.problem import customers_of_log
from regulars.kinds.non_contractual.workspace import LogWorkspace
from regulars.models.retention import RetentionModel
from regulars.scoring.champion import score_with_champion
from regulars.scoring.manifest import Origin
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from regulars.config import Settings

AT_MOST, MOST_SECONDS, SHOP = 1.5, 300, 3_000
CONFIG = """\
name: shop
source: {{transactions: {{path: "{folder}/shop/orders/*.parquet"}}}}
time: {{horizon_days: 60, cutoff: {cutoff}}}
churn: {{tuning_trials: {trials}}}
scores: {{reasons: {reasons}}}
tracking: {{uri: "sqlite:///{folder}/store/mlflow.db"}}
outputs: "{folder}/out"
"""


def main() -> None:
    options = _options()
    if options.measure:
        print(json.dumps(_measure(options.measure, options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), options.customers, options.trials, options.only)


def report(folder: Path, n_customers: int, trials: int, only: str | None) -> None:
    _train(folder, trials)
    log, n_lines = clean_log(folder / "log", n_customers)
    log.rename(folder / "lines.parquet")
    print(f"{n_customers:,} customers, {n_lines:,} lines", flush=True)
    found = {}
    for way, words in WORDS.items():
        if only in (None, way):
            found[way] = run = _in_process(way, folder)
            print(f"{words}: {_told(run)}", flush=True)
    if only is None:
        for name in ("seconds", "cpu_seconds"):
            ratio, own = (
                found["scores"][name] / found[other][name] for other in ("rival", "own")
            )
            print(f"scores over rival, {name}: {ratio:.2f} (at most {AT_MOST:g})")
            print(f"scores over {WORDS['own']}, {name}: {own:.2f}")
        print(f"with reasons: at most {MOST_SECONDS} s on two cores for a million")


def _told(run: dict[str, Any]) -> str:
    return (
        f"{run['seconds']:.1f} s, processor time {run['cpu_seconds']:.1f} s, peak "
        f"{run['peak_gb']:.2f} GB; {run['rows']:,} rows"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=3, help="of the training")
    parser.add_argument("--only", choices=[*WORDS], help="one of the ways")
    parser.add_argument("--measure", choices=[*WORDS], help="internal")
    parser.add_argument("--folder", type=Path, help="internal")
    return parser.parse_args()


def _settings(folder: Path, reasons: str = "none", trials: int = 0) -> Settings:
    text = CONFIG.format(
        folder=folder, cutoff=LAST_CUTOFF, reasons=reasons, trials=trials
    )
    return parse_settings(text)


def _train(folder: Path, trials: int) -> None:
    write_simulation(folder / "shop", SHOP, seed=2)
    settings = _settings(folder, trials=trials)
    work = pipeline.open_work(settings, lambda step: None)
    pipeline.train_model(work, lambda step: None)


def _in_process(way: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", way, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measure(way: str, folder: Path) -> dict[str, Any]:
    # as `source.engine: duckdb://?memory_limit=2GB` reads it; the rest goes to disk
    con = ibis.duckdb.connect(memory_limit="2GB", temp_directory=str(folder / "spill"))
    clock = Clock()
    n_rows = WAYS[way](con.read_parquet(folder / "lines.parquet"), folder, clock)
    return {
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "peak_gb": _peak_gb(),
        "rows": n_rows,
    }


def _scores(
    lines: ibis.Table, folder: Path, clock: Clock, reasons: str = "none"
) -> int:
    settings = _settings(folder, reasons)
    with clock:
        work = _workspace(lines, settings)
        done = score_with_champion(
            settings,
            LAST_CUTOFF,
            lambda model, learnt: customers_of_log(work, model, learnt),
            origin=Origin("simulated", "benchmark", {}),
        )
    shutil.rmtree(settings.outputs_folder)
    n_rows: int = done["n_customers"]
    return n_rows


def _reasons(lines: ibis.Table, folder: Path, clock: Clock) -> int:
    return _scores(lines, folder, clock, "all")


def _workspace(lines: ibis.Table, settings: Settings) -> LogWorkspace:
    """Lay the cutoff over clean lines, which need no days of their own to be scored."""
    first, last = _span(lines)
    ledger = Ledger(
        days=lines,
        items=None,
        transactions=lines,
        first_day=first,
        last_day=last,
        columns=frozenset(lines.columns),
    )
    timeline = SimpleNamespace(cutoff=LAST_CUTOFF)
    return LogWorkspace(settings, None, ledger, timeline)  # type: ignore[arg-type]


def _span(lines: ibis.Table) -> tuple[date, date]:
    days = lines.order_date
    span = lines.aggregate(first=days.min(), last=days.max()).to_pyarrow()
    return span["first"][0].as_py(), span["last"][0].as_py()


def _rival(lines: ibis.Table, folder: Path, clock: Clock) -> int:
    plan = FeaturePlan.of([LAST_CUTOFF], first_day=_span(lines)[0])
    names = [*plan.matrix(iter([next(read_blocks(lines))])).columns][2:]
    rng = np.random.default_rng(0)
    rows = rng.random((20_000, len(names)))
    trees = lightgbm.LGBMClassifier(n_estimators=100, verbose=-1)
    booster = trees.fit(rows, rows[:, 0] > rng.random(len(rows))).booster_
    return _bare(lines, plan, names, [booster], clock)


def _own_boosters(lines: ibis.Table, folder: Path, clock: Clock) -> int:
    place, _ = Store(_settings(folder).tracking.uri, "shop").fetch(None)
    names = RetentionModel.load(place).churn_.features_
    texts = sorted(Path(place).glob("*.lightgbm.txt"))
    boosters = [lightgbm.Booster(model_file=text) for text in texts]
    plan = FeaturePlan.of([LAST_CUTOFF], first_day=_span(lines)[0])
    return _bare(lines, plan, names, boosters, clock)


def _bare(
    lines: ibis.Table,
    plan: FeaturePlan,
    names: list[str],
    boosters: list[lightgbm.Booster],
    clock: Clock,
) -> int:
    """Ask boosters; the columns of a purchase process are left empty for them."""
    n_rows = 0
    with clock:
        for frame in plan.frames(read_blocks(lines)):
            matrix = frame.reindex(columns=names).to_numpy()
            for booster in boosters:
                booster.predict(matrix)
            n_rows += len(matrix)
    return n_rows


WORDS = {
    "rival": "features and a bare predict",
    "own": "features and a bare predict of the model's own boosters",
    "scores": "scores without reasons",
    "reasons": "scores with reasons for all",
}
WAYS: dict[str, Callable[[ibis.Table, Path, Clock], int]] = {
    "rival": _rival,
    "own": _own_boosters,
    "scores": _scores,
    "reasons": _reasons,
}


if __name__ == "__main__":
    main()
