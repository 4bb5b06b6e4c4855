from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.features.signals import Signals
from regulars.kinds.contractual import ContractWorkspace, spells_of
from regulars.timeline import plan

SETTINGS = parse_settings(
    "name: saas\n"
    "source: {subscriptions: {path: none.csv}}\n"
    "time: {horizon_days: 60, gap_days: 10, training_cutoffs: 2}\n"
    "churn: {kind: contractual}\n"
)


def table_of(contracts):
    """The contracts as they stand among the dated tables."""
    return contracts.rename(columns={"started_date": "day"})


@pytest.fixture
def contracts():
    """Two years of 200 customers, half of whom leave, with a price for each plan."""
    rng = np.random.default_rng(0)
    n = 200
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        rng.integers(0, 500, n), unit="D"
    )
    end = start + pd.to_timedelta(rng.integers(40, 400, n), unit="D")
    known = (end < "2025-01-01") & (rng.random(n) < 0.9)
    plan = rng.choice(["basic", "pro"], n)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:03}" for number in range(n)],
            "started_date": start,
            "ended_date": end.where(known),
            "plan": plan,
            "monthly_amount": np.where(plan == "pro", 30.0, 10.0),
        }
    )


@pytest.fixture
def made():
    """A function from contracts and dated tables to a workspace that no file has."""

    def make(contracts, **dated):
        spells = spells_of(contracts)
        days = pd.concat([spells["started"], spells["ended"].dropna()])
        timeline = plan(SETTINGS.time, days.min().date(), days.max().date())
        first = spells.groupby("customer_id")["started"].min()
        tables = {"subscriptions": table_of(contracts), **dated}
        signals = Signals(tables, first_days=first)
        return ContractWorkspace(SETTINGS, spells, signals, None, timeline)

    return make
