from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.campaigns import allocation
from regulars.campaigns.allocation import Limit, Problem, allocate, profit_curve
from regulars.errors import ConfigError


def drawn(seed, n=400, n_offers=3, budget=0.3, limits=True):
    """A problem of customers whom offers help, cost and harm by chance."""
    rng = np.random.default_rng(seed)
    gain = rng.normal(1.0, 2.0, (n, n_offers)) * rng.lognormal(1.0, 1.0, (n, 1))
    cost = rng.uniform(0.0, 3.0, (n, n_offers)) * (rng.random(n_offers) < 0.8)
    first = np.arange(n_offers) == 0
    counts = (
        Limit("first", first, int(rng.integers(0, n // 3 + 1))),
        Limit("others", ~first, int(rng.integers(0, n + 1))),
    )
    allowed = rng.random((n, n_offers)) < 0.7
    return Problem(gain, cost, allowed, budget * n, counts if limits else ())


def best_by_hand(problem):
    """The best plan of all plans: for a handful of customers."""
    n, n_offers = problem.gain.shape
    most = 0.0
    for plan in itertools.product(range(-1, n_offers), repeat=n):
        choice = np.array(plan)
        sent = np.flatnonzero(choice >= 0)
        if not problem.allowed[sent, choice[sent]].all():
            continue
        if (problem.used(choice) <= problem.bounds + 1e-9).all():
            most = max(most, problem.profit(choice))
    return most


def check_limits(problem, plan):
    sent = np.flatnonzero(plan.choice >= 0)
    assert problem.allowed[sent, plan.choice[sent]].all()
    assert (problem.net[sent, plan.choice[sent]] > 0).all()
    assert plan.cost <= problem.budget * (1 + 1e-9)
    for limit in problem.limits:
        assert limit.offers[plan.choice[sent]].sum() <= limit.at_most
    assert plan.profit <= plan.bound * (1 + 1e-9) + 1e-9
    assert plan.profit == pytest.approx(problem.profit(plan.choice))


@pytest.mark.parametrize("seed", range(6))
def test_small_problem_is_solved_exactly(seed):
    problem = drawn(seed, n=6, n_offers=2)
    plan = allocate(problem)
    check_limits(problem, plan)
    assert plan.profit == pytest.approx(best_by_hand(problem), rel=1e-5, abs=1e-9)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 300),
    n_offers=st.integers(1, 5),
    budget=st.sampled_from([0.0, 0.01, 0.3, 2.0, np.inf]),
)
@settings(max_examples=40, deadline=None)
def test_no_limit_is_ever_exceeded(seed, n, n_offers, budget):
    problem = drawn(seed, n, n_offers, budget)
    check_limits(problem, allocate(problem))


@given(seed=st.integers(0, 10_000), budget=st.sampled_from([0.0, 0.01, 0.3, 2.0]))
@settings(max_examples=15, deadline=None)
def test_prices_exceed_no_limit_and_come_close(seed, budget):
    problem = drawn(seed, 6_000, 4, budget)
    plan = allocate(problem)
    check_limits(problem, plan)
    assert plan.gap < 0.02


def test_prices_alone_come_close_to_the_whole_problem(monkeypatch):
    problem = drawn(1, 2_000, 3)
    exact = allocate(problem)
    monkeypatch.setattr(allocation, "SMALL", 0)
    by_prices = allocate(problem)
    check_limits(problem, by_prices)
    assert exact.gap < 1e-5
    assert 0.99 * exact.profit < by_prices.profit <= exact.profit * (1 + 1e-6)
    assert by_prices.bound >= exact.profit * (1 - 1e-6)


def test_everybody_has_the_best_offer_where_nothing_limits():
    gain = np.array([[3.0, 5.0], [1.0, 0.5], [0.2, 0.1]])
    plan = allocate(Problem(gain, np.full((3, 2), 0.3), np.ones((3, 2), bool)))
    assert plan.choice.tolist() == [1, 0, -1]
    assert plan.gap == 0.0
    assert plan.price_of_budget == 0.0


@pytest.mark.parametrize(
    ("budget", "at_most", "n_sent"), [(0.0, 9, 0), (100.0, 0, 0), (3.0, 9, 3)]
)
def test_no_more_is_given_than_there_is(budget, at_most, n_sent):
    gain, cost = np.full((9, 1), 2.0), np.ones((9, 1))
    limits = (Limit("mail", np.array([True]), at_most),)
    plan = allocate(Problem(gain, cost, np.ones((9, 1), bool), budget, limits))
    assert (plan.choice >= 0).sum() == n_sent


def test_nobody_eligible_and_no_offer_at_all():
    nothing = Problem(np.ones((4, 2)), np.zeros((4, 2)), np.zeros((4, 2), bool), 5.0)
    assert allocate(nothing).choice.tolist() == [-1] * 4
    empty = np.empty((4, 0))
    none = Problem(empty, empty, empty.astype(bool), 5.0)
    assert allocate(none).choice.tolist() == [-1] * 4


def test_free_offers_are_limited_by_numbers_alone():
    gain = np.arange(1.0, 6.0).reshape(5, 1)
    limits = (Limit("mail", np.array([True]), 2),)
    free = Problem(gain, np.zeros((5, 1)), np.ones((5, 1), bool), 0.0, limits)
    assert allocate(free).choice.tolist() == [-1, -1, -1, 0, 0]


def test_thousands_of_equal_customers_use_the_budget_up():
    n = 10_000
    problem = Problem(np.full((n, 1), 2.0), np.ones((n, 1)), np.ones((n, 1), bool), 3e3)
    plan = allocate(problem)
    check_limits(problem, plan)
    assert (plan.choice >= 0).sum() == 3_000
    # of equal customers the first
    assert (plan.choice[:3_000] == 0).all()
    assert plan.price_of_budget == pytest.approx(1.0, abs=0.01)


def test_profit_rises_with_the_budget_at_the_price_of_it():
    problem = drawn(3, 4_000, 3, limits=False)
    low, middle, high = profit_curve(problem, [900.0, 1_000.0, 1_100.0])
    assert low.profit < middle.profit < high.profit
    assert (high.profit - low.profit) / 200 == pytest.approx(
        middle.price_of_budget, rel=0.1
    )


@pytest.mark.parametrize("name", ["gain", "cost"])
def test_number_that_is_none_is_refused(name):
    arrays = {"gain": np.ones((2, 1)), "cost": np.ones((2, 1))}
    arrays[name][1] = np.nan
    with pytest.raises(ConfigError, match=f"expected {name} of 1 offers"):
        Problem(**arrays, allowed=np.ones((2, 1), bool))
    Problem(**arrays, allowed=np.array([[True], [False]]))


def test_negative_amount_is_refused():
    with pytest.raises(ConfigError, match="below 0"):
        Problem(np.ones((1, 1)), np.full((1, 1), -1.0), np.ones((1, 1), bool))


def test_remarks_of_the_solver_do_not_reach_standard_output(capfd):
    allocate(drawn(0, 1_000, 8))
    assert capfd.readouterr().out == ""
