"""Of contracts and of tables, too, what is tested is what a user had on that day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.kinds.registry import kind_of
from regulars.training import train

N_CONTRACTS = 500
DAY = pd.Timestamp("2024-01-01")


def _quietly(step):
    """Say nothing of the steps."""


def _trained(folder, kind, *overrides):
    root = folder.as_posix()
    settings = parse_settings(
        "name: shop\n"
        "time: {horizon_days: 60, training_cutoffs: 3}\n"
        f"{kind.format(root=root)}"
        f"tracking: {{uri: 'sqlite:///{root}/mlflow.db'}}\n"
        f"outputs: '{root}/out'\n",
        overrides,
    )
    found = kind_of(settings)
    return train(found.problem(found.open(settings, _quietly), _quietly), _quietly)


def _assert_same(training, then):
    (trial,) = training.trials
    test = trial.window.test
    tested, had = (
        model.predict(
            test.features,
            customer_id=test.customer_id,
            cutoff=trial.window.cutoff,
            value=test.value,
        )
        for model in (trial.tested_model, then.model)
    )
    pd.testing.assert_frame_equal(tested, had, check_exact=True)
    assert trial.choices.recipe.weights == then.choices.recipe.weights


CONTRACTS = (
    "churn: {{kind: contractual, tuning_trials: 2}}\n"
    "source: {{subscriptions: {{path: '{root}/contracts.csv'}}}}\n"
)


def _contracts():
    rng = np.random.default_rng(0)
    start = rng.integers(0, 300, N_CONTRACTS)
    plan = rng.choice(["basic", "pro"], N_CONTRACTS)
    life = rng.exponential(np.where(plan == "basic", 150, 700)).astype(int) + 1
    return pd.DataFrame(
        {
            "customer_id": [f"c{n:03}" for n in range(N_CONTRACTS)],
            "started_at": DAY + pd.to_timedelta(start, unit="D"),
            "ended_at": DAY + pd.to_timedelta(start + life, unit="D"),
            "plan": plan,
            "monthly_amount": np.where(plan == "basic", 9.0, 29.0),
        }
    )


def _known(contracts, day):
    """Contracts as they stood on a day: what ends later has no end yet."""
    begun = contracts[contracts["started_at"] < day].copy()
    begun["ended_at"] = begun["ended_at"].where(begun["ended_at"] < day)
    return begun


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("last", ["2025-05-10", "2024-11-25"])
def test_contracts_are_tested_as_a_user_had_them(tmp_path, last):
    day = pd.Timestamp(last)
    (tmp_path / "later").mkdir()
    _known(_contracts(), day).to_csv(tmp_path / "later/contracts.csv", index=False)
    training = _trained(tmp_path / "later", CONTRACTS, f"time.cutoff={last}")
    day = pd.Timestamp(training.trials[0].window.cutoff)
    (tmp_path / "then").mkdir()
    _known(_contracts(), day).to_csv(tmp_path / "then/contracts.csv", index=False)
    then = _trained(tmp_path / "then", CONTRACTS, f"time.cutoff={day.date()}")
    _assert_same(training, then)


TABLE = (
    "churn: {{kind: labelled, tuning_trials: 2, labelled: {{"
    "path: '{root}/customers.csv', label: left, positive: 'yes', id: who, date: seen, "
    "label_days: 30}}}}\n"
)


def _table():
    rng = np.random.default_rng(1)
    calls, age = rng.poisson(20, 900), rng.integers(18, 80, 900)
    left = rng.random(900) < 1 / (1 + np.exp(0.2 * calls - 4))
    return pd.DataFrame(
        {
            "who": [f"c{n}" for n in range(900)],
            "calls": calls,
            "age": age,
            "seen": (DAY + pd.to_timedelta(np.arange(900) // 3, unit="D")).date,
            "left": np.where(left, "yes", "no"),
        }
    )


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
def test_dated_table_is_tested_as_a_user_had_it(tmp_path):
    table = _table()
    (tmp_path / "later").mkdir()
    table.to_csv(tmp_path / "later/customers.csv", index=False)
    training = _trained(tmp_path / "later", TABLE)
    day = training.trials[0].window.cutoff
    # what happened to the last rows was not known then, and they had no label
    known = pd.to_datetime(table["seen"]) + pd.Timedelta(days=30) <= pd.Timestamp(day)
    past = table[pd.to_datetime(table["seen"]) < pd.Timestamp(day)]
    (tmp_path / "then").mkdir()
    past.assign(left=past["left"].where(known)).to_csv(
        tmp_path / "then/customers.csv", index=False
    )
    _assert_same(training, _trained(tmp_path / "then", TABLE, f"time.cutoff={day}"))
