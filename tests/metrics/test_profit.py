"""EMPC and MPC against published figures and against the integral done the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from regulars.errors import DataError
from regulars.metrics import (
    CampaignCosts,
    accept_shapes,
    empc,
    empc_score,
    mpc,
    mpc_score,
)
from regulars.metrics.profit import expected_maximum_profit, maximum_profit

Y = [0, 1, 0, 1, 0, 1, 0, 1]
SCORE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]

customers = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=1, max_size=40
)
costs = st.fixed_dictionaries(
    {
        "clv": st.sampled_from([20.0, 200.0, 1000.0]),
        "incentive_cost": st.sampled_from([0.0, 1.0, 10.0, 19.0]),
        "contact_cost": st.sampled_from([0.0, 1.0, 5.0]),
    }
)
shapes = st.sampled_from([(6.0, 14.0), (1.0, 1.0), (2.0, 9.0), (0.7, 0.5)])


def split(pairs):
    y, score = zip(*pairs, strict=True)
    return np.array(y), np.array(score) / 12


def slow_campaigns(y, score, clv, incentive_cost, contact_cost):
    """Money of every campaign "contact where score >= t", one by one."""
    limits = [np.inf, *np.unique(score)[::-1]]
    won, paid, contacted = [], [], []
    for limit in limits:
        chosen = score >= limit
        won.append(np.sum((y * (clv - incentive_cost))[chosen]))
        paid.append(np.sum((contact_cost + (1 - y) * incentive_cost)[chosen]))
        contacted.append(chosen.mean())
    return np.array(won) / y.size, np.array(paid) / y.size, np.array(contacted)


RATES = (np.arange(4_000) + 0.5) / 4_000


def slow_empc(y, score, clv, incentive_cost, contact_cost, accept_alpha, accept_beta):
    won, paid, contacted = slow_campaigns(y, score, clv, incentive_cost, contact_cost)
    rates = beta(accept_alpha, accept_beta).ppf(RATES)
    profit = rates[:, None] * won - paid
    best = profit.argmax(axis=1)
    return profit.max(axis=1).mean(), contacted[best].mean()


def test_empc_and_target_fraction_equal_the_published_example():
    profit, target_fraction = empc(Y, SCORE)
    assert profit == pytest.approx(23.87559, abs=5e-6)
    assert target_fraction == pytest.approx(0.87437, abs=5e-6)
    assert empc_score(Y, SCORE) == profit


def test_empc_of_a_perfect_score_is_the_closed_form():
    # all churners, nobody else, as soon as one pays: rate > contact / (clv - incentive)
    change = 1 / 190
    above = beta(6, 14).sf(change)
    rate_above = 0.3 * beta(7, 14).sf(change)
    profit, target_fraction = empc([1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3])
    assert profit == pytest.approx((190 * rate_above - above) / 4)
    assert target_fraction == pytest.approx(above / 4)


def test_empc_is_0_when_nobody_churned():
    assert empc([0, 0], [0.3, 0.9]) == (0.0, 0.0)
    assert mpc([0, 0], [0.3, 0.9]) == (0.0, 0.0)


def test_empc_contacts_all_or_nobody_when_the_score_is_constant():
    profit, target_fraction = empc([1, 0], [0.5, 0.5])
    change = (1 + 11) / 190
    assert target_fraction == pytest.approx(beta(6, 14).sf(change))
    assert profit > 0


def test_empc_contacts_every_churner_when_contact_costs_nothing():
    profit, target_fraction = empc([1, 0, 1], [0.9, 0.1, 0.5], contact_cost=0)
    assert target_fraction == pytest.approx(2 / 3)
    assert profit == pytest.approx(2 / 3 * 0.3 * 190)


def test_empc_is_all_the_value_when_nothing_costs_anything():
    profit, _ = empc(Y, SCORE, contact_cost=0, incentive_cost=0)
    assert profit == pytest.approx(0.5 * 0.3 * 200)


def test_empc_is_0_when_the_incentive_is_dearer_than_the_customer():
    assert empc(Y, SCORE, clv=5) == (0.0, 0.0)


@given(customers, costs, shapes)
def test_empc_equals_the_integral_done_slowly(pairs, amounts, shape):
    y, score = split(pairs)
    expected, _ = slow_empc(
        y, score, **amounts, accept_alpha=shape[0], accept_beta=shape[1]
    )
    found = empc(y, score, **amounts, accept_alpha=shape[0], accept_beta=shape[1])
    assert found.profit == pytest.approx(expected, rel=2e-3, abs=2e-3)
    assert 0 <= found.target_fraction <= 1


@given(customers, st.integers(0, 2**32 - 1))
def test_empc_equals_the_slow_integral_when_each_customer_has_a_value(pairs, seed):
    y, score = split(pairs)
    clv = np.random.default_rng(seed).gamma(1.0, 150.0, y.size)
    expected, fraction = slow_empc(y, score, clv, 10.0, 1.0, 6.0, 14.0)
    found = empc(y, score, clv=clv)
    assert found.profit == pytest.approx(expected, rel=2e-3, abs=2e-3)
    assert found.target_fraction == pytest.approx(fraction, abs=2e-3)


@given(customers)
def test_empc_is_the_same_when_one_value_is_given_to_each_customer(pairs):
    y, score = split(pairs)
    assert empc(y, score, clv=np.full(y.size, 200.0)) == empc(y, score)


@given(customers, costs, shapes)
def test_mpc_at_the_mean_rate_is_at_most_empc(pairs, amounts, shape):
    y, score = split(pairs)
    alpha, beta_ = shape
    most = empc(y, score, **amounts, accept_alpha=alpha, accept_beta=beta_)
    known = mpc(y, score, **amounts, accept_rate=alpha / (alpha + beta_))
    assert known.profit <= most.profit + 1e-9


@given(customers)
def test_profit_is_unchanged_by_a_strictly_increasing_transform(pairs):
    y, score = split(pairs)
    moved = np.exp(3 * score) - 7
    assert empc(y, score) == empc(y, moved)
    assert mpc(y, score) == mpc(y, moved)


@given(customers, costs, st.floats(0, 1))
def test_mpc_is_the_best_of_all_campaigns(pairs, amounts, accept_rate):
    y, score = split(pairs)
    won, paid, _ = slow_campaigns(y, score, **amounts)
    expected = (accept_rate * won - paid).max()
    found = mpc_score(y, score, **amounts, accept_rate=accept_rate)
    assert found == pytest.approx(expected, abs=1e-9)


def test_mpc_takes_the_smaller_campaign_when_two_earn_the_same():
    found = mpc([1, 0], [0.9, 0.1], incentive_cost=0, contact_cost=0)
    assert found.target_fraction == 0.5


def test_empc_is_fast_when_there_are_many_customers():
    rng = np.random.default_rng(0)
    y = (rng.random(200_000) < 0.2).astype(float)
    score = rng.random(200_000) + y / 2
    found = empc(y, score, clv=rng.gamma(1.0, 200.0, y.size))
    assert found.profit > mpc_score(y, rng.random(y.size))


@pytest.mark.parametrize("metric", [empc, empc_score, mpc, mpc_score])
@pytest.mark.parametrize("name", ["clv", "incentive_cost", "contact_cost"])
def test_profit_refuses_amounts_that_are_negative_or_not_finite(metric, name):
    with pytest.raises(ValueError, match=f"'{name}' has 8 negative values .lowest -1"):
        metric(Y, SCORE, **{name: -1.0})
    with pytest.raises(DataError, match=f"'{name}' has 1 of 1 values"):
        metric(Y, SCORE, **{name: np.nan})


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
@pytest.mark.parametrize("name", ["accept_alpha", "accept_beta"])
def test_empc_refuses_a_shape_that_is_not_above_0(name, value):
    with pytest.raises(ValueError, match=f"'{name}' is .* finite number above 0"):
        empc(Y, SCORE, **{name: value})


@pytest.mark.parametrize("rate", [-0.1, 1.1, np.nan])
def test_mpc_refuses_a_rate_outside_0_to_1(rate):
    with pytest.raises(ValueError, match=r"'accept_rate' is .*0 to 1, was expected"):
        mpc(Y, SCORE, accept_rate=rate)


def test_measures_of_an_offer_are_those_of_its_keywords():
    y, score, clv = _base(1)
    costs = CampaignCosts(contact_cost=2, incentive_cost=20, accept_rate=0.4)
    amounts = {"clv": clv, "contact_cost": 2, "incentive_cost": 20}
    shapes = accept_shapes(0.4)
    assert expected_maximum_profit(y, score, clv, costs) == empc(
        y, score, **amounts, **shapes
    )
    assert maximum_profit(y, score, clv, costs) == mpc(
        y, score, **amounts, accept_rate=0.4
    )


@pytest.mark.parametrize(
    ("seed", "costs", "expected"),
    [
        (0, {"clv": 200, "incentive_cost": 10, "contact_cost": 1}, (10.36604, 0.68486)),
        (1, {"clv": 120, "incentive_cost": 20, "contact_cost": 2}, (1.69437, 0.27440)),
        (2, {"clv": 500, "incentive_cost": 10, "contact_cost": 3}, (34.93679, 0.86034)),
        (7, {"clv": 120, "incentive_cost": 20, "contact_cost": 8}, (0.50966, 0.09457)),
    ],
)
def test_empc_is_that_of_another_implementation(seed, costs, expected):
    """Figures of a package for value-driven models, version 0.13.1, run once."""
    y, score, _ = _base(seed)
    assert tuple(empc(y, score, **costs)) == pytest.approx(expected, abs=6e-6)


@pytest.mark.parametrize(
    ("seed", "expected"),
    [(0, (2.80250, 0.2380)), (3, (3.02302, 0.4035)), (6, (3.14511, 0.3445))],
)
def test_profit_with_each_customers_own_value_is_that_of_another_implementation(
    seed, expected
):
    """Incentives of a twentieth of each customer's own value, contacts at 15."""
    y, score, clv = _base(seed)
    found = mpc(y, score, clv=clv, incentive_cost=0.05 * clv, contact_cost=15)
    assert tuple(found) == pytest.approx(expected, abs=6e-6)


def _base(seed, n_customers=2000):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0, 1, n_customers)
    y = (rng.random(n_customers) < p * 0.6).astype(int)
    # every other base has scores that tie
    return y, np.round(p, 3) if seed % 2 else p, rng.gamma(2, 100, n_customers)
