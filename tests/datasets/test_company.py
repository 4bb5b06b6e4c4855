"""A simulated company: its tables are clean, and its causes act."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.config import load_settings
from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.datasets import CompanyEffects, simulate_company, write_company
from regulars.datasets.company import CONFIG, EFFECTS, TRUTH
from regulars.errors import ConfigError

ALL_OFF = CompanyEffects(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, (1.0, 1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def company():
    return simulate_company(800, seed=1, years=2.0)


@pytest.fixture(scope="module")
def tables(company):
    return {name: table.to_pandas() for name, table in company.tables.items()}


def test_every_table_of_the_contract_is_there(company):
    assert {*company.tables} == {*TABLES}
    for name, table in company.tables.items():
        assert {*TABLES[name].required} <= {*table.column_names}


def test_intake_sets_no_row_aside(tmp_path):
    folder = write_company(tmp_path / "company", 200, seed=2, years=1.0)
    settings = load_settings(folder / CONFIG, [f"outputs={tmp_path / 'out'}"])
    intake = read_tables(settings, connect("duckdb://"), quarantine=tmp_path / "q.csv")
    for name, report in intake.summary()["tables"].items():
        kept, read = report["rows_kept"], report["rows_in"]
        # two lines of an order may be alike in everything
        assert kept >= read * (0.999 if name == "transactions" else 1.0)


def test_same_seed_is_the_same_company():
    one, other = (simulate_company(60, seed=5, years=1.0) for _ in range(2))
    assert all(one.tables[name].equals(other.tables[name]) for name in TABLES)
    third = simulate_company(60, seed=6, years=1.0)
    assert not third.tables["transactions"].equals(one.tables["transactions"])


def test_nothing_lies_after_the_end(tables):
    end = pd.Timestamp("2022-01-03") + pd.Timedelta(weeks=104)
    for table in tables.values():
        for name in table.select_dtypes("datetime").columns:
            assert not (table[name] >= end).any()


def test_nobody_buys_before_they_come_or_after_they_left(company, tables):
    truth = company.truth.set_index("customer_id")
    bought = tables["transactions"].query("not is_return")
    times = bought.groupby("customer_id")["order_time"].agg(["min", "max"])
    came = tables["customers"].set_index("customer_id")["known_from"]
    assert (times["min"] >= came.reindex(times.index)).all()
    left = truth["left"].reindex(times.index)
    # the week in which they left is still theirs
    assert not (times["max"] >= left + pd.Timedelta(weeks=1)).any()


def test_control_group_is_drawn_at_random(company, tables):
    contacts = tables["contacts"].merge(company.truth, on="customer_id")
    share = contacts["is_control"].mean()
    assert share == pytest.approx(0.2, abs=4 * 0.4 / np.sqrt(len(contacts)))
    liking = contacts.groupby("is_control")["liking"].mean()
    assert abs(liking[True] - liking[False]) < 0.1
    assert contacts.loc[contacts["is_control"], "redeemed_at"].isna().all()


def _doubts_of_the_failed(effects, seed=0):
    """Return how often a failure is followed by doubt within twelve weeks."""
    company = simulate_company(12_000, seed=seed, years=2.0, effects=effects)
    truth = company.truth.set_index("customer_id")
    tickets = company.tables["tickets"].to_pandas()
    is_late = tickets["resolved_at"] > tickets["due_at"]
    failed = tickets[is_late | tickets["reopened"]]
    doubted = truth["doubted"].reindex(failed["customer_id"]).to_numpy()
    since = doubted - failed["opened_at"].dt.normalize().to_numpy()
    inside = (since > np.timedelta64(0)) & (since <= np.timedelta64(84, "D"))
    open_to = ~(doubted <= failed["opened_at"].to_numpy())
    return inside[open_to].mean(), inside[open_to].sum()


def test_failure_acts_on_leaving_by_its_factor():
    hurt, n_hurt = _doubts_of_the_failed(CompanyEffects())
    spared, n_spared = _doubts_of_the_failed(CompanyEffects(failure_on_leaving=1.0))
    # a threefold chance in the week is somewhat less than threefold in twelve weeks
    error = 2 * np.sqrt(1 / n_hurt + 1 / n_spared)
    assert np.log(2.2) - error < np.log(hurt / spared) < np.log(3.0) + error
    assert np.log(hurt / spared) > error


def test_members_differ_before_they_join():
    company = simulate_company(3_000, seed=3, years=2.0, effects=ALL_OFF)
    truth = company.truth
    rate = truth.groupby(truth["joined"].notna())["rate"].mean()
    assert rate[True] > 1.3 * rate[False]


def test_who_likes_us_answers_higher_and_takes_fewer_discounts(company, tables):
    answers = tables["surveys"].merge(company.truth, on="customer_id")
    assert answers["score"].corr(answers["liking"]) > 0.4
    lines = tables["transactions"].merge(company.truth, on="customer_id")
    warm = lines["liking"] > 0
    is_reduced = lines["discount_amount"] > 0
    assert is_reduced[warm].mean() < is_reduced[~warm].mean()


def test_points_are_never_overdrawn(tables):
    loyalty = tables["loyalty"].sort_values("posted_at", kind="stable")
    balance = loyalty["points"].fillna(0).groupby(loyalty["customer_id"]).cumsum()
    assert (balance >= 0).all()


def test_folder_tells_what_acts_and_what_nobody_knows(tmp_path):
    folder = write_company(tmp_path / "shop", 60, seed=4, years=1.0)
    told = json.loads((folder / EFFECTS).read_text())
    assert told["failure_on_leaving"] == CompanyEffects().failure_on_leaving
    assert len(pd.read_parquet(folder / TRUTH)) == 60
    write_company(folder, 50, seed=4, years=1.0)  # its own folder is replaced
    assert len(pd.read_parquet(folder / TRUTH)) == 50


@pytest.mark.parametrize(
    ("asked", "told"),
    [({"n_customers": 3}, "customers"), ({"years": 0.1}, "years")],
)
def test_number_out_of_range_is_refused(asked, told):
    with pytest.raises(ConfigError, match=told):
        simulate_company(**{"n_customers": 60, **asked})


def test_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ConfigError, match="not a simulation"):
        write_company(tmp_path, 60)


def test_effects_need_a_factor_for_each_region():
    with pytest.raises(ValueError, match="4 factors"):
        simulate_company(60, effects=CompanyEffects(region_on_leaving=(1.0,)))
