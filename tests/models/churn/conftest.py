from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from regulars.models.folds import ValidationFold


def _rows(n_rows, seed, drift=0.0):
    """Two features with a known effect, and a process that knows half of it."""
    rng = np.random.default_rng(seed)
    silence, orders = rng.normal(size=n_rows), rng.normal(size=n_rows)
    log_odds = 1.5 * silence - 1.5 * orders + drift
    rows = pd.DataFrame(
        {
            "silence": silence,
            "orders": orders,
            "noise": rng.normal(size=n_rows),
            "btyd_no_purchase_probability": expit(1.5 * silence),
        }
    )
    return rows, (rng.random(n_rows) < expit(log_odds)).astype(float)


@pytest.fixture(scope="session")
def churn_rows():
    """A function from a number and a seed to features and outcomes."""
    return _rows


@pytest.fixture(scope="session")
def folds():
    """Two validation windows with their training rows."""
    return [
        ValidationFold(*_rows(400, seed), *_rows(300, seed + 10)) for seed in (1, 2)
    ]
