"""What many tests share: Hypothesis's profile and one small simulated shop."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings as hypothesis_settings

from regulars.config import parse_settings
from regulars.datasets.simulate import simulate_customers
from regulars.tracking.connection import Connection

# the cores are shared: a slow moment is no failure of a property
hypothesis_settings.register_profile("regulars", deadline=None)
hypothesis_settings.load_profile("regulars")

CONFIG = """\
name: shop
source: {transactions: {path: "FOLDER/orders.csv"}}
time:
  horizon_days: 28
  cutoff: 2024-12-01
  training_cutoffs: 2
  step_days: 28
  validation_windows: 3
churn: {tuning_trials: 1}
tracking: {uri: "sqlite:///FOLDER/store/mlflow.db"}
outputs: "FOLDER/out"
"""


# files that take longest: begun last, one of them would keep a core busy alone
LONGEST_FIRST = (
    "test_documents.py",
    "test_promotion.py",
    "test_pipeline.py",
    "test_cli.py",
    "test_no_scores.py",
    "test_stages.py",
    "test_properties.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session", autouse=True)
def new_stores_are_copies(tmp_path_factory):
    """A new MLflow store is a copy of an empty one.

    MLflow makes a store by all its migrations since 2018, which takes seconds a test.
    """
    honest = Connection.client.func
    empty = tmp_path_factory.mktemp("mlflow") / "empty.db"

    def client(connection):
        if connection.is_missing():
            if not empty.exists():
                honest(Connection(f"sqlite:///{empty.as_posix()}"))
            # what cannot be written is for the store itself to say
            with contextlib.suppress(OSError):
                connection.local.database.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(empty, connection.local.database)
        return honest(connection)

    copying = cached_property(client)
    copying.__set_name__(Connection, "client")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "client", copying)
        yield


@dataclass(frozen=True)
class Shop:
    """A folder with a purchase log and its configuration."""

    folder: Path
    steps: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "shop.yaml"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def settings(self, *overrides):
        return parse_settings(self.config.read_text(), overrides)

    def read(self, name):
        return json.loads((self.out / name).read_text())


# shops with one log share its features: what a cache of the outputs is for
FEATURES = TemporaryDirectory(prefix="features-")


def _open_shop(folder, orders):
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "orders.csv"
    orders.to_csv(log, index=False)
    shared = Path(FEATURES.name) / hashlib.sha256(log.read_bytes()).hexdigest()[:16]
    shared.mkdir(exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out" / "cache").symlink_to(shared)
    text = CONFIG.replace("FOLDER", folder.as_posix())
    (folder / "shop.yaml").write_text(text)
    return Shop(folder)


@pytest.fixture(scope="session")
def orders():
    """A year of 220 customers: 120 buy at random, 100 by the calendar until they stop.

    The second kind is what the purchase process does not know, so that classifiers
    have something to add to it.
    """
    random = simulate_customers(
        120, random_state=1, days=400, acquisition_days=240, alpha=6.0, n_products=40
    ).orders
    random["order_time"] = random["order_time"].dt.tz_localize(None).dt.floor("s")
    log = pd.concat([random, _regulars(100)], ignore_index=True)
    log["customer_id"] = "c" + log["customer_id"].astype(str).str.zfill(3)
    return log


def _regulars(n_customers):
    rng = np.random.default_rng(0)
    first = pd.Timestamp("2024-01-01 10:00:00")
    parts = []
    for number in range(121, 121 + n_customers):
        every, until = rng.integers(4, 30), rng.exponential(250)
        spender = rng.gamma(4, 1 / 15)
        first_day = rng.integers(0, 120)
        days = np.arange(first_day, min(first_day + 1 + until, 400), every)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": number,
                    "order_id": number * 1000 + np.arange(len(days)),
                    "order_time": first + pd.to_timedelta(days, unit="D"),
                    "product_id": [f"P{k:03}" for k in rng.integers(0, 40, len(days))],
                    "category": "C01",
                    "quantity": 1,
                    "amount": rng.gamma(6, 1 / spender, len(days)).round(2),
                    "discount_amount": 0.0,
                    "is_return": False,
                }
            )
        )
    return pd.concat(parts)


@pytest.fixture(scope="session")
def open_shop():
    """A function from a folder and a log to a shop."""
    return _open_shop


@pytest.fixture
def shop(tmp_path, orders):
    """A shop in which nothing has been run."""
    return _open_shop(tmp_path / "shop", orders)


@pytest.fixture(scope="session")
def few_trees():
    """Trees enough to tell scores apart, few enough for a test."""
    patch = pytest.MonkeyPatch()
    patch.setattr("regulars.models.churn.search.MAX_TREES", 100)
    patch.setattr("regulars.models.spend.selection.TREES", (10, 30))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def run_shop(tmp_path_factory, orders, few_trees):
    """A shop after the main job; read it, do not write to it."""
    from regulars import pipeline

    shop = _open_shop(tmp_path_factory.mktemp("run"), orders)
    result = pipeline.run(shop.settings(), shop.steps.append)
    return shop, result


@pytest.fixture
def command(monkeypatch, capsys):
    """The command line in this process: exit status, stdout, stderr."""
    from regulars.cli import main

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["regulars", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return end.value.code or 0, told.out, told.err

    return call
