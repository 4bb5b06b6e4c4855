"""CDNOW as the papers use it, and lifetimes without its import warnings."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def _datasets() -> Path:
    # found, not imported: lifetimes warns when pandas 3 imports it
    (folder,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    return Path(folder, "datasets")


@pytest.fixture(scope="session")
def summary():
    """CDNOW's 2,357 customers, 39 weeks, as in Fader, Hardie and Lee (2005)."""
    return pd.read_csv(_datasets() / "cdnow_customers_summary.csv", index_col=0)


@pytest.fixture(scope="session")
def cdnow_log():
    """The 1/10 sample of CDNOW's log, to the end of June 1998."""
    names = ["id", "customer_id", "date", "quantity", "amount"]
    path = _datasets() / "CDNOW_sample.txt"
    log = pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype={"date": str})
    log["order_date"] = pd.to_datetime(log["date"], format="%Y%m%d")
    return log[["customer_id", "order_date", "amount"]]


@pytest.fixture(scope="session")
def lifetimes():
    with warnings.catch_warnings():  # pandas 3 deprecates what lifetimes sets
        warnings.simplefilter("ignore")
        import lifetimes
    return lifetimes


@pytest.fixture
def toy():
    """Two hundred customers in nine rows."""
    return pd.DataFrame(
        {
            "frequency": [0, 0, 1, 1, 1, 2, 2, 4, 7],
            "recency": [0, 0, 3, 20, 33, 9, 25, 26, 37],
            "T": [39, 30, 39, 30, 35, 38, 29, 32, 39],
            "weight": [80, 60, 20, 12, 6, 9, 6, 5, 4],
        }
    )


@pytest.fixture(scope="session")
def histories():
    """Random histories, heavy buyers and the newly won among them."""
    rng = np.random.default_rng(0)
    age = np.r_[rng.uniform(1, 60, 300), 0.0, 39.0, 39.0]
    frequency = np.r_[rng.negative_binomial(0.4, 0.08, 300), 0, 300, 5000]
    recency = np.where(frequency > 0, age * rng.uniform(0.05, 1, age.size), 0.0)
    columns = {"frequency": frequency.astype(float), "recency": recency, "T": age}
    return pd.DataFrame(columns).set_index(np.arange(age.size) + 1000)
