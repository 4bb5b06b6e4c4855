"""One small shop with a model, to be looked at some months later."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from regulars import pipeline
from regulars.datasets.simulate import simulate_customers

TRAINED, LATER = date(2024, 10, 1), date(2024, 12, 20)
FEW = ("churn.members=[process, rfm_logistic]", "churn.tuning_trials=0")


def _quietly(step):
    """Say nothing of the steps."""


@pytest.fixture(scope="session")
def orders():
    """A log of 450 customers who join at a steady rate, in two years."""
    log = simulate_customers(
        450,
        random_state=3,
        start=date(2023, 1, 1),
        days=730,
        acquisition_days=730,
        alpha=5.0,
        lines_per_order=1.5,
        n_products=40,
        n_categories=4,
    ).orders
    log["order_time"] = log["order_time"].dt.tz_localize(None).dt.floor("s")
    return log


@pytest.fixture(scope="session")
def watched_shop(tmp_path_factory, orders, open_shop, few_trees):
    """A shop with a champion of October; look at it, spoil copies of its log."""
    shop = open_shop(tmp_path_factory.mktemp("watched"), orders)
    settings = shop.settings(f"time.cutoff={TRAINED}", *FEW)
    pipeline.train_model(pipeline.open_work(settings, _quietly), _quietly)
    return shop


def _look(shop, folder, orders=None, *overrides, cutoff=LATER):
    words = [f"time.cutoff={cutoff}", f"outputs={folder}/out", *overrides]
    if orders is not None:
        log = folder / "orders.csv"
        orders.to_csv(log, index=False)
        words.append(f"source.transactions.path={log}")
    work = pipeline.open_work(shop.settings(*words), _quietly)
    return pipeline.monitor(work, _quietly)


@pytest.fixture
def look(watched_shop, tmp_path):
    """A function from another log to what the watch says of it in December."""
    return lambda *words, **more: _look(watched_shop, tmp_path, *words, **more)


@pytest.fixture(scope="session")
def quiet_look(watched_shop, tmp_path_factory):
    """What the watch says of the shop as it is, and its outputs folder; read only."""
    folder = tmp_path_factory.mktemp("quiet")
    return _look(watched_shop, folder), folder / "out"


@pytest.fixture
def since():
    """A function from a log and a day to whether its lines are of that day or later."""

    def since(orders, day):
        return orders["order_time"] >= pd.Timestamp(day)

    return since
