from __future__ import annotations

import json
import shutil
from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.config import parse_settings
from regulars.errors import (
    ConfigError,
    DataError,
    LeakageError,
    NotEnoughHistoryError,
)
from regulars.kinds import contractual
from regulars.scoring.batch import COLUMNS
from regulars.scoring.layout import BEFORE

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


def settings_in(folder):
    contracts, tickets = simulate()
    contracts.to_csv(folder / "contracts.csv", index=False)
    tickets.to_csv(folder / "tickets.csv", index=False)
    root = folder.as_posix()
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
def settings(tmp_path):
    return settings_in(tmp_path)


@pytest.fixture
def work(settings):
    return contractual.open_contracts(settings, quiet)


@pytest.fixture(scope="module")
def first_training(tmp_path_factory):
    """Contracts with their first champion, and what its training said; to be read."""
    settings = settings_in(tmp_path_factory.mktemp("trained"))
    work = pipeline.open_work(settings, quiet)
    return work, pipeline.train_model(work, quiet)


@pytest.fixture
def contracts_with_champion(tmp_path, first_training):
    """Settings of a copy of that folder, to be trained on again."""
    folder = tmp_path / "copy"
    shutil.copytree(first_training[0].settings.outputs_folder.parent, folder)
    return settings_in(folder)


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
    found = contractual.cancelled(work.spells, work.timeline, rows["customer_id"], day)
    ends = work.spells.set_index("customer_id")["ended"].loc[rows["customer_id"]]
    start, stop = pd.Timestamp(day), pd.Timestamp(day) + pd.Timedelta(days=60)
    np.testing.assert_array_equal(found, (ends >= start) & (ends < stop))
    assert 0 < found.mean() < 1


def test_contracts_are_learnt_and_scored(first_training):
    work, result = first_training
    assert result["is_champion"]
    assert result["test"]["roc_auc"] > 0.55
    assert result["test"]["cutoff"] == work.timeline.test_cutoff.isoformat()
    scored = pipeline.score(work, quiet)
    scores = pd.read_parquet(work.settings.outputs_folder / "scores.parquet")
    assert scored["n_customers"] == len(scores) > 0
    assert scores["churn_probability"].between(0, 1).all()
    assert tuple(scores.columns) == (*COLUMNS, *BEFORE)
    assert (scores["clv"] > 0).all()


def test_value_is_left_out_when_contracts_have_no_price(settings, tmp_path):
    path = tmp_path / "contracts.csv"
    pd.read_csv(path).drop(columns="monthly_amount").to_csv(path, index=False)
    work = contractual.open_contracts(settings, quiet)
    pipeline.train_model(work, quiet)
    card = json.loads((settings.outputs_folder / "training.json").read_text())
    assert card["profit"] is None
    assert any("have no monthly_amount" in note for note in card["notes"])
    assert pipeline.score(work, quiet)["value_at_risk"] is None


@pytest.mark.slow
def test_backtest_rolls_back_through_time(settings):
    asked = settings.backtest.model_copy(update={"windows": 3})
    settings = settings.model_copy(update={"backtest": asked})
    found = pipeline.backtest(pipeline.open_work(settings, quiet), quiet)
    days = [window["cutoff"] for window in found["windows"]]
    assert len(days) == 3
    assert days == sorted(days, reverse=True)
    assert [row["age"] for row in found["staleness"]] == [0, 1, 2]
    kinds = {row["slice"] for row in found["slices"]["rows"]}
    assert kinds == {"plan", "tenure", "value_band"}
    assert found["run_id"]


