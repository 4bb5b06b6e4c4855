"""How often the watch rings where nothing has changed, and whether it sees what has.

Shops are simulated, one model is trained for each, and the months that follow are
watched: ``--months`` of each of ``--shops`` as they are, then the same shop with one
fault that begins with a month. Prints the share of months with any alarm, by check as
well, and the month and the check in which each fault was first seen.

    python benchmarks/monitoring.py --shops 20 --months 10
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars import pipeline
from regulars.config import parse_settings
from regulars.datasets.simulate import simulate_customers
from regulars.kinds.non_contractual.workspace import lay_out, open_log
from regulars.kinds.registry import kind_of
from regulars.metrics import wilson_interval
from regulars.monitoring.watch import watch_champion
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.config import Settings
    from regulars.kinds.non_contractual.workspace import CheckedLog
    from regulars.results import MonitoringResult

START, TRAINED = date(2023, 1, 1), date(2024, 9, 1)
MONTH = timedelta(days=30)
CHANNELS, SHARES = ("shop", "web", "app"), (0.5, 0.3, 0.2)
CONFIG = """\
name: shop
source:
  transactions: {{path: "{folder}/orders.parquet"}}
time: {{horizon_days: 60, cutoff: {cutoff}, training_cutoffs: 6, validation_windows: 2}}
churn: {{tuning_trials: 0, members: [process, rfm_logistic]}}
tracking: {{uri: "sqlite:///{root}/mlflow.db"}}
outputs: "{folder}/out"
"""


@dataclass(frozen=True)
class Shop:
    """A simulated log, and where its model is."""

    orders: pd.DataFrame
    root: Path

    def settings(self, folder: str, cutoff: date) -> Settings:
        """Return the configuration of one version of the log."""
        text = CONFIG.format(
            root=self.root, folder=self.root / folder, cutoff=cutoff.isoformat()
        )
        return parse_settings(text)

    def write(self, folder: str, orders: pd.DataFrame) -> None:
        """Write one version of the log."""
        place = self.root / folder
        place.mkdir(parents=True, exist_ok=True)
        orders.to_parquet(place / "orders.parquet", index=False)

    def opened(self, folder: str, cutoff: date) -> CheckedLog:
        """Read one version of the log up to a day."""
        return open_log(self.settings(folder, cutoff), _quietly)

    def watched(self, log: CheckedLog, cutoff: date) -> MonitoringResult:
        """Look at a log as of a day, up to which the world should reach."""
        folder = log.settings.outputs_folder.parent.name
        settings = self.settings(folder, cutoff)
        work = lay_out(replace(log, settings=settings))
        store = Store(settings.tracking.uri, settings.name)
        return watch_champion(settings, work, kind_of(settings), store, today=cutoff)


def _quietly(step: str) -> None:
    """Say nothing."""


def simulated(seed: int, n_customers: int, n_months: int) -> pd.DataFrame:
    """Return the lines of a shop that customers join at a steady rate."""
    days = (TRAINED - START).days + (n_months + 1) * MONTH.days
    orders = simulate_customers(
        n_customers,
        random_state=seed,
        start=START,
        days=days,
        acquisition_days=days,
        n_categories=8,
        n_products=200,
    ).orders
    orders["order_time"] = orders["order_time"].dt.tz_localize(None).dt.floor("s")
    # a customer mostly buys in one channel, at times in another
    rng = np.random.default_rng(seed)
    own = rng.choice(len(CHANNELS), size=n_customers, p=SHARES)
    other = rng.choice(len(CHANNELS), size=len(orders), p=SHARES)
    usual = own[orders["customer_id"].to_numpy() - 1]
    place = np.where(rng.random(len(orders)) < 0.8, usual, other)
    orders["channel"] = np.array(CHANNELS)[place]
    return orders


def no_channel(orders: pd.DataFrame, day: date) -> pd.DataFrame:
    """Leave out what came over one channel from a day on."""
    later = orders["order_time"] >= pd.Timestamp(day)
    return orders[~(later & (orders["channel"] == "web"))]


def slipped(orders: pd.DataFrame, day: date) -> pd.DataFrame:
    """Write amounts a hundred times too large from a day on."""
    later = orders["order_time"] >= pd.Timestamp(day)
    return orders.assign(amount=orders["amount"].where(~later, orders["amount"] * 100))


def stopped(orders: pd.DataFrame, day: date) -> pd.DataFrame:
    """End the log a week before the month does."""
    return orders[orders["order_time"] < pd.Timestamp(day + MONTH - timedelta(days=7))]


FAULTS: dict[str, Callable[[pd.DataFrame, date], pd.DataFrame]] = {
    "loses a channel": no_channel,
    "amounts slip by 100": slipped,
    "stops a week early": stopped,
}


def main() -> None:
    asked = _arguments()
    warnings.simplefilter("ignore")
    rung: Counter[str] = Counter()
    loud, n_checks, seen = [], [], {name: [] for name in FAULTS}
    watching = 0.0
    for seed in range(asked.first, asked.first + asked.shops):
        with TemporaryDirectory() as folder:
            shop = Shop(simulated(seed, asked.customers, asked.months), Path(folder))
            shop.write("whole", shop.orders)
            work = pipeline.open_work(shop.settings("whole", TRAINED), _quietly)
            pipeline.train_model(work, _quietly)
            started, log = (
                time.perf_counter(),
                shop.opened("whole", TRAINED + asked.months * MONTH),
            )
            for month in range(1, asked.months + 1):
                result = shop.watched(log, TRAINED + month * MONTH)
                loud.append(bool(result.alarms))
                n_checks.append(len(result.checks))
                rung.update({f"{a.room}: {a.name}" for a in result.alarms})
                for alarm in result.alarms:
                    print(f"  shop {seed} month {month}: {alarm.sentence}", flush=True)
            watching += time.perf_counter() - started
            month = 2 + seed % max(asked.months - 2, 1)
            for name, spoil in FAULTS.items():
                found = _seen(shop, name, spoil, month)
                seen[name].append(found)
                print(f"  shop {seed} {name}: {found}", flush=True)
        print(f"shop {seed}: {sum(loud)} of {len(loud)} months rang", flush=True)
    _report(loud, n_checks, rung, seen, watching)


def _seen(
    shop: Shop,
    name: str,
    spoil: Callable[[pd.DataFrame, date], pd.DataFrame],
    month: int,
) -> tuple[str, ...]:
    """Return what rang at the end of the month in which a fault began."""
    begins = TRAINED + (month - 1) * MONTH
    shop.write(name, spoil(shop.orders, begins))
    log = shop.opened(name, begins + MONTH)
    alarms = shop.watched(log, begins + MONTH).alarms
    return tuple(f"{alarm.room}: {alarm.name}" for alarm in alarms)


def _report(
    loud: list[bool],
    n_checks: list[int],
    rung: Counter[str],
    seen: dict[str, list[tuple[str, ...]]],
    watching: float,
) -> None:
    low, high = wilson_interval([sum(loud)], [len(loud)])
    print(
        f"\nUndrifted: {sum(loud)} of {len(loud)} months with an alarm "
        f"({np.mean(loud):.1%}, 95% {low[0]:.1%} to {high[0]:.1%}); "
        f"{np.mean(n_checks):.0f} checks a month, {watching / len(loud):.2f} s a month"
    )
    for name, count in rung.most_common():
        print(f"  {name}: {count} ({count / len(loud):.1%})")
    for name, shops in seen.items():
        found = sum(bool(each) for each in shops)
        print(f"A shop that {name}: seen in its month {found} of {len(shops)} times")
        for check, count in Counter(c for each in shops for c in each).most_common(8):
            print(f"  {check}: {count}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shops", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first shop")
    parser.add_argument("--months", type=int, default=10)
    parser.add_argument("--customers", type=int, default=1_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
