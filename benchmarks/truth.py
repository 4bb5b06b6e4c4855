"""Forecasts against a truth that is known: six simulated shops, several seeds each.

Each shop's log up to the cutoff goes through the project's own training, as of that
day; the scores are held against the lives that the log was cut from: log loss beside
the purchase process and the best possible, calibration, totals of spend and of the
year's value, and the true profit of the product's lists beside nobody, everyone, the
riskiest tenth, the best rule that knows the parameters but not the lives, and an oracle
of lives. Printed as Markdown, one table a world, with 95% intervals over the seeds.
Bounded: ``--worlds plain season``, ``--seeds 2``, ``--customers 1000``, ``--fast``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from regulars.config import parse_settings
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training.train import fit_as_of, silent
from truths.judging import figures
from truths.lives import START, live
from truths.tables import world_page
from truths.worlds import WORLDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from regulars.config import Settings
    from truths.lives import Lives, World

CONFIG = """
name: truth
source:
  currency: EUR
  transactions:
    columns: {customer_id: customer_id, order_id: order_id, order_time: order_time,
              amount: amount}
value: {margin: 0.3, discount_rate_annual: 0.1, clv_horizon_days: 365}
"""
# of a run that is to end within a minute, and of one to quote
FAST = {"seeds": 1, "customers": 300, "trials": 0, "jobs": 1}
USUAL = {"seeds": 5, "customers": 3000, "trials": 3, "jobs": 2}


def settings_of(world: World, log: Path, *, trials: int, seed: int) -> Settings:
    """Return the settings of a run on a world's log, as of its cutoff."""
    cutoff = (START + pd.Timedelta(days=world.days)).date()
    return parse_settings(
        CONFIG,
        [
            f"source.transactions.path={log}",
            f"time.horizon_days={world.horizon_days}",
            f"time.cutoff={cutoff}",
            f"churn.tuning_trials={trials}",
            f"outputs={log.parent / 'out'}",
            f"tracking.uri=sqlite:///{log.parent / 'mlflow.db'}",
            f"seed={seed}",
        ],
    )


def scored(lives: Lives, settings: Settings) -> pd.DataFrame:
    """Train as of the cutoff and return the scores, in the order of the lives."""
    lives.log().to_parquet(settings.source.transactions.path)
    problem = purchase_problem(open_workspace(settings, silent), silent)
    fitted = fit_as_of(problem.final, settings, silent)
    scores = fitted.model.predict(fitted.window.current())
    customer = scores["customer_id"].astype(int)
    return scores.set_index(customer).sort_index()


def measure(world: World, n_customers: int, trials: int, seed: int) -> dict[str, float]:
    """Return the figures of a world and seed."""
    start = time.process_time()
    lives = live(world, n_customers, seed)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "orders.parquet"
        settings = settings_of(world, log, trials=trials, seed=seed)
        scores = scored(lives, settings)
    found = figures(scores, lives, settings.value, seed=seed)
    return found | {"cpu_seconds": time.process_time() - start}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each world, and write the figures of every run."""
    asked = _options(arguments)
    worlds = [world for world in WORLDS if world.name in asked.worlds]
    tasks = [(world, seed) for world in worlds for seed in range(1, asked.seeds + 1)]
    work = partial(_measured, n_customers=asked.customers, trials=asked.trials)
    runs: list[dict[str, Any]] = []
    with _workers(asked.jobs) as mapped:
        for world, found in mapped(work, tasks):
            runs.append({"world": world.name, **found})
            _write(runs, asked)
            own = [run for run in runs if run["world"] == world.name]
            if len(own) == asked.seeds:
                print(f"\n{world_page(world, asked.customers, own)}", flush=True)


def _measured(
    task: tuple[World, int], *, n_customers: int, trials: int
) -> tuple[World, dict[str, float]]:
    """Return a world with the figures of a seed."""
    world, seed = task
    print(f"{time.strftime('%X')} {world.name} {seed}", file=sys.stderr, flush=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return world, {"seed": seed, **measure(world, n_customers, trials, seed)}


@contextmanager
def _workers(jobs: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Give what maps a function over tasks, in order, so many at a time."""
    if jobs == 1:
        yield map
        return
    # threads of a forked process would wait for locks that nobody holds
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _write(runs: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    """Write what has been measured so far."""
    if asked.json:
        asked.json.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    if asked.csv:
        pd.DataFrame(runs).to_csv(asked.csv, index=False)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [world.name for world in WORLDS]
    parser.add_argument(
        "--worlds", nargs="+", choices=names, default=names, help="default: all"
    )
    parser.add_argument("--seeds", type=_count, help="of each world; default: 5")
    parser.add_argument("--customers", type=_count, help="of a world; default: 3000")
    parser.add_argument("--trials", type=int, help="of tuning; default: 3")
    parser.add_argument("--jobs", type=_count, help="runs at a time; default: 2")
    parser.add_argument(
        "--fast", action="store_true", help="one seed, 300 customers, no tuning"
    )
    parser.add_argument("--json", type=Path, help="write the figures of every run")
    parser.add_argument("--csv", type=Path, help="the same, one row a run")
    asked = parser.parse_args(arguments)
    for name, value in (FAST if asked.fast else USUAL).items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    return asked


def _count(text: str) -> int:
    """Return a whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is not a whole number of 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


if __name__ == "__main__":
    main()