@pytest.mark.slow
def test_backtest_cuts_contracts_by_tier_as_of_each_window(settings, tmp_path):
    contracts, _ = simulate()
    n = len(contracts)
    # c is given to everybody after the last test window has begun
    postings = pd.concat(
        pd.DataFrame(
            {
                "customer_id": contracts["customer_id"],
                "posted_at": day,
                "kind": "earn",
                "points": 1,
                "tier": tiers,
            }
        )
        for day, tiers in (
            ("2024-01-02", ["a", "b"] * (n // 2)),
            ("2025-05-01", "c"),
        )
    )
    postings.to_csv(tmp_path / "loyalty.csv", index=False)
    path = (tmp_path / "loyalty.csv").as_posix()
    text = {"loyalty": {"path": path}}
    source = type(settings.source).model_validate(
        {**settings.source.model_dump(exclude_unset=True), **text}
    )
    asked = settings.backtest.model_copy(update={"windows": 2})
    settings = settings.model_copy(update={"backtest": asked, "source": source})
    found = pipeline.backtest(pipeline.open_work(settings, quiet), quiet)
    rows = found["slices"]["rows"]
    tiers = {row["value"]: row["share"] for row in rows if row["slice"] == "tier"}
    assert {*tiers} == {"a", "b"}
    assert sum(tiers.values()) == pytest.approx(1)


def test_same_contracts_again_do_not_take_the_champions_place(
    contracts_with_champion,
):
    settings = contracts_with_champion
    work = pipeline.open_work(settings, quiet)
    again = pipeline.train_model(work, quiet)
    assert not again["is_champion"]
    assert "as good as the champion" in again["champion_reason"]
    with pytest.raises(DataError, match="took the alias from no earlier champion"):
        pipeline.rollback(settings)


def test_model_does_not_score_a_day_that_it_has_learnt_from(first_training):
    settings = first_training[0].settings
    earlier = settings.time.model_copy(update={"cutoff": date(2025, 4, 1)})
    before = pipeline.open_work(settings.model_copy(update={"time": earlier}), quiet)
    with pytest.raises(LeakageError, match="would know their own future"):
        pipeline.score(before, quiet)


def test_missing_contracts_are_reported():
    settings = parse_settings(
        "name: x\nsource: {transactions: {path: a.csv}}\nchurn: {kind: contractual}"
    )
    with pytest.raises(ConfigError, match="give the contracts under source"):
        contractual.open_contracts(settings, quiet)


def test_whole_job_when_there_are_contracts(settings):
    result = pipeline.run(settings, quiet)
    assert result["test"]["n_customers"] > 50
    page = (settings.outputs_folder / "report.html").read_text()
    assert "How many outlast each tenure" in page
    assert "0 to 30 days" in page
    assert "What an offer would earn" in page
    text = (settings.outputs_folder / "model_card.md").read_text()
    assert "last contract ends within 60 days" in text
    check = json.loads((settings.outputs_folder / "check.json").read_text())
    assert check["kind"] == "contractual"


def test_kpis_tell_how_long_customers_stay(work, settings):
    summary = pipeline.kpis(work, quiet)
    found = json.loads((settings.outputs_folder / "kpis.json").read_text())
    assert found["kind"] == "contractual"
    curve = found["survival"]["curve"]
    shares = [row["survival"] for row in curve]
    assert shares == sorted(shares, reverse=True)
    assert set(found["survival"]["plans"]) == {"basic", "pro"}
    half = [row["tenure_days"] for row in curve if row["survival"] <= 0.5]
    assert summary["median_days"] == half[0]


def test_backtest_without_cancellations_is_refused(settings, tmp_path):
    path = tmp_path / "contracts.csv"
    pd.read_csv(path).assign(ended_at=None).to_csv(path, index=False)
    asked = settings.backtest.model_copy(update={"windows": 2})
    settings = settings.model_copy(update={"backtest": asked})
    earlier = settings.time.model_copy(update={"cutoff": date(2024, 10, 20)})
    work = contractual.open_contracts(
        settings.model_copy(update={"time": earlier}), quiet
    )
    with pytest.raises(NotEnoughHistoryError, match="None of the 2 windows"):
        pipeline.backtest(work, quiet)
    with pytest.raises(NotEnoughHistoryError, match="both kinds are needed"):
        pipeline.train_model(work, quiet)


CONFIG = """\
name: saas
source:
  subscriptions: {path: "FOLDER/contracts.csv"}
  tickets: {path: "FOLDER/tickets.csv"}
time: {horizon_days: 60, training_cutoffs: 3, cutoff: 2025-05-10}
churn: {kind: contractual}
outputs: "FOLDER/out"
"""


@pytest.fixture
def config(tmp_path):
    """A file of settings beside the contracts."""
    settings_in(tmp_path)
    path = tmp_path / "saas.yaml"
    path.write_text(CONFIG.replace("FOLDER", tmp_path.as_posix()))
    return path


def test_kpis_of_contracts_are_told_with_what_is_absent(config, command):
    status, out, err = command("kpis", config, "--by", "plan", "--from", "2024-10-01")
    assert status == 0, err
    contracts, _ = simulate()
    start, end = pd.Timestamp("2024-10-01"), pd.Timestamp("2025-05-10")
    began = contracts["started_at"] < start
    there = contracts[began & ~(contracts["ended_at"] < start)]
    kept = 1 - (there["ended_at"] < end).mean()
    found = json.loads((config.parent / "out" / "kpis.json").read_text())
    values = {(f["kpi"], f["segment"]): f["value"] for f in found["figures"]}
    assert values["contract_retention_rate", ""] == pytest.approx(kept)
    pro = there[there["plan"] == "pro"]
    assert values["contract_churn_rate", "plan=pro"] == pytest.approx(
        (pro["ended_at"] < end).mean()
    )
    assert found["cohorts"]["cohorts"][0] == "2024-01"
    assert found["waterfall"][-1]["revenue"] == pytest.approx(
        values["contract_revenue", ""]
    )
    told = " ".join(out.split())
    assert "Contracts kept" in told
    assert "Contract revenue, from start to end" in told
    assert "There is no table of purchases (source.transactions)" in told
    status, _, err = command("kpis", config, "--by", "rfm")
    assert status == 2
    assert "These data have cohort, plan." in " ".join(err.split())


def test_kpis_of_contracts_with_purchases_have_both(config, command):
    contracts, _ = simulate()
    orders = pd.DataFrame(
        {
            "customer_id": contracts["customer_id"].repeat(2),
            "order_time": [
                start + pd.Timedelta(days=days)
                for start in contracts["started_at"]
                for days in (3, 300)
            ],
            "amount": 20.0,
        }
    )
    orders = orders[orders["order_time"] < "2025-05-10"]
    orders.to_csv(config.parent / "orders.csv", index=False)
    path = f"source.transactions.path={(config.parent / 'orders.csv').as_posix()}"
    status, _, err = command("kpis", config, "--set", path, "--by", "rfm")
    assert status == 0, err
    found = json.loads((config.parent / "out" / "kpis.json").read_text())
    names = {f["kpi"] for f in found["figures"] if f["segment"].startswith("rfm=R")}
    assert {"aov", "retention_rate", "contract_retention_rate"} <= names
    assert found["waterfall"][-1]["step"] == "now"
