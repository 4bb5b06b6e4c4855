from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars import contractual, pipeline
from regulars.config import parse_settings
from regulars.errors import ConfigError

DAY = pd.Timestamp("2024-01-01")


def quiet(_step):
    return None


def simulate(n_customers=500, seed=0):
    """Monthly contracts; tickets and the basic plan double the hazard."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 300, n_customers)
    plan = rng.choice(["basic", "pro"], n_customers)
    hazard = np.where(plan == "basic", 1 / 150, 1 / 700)
    life = rng.exponential(1 / hazard).astype(int) + 1
    end = start + life
    contracts = pd.DataFrame(
        {
            "customer_id": [f"c{n:03}" for n in range(n_customers)],
            "started_at": DAY + pd.to_timedelta(start, unit="D"),
            "ended_at": (DAY + pd.to_timedelta(end, unit="D")).where(end < 500),
            "plan": plan,
            "monthly_amount": np.where(plan == "basic", 9.0, 29.0),
        }
    )
    trouble = contracts[contracts["ended_at"].notna()]
    tickets = pd.DataFrame(
        {
            "customer_id": trouble["customer_id"],
            "opened_at": trouble["ended_at"] - pd.Timedelta(days=10),
        }
    )
    return contracts, tickets


@pytest.fixture
def settings(tmp_path):
    contracts, tickets = simulate()
    contracts.to_csv(tmp_path / "contracts.csv", index=False)
    tickets.to_csv(tmp_path / "tickets.csv", index=False)
    root = tmp_path.as_posix()
    return parse_settings(
        "name: saas\n"
        f"source: {{subscriptions: {{path: '{root}/contracts.csv'}}, "
        f"tickets: {{path: '{root}/tickets.csv'}}}}\n"
        "time: {horizon_days: 60, training_cutoffs: 3, cutoff: 2025-05-10}\n"
        "churn: {kind: contractual, tuning_trials: 1}\n"
        f"tracking: {{uri: 'sqlite:///{root}/store/mlflow.db'}}\n"
        f"outputs: '{root}/out'\n"
    )


@pytest.fixture
def work(settings):
    return contractual.open_contracts(settings, quiet)


def test_population_has_a_running_contract_at_the_cutoff(work):
    rows = contractual.snapshot(work, date(2024, 8, 1))
    spells = work.spells.set_index("customer_id").loc[rows["customer_id"]]
    day = pd.Timestamp("2024-08-01")
    assert (spells["started"] < day).all()
    assert (spells["ended"].isna() | (spells["ended"] >= day)).all()
    assert rows["customer_id"].is_unique


def test_label_is_an_end_in_the_half_open_window(work):
    day = date(2024, 8, 1)
    rows = contractual.snapshot(work, day)
    found = contractual.cancelled(work, rows["customer_id"], day)
    ends = work.spells.set_index("customer_id")["ended"].loc[rows["customer_id"]]
    start, stop = pd.Timestamp(day), pd.Timestamp(day) + pd.Timedelta(days=60)
    np.testing.assert_array_equal(found, (ends >= start) & (ends < stop))
    assert 0 < found.mean() < 1


def test_nothing_from_the_cutoff_on_changes_a_feature(work):
    day = date(2024, 8, 1)
    before = contractual.snapshot(work, day)
    late = pd.Timestamp(day)
    spells = work.spells.copy()
    spells.loc[spells["ended"] >= late, ["ended", "spell_end"]] = late
    tickets = work.dated["tickets"]
    changed = contractual.ContractWorkspace(
        work.settings,
        spells[spells["started"] < late],
        {"tickets": tickets[tickets["day"] < late]},
        None,
        work.timeline,
    )
    pd.testing.assert_frame_equal(contractual.snapshot(changed, day), before)


def test_change_of_plan_is_no_cancellation():
    found = contractual.spells_of(
        pd.DataFrame(
            {
                "customer_id": ["a", "a", "b"],
                "started_date": ["2024-01-01", "2024-03-01", "2024-01-01"],
                "ended_date": ["2024-03-01", None, "2024-02-01"],
            }
        )
    )
    assert found["spell_end"].isna().tolist() == [True, True, False]
    assert found["spell_start"].dt.month.tolist() == [1, 1, 1]


def test_contracts_are_learnt_and_scored(work, settings):
    result = contractual.train_contracts(work, quiet)
    assert result["is_champion"]
    assert result["test"]["roc_auc"] > 0.55
    assert result["test"]["cutoff"] == work.timeline.test_cutoff.isoformat()
    scored = contractual.score_contracts(work, quiet)
    scores = pd.read_parquet(settings.outputs_folder / "scores.parquet")
    assert scored["n_customers"] == len(scores) > 0
    assert scores["churn_probability"].between(0, 1).all()


def test_missing_contracts_are_told():
    settings = parse_settings(
        "name: x\nsource: {transactions: {path: a.csv}}\nchurn: {kind: contractual}"
    )
    with pytest.raises(ConfigError, match="give the contracts under source"):
        contractual.open_contracts(settings, quiet)


def test_whole_job_when_there_are_contracts(settings):
    result = pipeline.run(settings, quiet)
    assert result["test"]["n_customers"] > 50
    page = (settings.outputs_folder / "report.html").read_text()
    assert "Survival and hazard by tenure" in page
    assert "0 to 30 days" in page
