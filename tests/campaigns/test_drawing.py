"""Whatever the problem: those who are sent something keep to every limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.campaigns.allocation import Limit, Problem
from regulars.campaigns.drawing import Lot, drawn


def problem_of(seed, n, budget, at_most):
    rng = np.random.default_rng(seed)
    gain = rng.normal(1.0, 2.0, (n, 3)) * rng.lognormal(0.5, 1.0, (n, 1))
    cost = rng.uniform(0.0, 2.0, (n, 3))
    allowed = rng.random((n, 3)) < 0.7
    limits = (Limit("first", np.array([True, False, False]), at_most),)
    return Problem(gain, cost, allowed, budget, limits)


def lot_of(n, share=0.3, exploration=0.1):
    return Lot(
        key="spring",
        ids=[f"c{i}" for i in range(n)],
        names=("call", "mail", "gift"),
        bands=np.array(["low", "high"])[np.arange(n) % 2],
        control_share=share,
        exploration=exploration,
    )


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40),
    budget=st.sampled_from([0.0, 3.0, 30.0, np.inf]),
    at_most=st.integers(0, 40),
    share=st.floats(0.05, 0.6),
    exploration=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
def test_budget_limits_and_eligibility_are_never_violated(
    seed, n, budget, at_most, share, exploration
):
    problem = problem_of(seed, n, budget, at_most)
    found = drawn(problem, lot_of(n, share, exploration))
    chosen = np.flatnonzero(found.choice >= 0)
    assert problem.allowed[chosen, found.choice[chosen]].all()
    sent = np.flatnonzero(found.is_sent)
    at = found.choice[sent]
    assert problem.cost[sent, at].sum() <= budget * (1 + 1e-9) + 1e-9
    assert (at == 0).sum() <= at_most
    # nobody is sent what is expected to do harm
    assert (problem.gain[sent, at] >= 0).all()
    assert not (found.is_sent & found.is_control).any()
    assert not found.is_control[found.choice < 0].any()


def test_control_group_has_its_share_of_each_stratum():
    n = 3_000
    found = drawn(problem_of(1, n, 400.0, 10_000), lot_of(n))
    chosen = found.choice >= 0
    for stratum in np.unique(found.strata[chosen]):
        rows = found.strata == stratum
        assert abs(found.is_control[rows].sum() - 0.3 * rows.sum()) <= 1.0


def test_budget_that_the_control_group_leaves_is_used():
    n = 3_000
    problem = problem_of(1, n, 400.0, 10_000)
    found = drawn(problem, lot_of(n))
    sent = np.flatnonzero(found.is_sent)
    spent = problem.cost[sent, found.choice[sent]].sum()
    assert 0.97 * 400.0 < spent <= 400.0


def test_exploration_takes_its_share_of_the_budget_and_draws_offers_evenly():
    n = 6_000
    problem = problem_of(2, n, 300.0, 10_000)
    # offers that cost alike: what is drawn is not cut by what is left
    problem = replace(problem, cost=np.ones((n, 3)))
    found = drawn(problem, lot_of(n, exploration=0.2))
    explores = np.flatnonzero(found.explores & ~found.is_control)
    spent = problem.cost[explores, found.choice[explores]].sum()
    assert spent == pytest.approx(0.2 * 300.0, rel=0.1)
    # each offer may be had by as many
    counts = np.bincount(found.choice[explores], minlength=3)
    assert counts.min() > 0.2 * counts.sum()


def test_plan_that_pays_for_nobody_explores_nothing():
    problem = problem_of(4, 400, 100.0, 400)
    dear = replace(problem, cost=problem.cost + 1e6)
    assert not drawn(dear, lot_of(400, exploration=0.3)).explores.any()


def test_exploration_is_no_more_than_its_share_of_what_is_spent():
    problem = problem_of(5, 400, 1e6, 400)
    found = drawn(problem, lot_of(400, exploration=0.1))
    sent = np.flatnonzero(found.is_sent)
    cost = problem.cost[sent, found.choice[sent]]
    assert 0 < cost[found.explores[sent]].sum() < 0.15 * cost.sum()


def test_same_customers_draw_the_same_and_another_campaign_anew():
    problem, lot = problem_of(3, 60, 30.0, 60), lot_of(60)
    first, again = drawn(problem, lot), drawn(problem, lot)
    assert (first.choice == again.choice).all()
    assert (first.is_control == again.is_control).all()
    other = Lot("autumn", lot.ids, lot.names, lot.bands, 0.3, 0.1)
    assert (drawn(problem, other).is_control != first.is_control).any()
