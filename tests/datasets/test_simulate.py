"""The simulator: same seed same bytes, known truth, and a fit that recovers it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.datasets.simulate import Population, simulate_customers, write_simulation
from regulars.errors import ConfigError


def _bytes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_write_simulation_same_bytes_when_same_seed(tmp_path):
    write_simulation(tmp_path / "one", 300, seed=3)
    write_simulation(tmp_path / "two", 300, seed=3)
    write_simulation(tmp_path / "other", 300, seed=4)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    assert _bytes(tmp_path / "one") != _bytes(tmp_path / "other")


def test_customers_unchanged_when_there_are_more_of_them():
    few = simulate_customers(50, random_state=1)
    many = simulate_customers(10_050, random_state=1)
    first = many.orders[many.orders["customer_id"] <= 50]
    pd.testing.assert_frame_equal(few.truth, many.truth.head(50))
    pd.testing.assert_frame_equal(few.orders, first.reset_index(drop=True))


def test_files_hold_the_same_customers_when_split_differently(tmp_path):
    one = write_simulation(tmp_path / "one", 20_500, seed=2)
    three = write_simulation(
        tmp_path / "three", 20_500, seed=2, customers_per_file=10_000
    )
    assert (one.n_files, three.n_files) == (1, 3)
    left = pq.read_table(tmp_path / "one" / "orders")
    right = pq.read_table(tmp_path / "three" / "orders")
    assert left.equals(right)
    assert three.n_lines == left.num_rows
    assert three.amount == pytest.approx(left["amount"].to_numpy().sum())


def test_summary_counts_what_the_files_hold(tmp_path):
    done = []
    summary = write_simulation(
        tmp_path / "shop", 500, seed=5, progress=lambda *a: done.append(a)
    )
    orders = pd.read_parquet(tmp_path / "shop" / "orders")
    assert summary.n_orders == orders["order_id"].nunique()
    assert summary.n_customers == orders["customer_id"].nunique()
    assert done == [(500, 500)]
    told = json.loads((tmp_path / "shop" / "truth.json").read_text())
    assert told["seed"] == 5
    assert told["start"] == "2024-01-01"
    assert told["time_unit"] == "weeks"


def test_default_population_has_about_ten_lines_a_customer():
    simulation = simulate_customers(5_000, random_state=0)
    assert 9 < len(simulation.orders) / 5_000 < 11


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="not a simulation"):
        write_simulation(tmp_path / "precious", 10, seed=0)
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"


def test_an_earlier_simulation_is_replaced_whole(tmp_path):
    write_simulation(tmp_path / "s", 20_000, seed=0, customers_per_file=10_000)
    write_simulation(tmp_path / "s", 10, seed=0)
    assert [p.name for p in (tmp_path / "s" / "orders").iterdir()] == [
        "part-00000.parquet"
    ]


def test_nothing_is_left_behind_when_interrupted(tmp_path):
    def stop(done, total):
        msg = "stopped"
        raise KeyboardInterrupt(msg)

    with pytest.raises(KeyboardInterrupt, match="stopped"):
        write_simulation(tmp_path / "s", 10, seed=0, progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rr": 1.0}, "Unknown simulation parameters"),
        ({"r": 0.0}, "'r' is 0.0; it must be > 0"),
        ({"b": float("nan")}, "'b' is nan"),
        ({"return_rate": 1.5}, "'return_rate' is 1.5"),
        ({"days": 10}, "'acquisition_days' is 365; it must be >= 1 and <= 10"),
        ({"n_products": 5}, "'n_categories' is 20"),
        ({"lines_per_order": 0.5}, "'lines_per_order' is 0.5"),
    ],
)
def test_simulate_raises_when_a_parameter_is_out_of_range(parameters, message):
    with pytest.raises(ConfigError, match=message):
        simulate_customers(5, random_state=0, **parameters)


def test_simulate_raises_when_no_customers():
    with pytest.raises(ConfigError, match="'n_customers' is 0"):
        simulate_customers(0, random_state=0)


@settings(max_examples=15, deadline=None)
@given(
    days=st.integers(1, 900),
    r=st.floats(0.05, 5),
    b=st.floats(0.1, 10),
    return_rate=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_log_obeys_its_contract_for_any_population(days, r, b, return_rate, seed):
    simulation = simulate_customers(
        200,
        random_state=seed,
        days=days,
        acquisition_days=max(1, days // 2),
        r=r,
        b=b,
        return_rate=return_rate,
    )
    orders, truth = simulation.orders, simulation.truth
    start = pd.Timestamp("2024-01-01", tz="UTC")
    assert (
        orders["order_time"]
        .between(start, start + dt.timedelta(days=days), inclusive="left")
        .all()
    )
    sales = orders[~orders["is_return"]]
    assert (sales["amount"] >= 0).all()
    assert (orders.loc[orders["is_return"], "amount"] <= 0).all()
    assert not orders.isna().any().any()
    n_repeat = sales.groupby("customer_id")["order_id"].nunique() - 1
    assert (n_repeat.to_numpy() == truth["n_repeat_orders"].to_numpy()).all()
    first = sales.groupby("customer_id")["order_time"].min()
    assert (first.to_numpy() == truth["first_order_at"].to_numpy()).all()
    never_again = truth["n_repeat_orders"] == 0
    assert truth.loc[never_again, "is_alive"].all()


def test_draws_match_their_distributions():
    simulation = simulate_customers(20_000, random_state=7, return_rate=0.0)
    truth, population = simulation.truth, Population()
    mean_rate = population.r / population.alpha
    assert truth["purchase_rate_weekly"].mean() == pytest.approx(mean_rate, rel=0.03)
    mean_dropout = population.a / (population.a + population.b)
    assert truth["dropout_probability"].mean() == pytest.approx(mean_dropout, rel=0.03)
    mean_spend = population.p * population.v / (population.q - 1)
    assert truth["mean_spend_amount"].mean() == pytest.approx(mean_spend, rel=0.03)
    spend = simulation.orders.groupby(["customer_id", "order_id"])["amount"].sum()
    by_customer = spend.groupby("customer_id").mean().to_numpy()
    relative = by_customer / truth["mean_spend_amount"].to_numpy()
    assert relative.mean() == pytest.approx(1.0, abs=0.01)


def test_expected_repeat_orders_follow_the_published_formula():
    """Fader, Hardie and Lee (2005), equation 9, all customers of one age."""
    from scipy.special import hyp2f1

    simulation = simulate_customers(
        20_000, random_state=11, days=365, acquisition_days=1, return_rate=0.0
    )
    pop = Population()
    t = (365 - 0.5) / 7
    z = t / (pop.alpha + t)
    expected = (
        (pop.a + pop.b - 1)
        / (pop.a - 1)
        * (
            1
            - (pop.alpha / (pop.alpha + t)) ** pop.r
            * hyp2f1(pop.r, pop.b, pop.a + pop.b - 1, z)
        )
    )
    repeat = simulation.truth["n_repeat_orders"]
    error = repeat.std() / np.sqrt(len(repeat))
    assert repeat.mean() == pytest.approx(expected, abs=4 * error)


@pytest.mark.slow
def test_fits_recover_the_parameters_that_the_customers_were_drawn_from():
    """Purchase times as they are, in weeks: no day is collapsed, nothing is rounded."""
    from regulars.clv import BetaGeoModel, GammaGammaModel

    days = 730
    simulation = simulate_customers(
        60_000, random_state=5, days=days, acquisition_days=365, return_rate=0.0
    )
    orders = simulation.orders.groupby(["customer_id", "order_id"], sort=False)
    orders = orders.agg(time=("order_time", "first"), spend=("amount", "sum"))
    start = pd.Timestamp("2024-01-01", tz="UTC")
    orders["week"] = (orders["time"] - start) / dt.timedelta(weeks=1)
    by_customer = orders.groupby("customer_id")
    first, last = by_customer["week"].min(), by_customer["week"].max()
    repeat = orders.sort_values("week")
    repeat = repeat[repeat.groupby("customer_id").cumcount() > 0]
    value = repeat.groupby("customer_id")["spend"].mean()
    summary = pd.DataFrame(
        {
            "frequency": by_customer.size() - 1,
            "recency": last - first,
            "T": days / 7 - first,
            "monetary_value": value.reindex(first.index, fill_value=0.0),
        }
    )
    truth = Population()
    for model in (BetaGeoModel().fit(summary), GammaGammaModel().fit(summary)):
        for name, found in model.params_.items():
            error = model.standard_errors_[name]
            assert abs(found - getattr(truth, name)) < 4 * error, name
