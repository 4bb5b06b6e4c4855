from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.campaigns import allocation
from regulars.campaigns.allocation import Limit, Problem, allocate, profit_curve
from regulars.campaigns.control import ControlGroup, in_holdout
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


@pytest.mark.parametrize(("cost", "budget"), [(-1.0, 1.0), (1.0, -1.0), (1.0, np.nan)])
def test_amount_that_is_not_0_or_more_is_refused(cost, budget):
    one = np.ones((1, 1))
    with pytest.raises(ConfigError, match="not 0 or more"):
        Problem(one, cost * one, one > 0, budget)


@pytest.mark.parametrize("at_most", [-3.0, np.nan])
def test_limit_that_is_not_0_or_more_is_refused_by_name(at_most):
    one = np.ones((1, 1))
    limits = (Limit("mail", np.array([True]), at_most),)
    with pytest.raises(ConfigError, match=r"limit of 'mail' is (-3|nan)"):
        Problem(one, one, one > 0, 5.0, limits)


def equal_customers(n, net, cost, budget=np.inf, limits=()):
    shape = (n, len(net))
    gain = np.broadcast_to(np.add(net, cost), shape)
    allowed = np.ones(shape, bool)
    return Problem(gain, np.broadcast_to(cost, shape), allowed, budget, limits)


FIRST = np.array([True, False])


@pytest.mark.parametrize(
    ("problem", "most"),
    [
        (equal_customers(120_000, [1.0], [1.0], 1e5), 1e5),
        # all of them the cheap offer, half of them the dear one instead
        (equal_customers(10_000, [1.0, 1.5], [1.0, 2.0], 15_000.0), 12_500.0),
        (equal_customers(10_000, [1.5, 1.0], [2.0, 1.0], 15_000.0), 12_500.0),
        (
            equal_customers(
                9_000,
                [1.0, 1.2],
                [1.0, 1.0],
                limits=(Limit("mail", FIRST, 3_000), Limit("call", ~FIRST, 2_000)),
            ),
            5_400.0,
        ),
    ],
    ids=["one offer", "cheap first", "dear first", "channels"],
)
def test_equal_customers_have_the_best_plan(problem, most):
    plan = allocate(problem)
    check_limits(problem, plan)
    assert plan.profit == pytest.approx(most)


def test_first_unit_of_no_budget_earns_what_the_best_offer_does_a_unit():
    net = np.linspace(0.5, 3.0, 5_000)[:, None]
    cost = np.full((5_000, 1), 2.0)
    plan = allocate(Problem(net + cost, cost, cost > 0, budget=0.0))
    assert (plan.choice == -1).all()
    assert plan.price_of_budget == pytest.approx(1.5)


def test_cautious_plan_leaves_those_alone_whose_gain_is_not_sure():
    gain, error = np.array([[5.0], [5.0]]), np.array([[0.5], [4.0]])
    cost = np.ones((2, 1))
    problem = Problem(gain - 1.645 * error, cost, cost > 0, budget=10.0)
    assert allocate(problem).choice.tolist() == [0, -1]


@given(seed=st.integers(0, 10_000), n=st.sampled_from([200, 4_000]))
@settings(max_examples=10, deadline=None)
def test_no_consent_no_offer_and_control_is_sent_nothing(seed, n):
    """Whoever refuses a channel, or is held out, is a row of `allowed`."""
    problem = drawn(seed, n)
    ids = [f"C{i}" for i in range(n)]
    rng = np.random.default_rng(seed)
    consents = rng.random((n, 1)) < 0.6
    held = in_holdout(ids, 0.1, name="shop", period="2027")
    allowed = problem.allowed & consents & ~held[:, None]
    plan = allocate(replace(problem, allowed=allowed))
    check_limits(problem, plan)
    group = ControlGroup.at_launch(ids, ["all"] * n, 0.2, "spring")
    is_sent = (plan.choice >= 0) & ~group.is_control(ids, ["all"] * n)
    assert not is_sent[held | ~consents[:, 0]].any()
    assert not (is_sent & group.is_control(ids[::-1], ["all"] * n)[::-1]).any()


def test_order_of_customers_does_not_matter_where_none_are_equal():
    problem = drawn(5, 5_000, 3)
    order = np.random.default_rng(0).permutation(5_000)
    mixed = replace(
        problem,
        gain=problem.gain[order],
        cost=problem.cost[order],
        allowed=problem.allowed[order],
    )
    plan, again = allocate(problem), allocate(mixed)
    assert again.profit == pytest.approx(plan.profit, rel=1e-3)
    # prices differ in the last digits, and with them who is indifferent
    assert (again.choice == plan.choice[order]).mean() > 0.99


def test_remarks_of_the_solver_do_not_reach_standard_output(capfd):
    allocate(drawn(0, 1_000, 8))
    assert capfd.readouterr().out == ""
