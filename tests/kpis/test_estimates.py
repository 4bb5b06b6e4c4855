from __future__ import annotations

import numpy as np
import pytest

from regulars.kpis.estimates import Sums, net_share_of, ratio_of, share_of


def sums(y, x):
    y, x = np.array(y, float), np.array(x, float)
    return Sums(len(y), y.sum(), x.sum(), y @ y, x @ y, x @ x)


@pytest.mark.parametrize(
    ("count", "whole", "low", "high"),
    [(143, 150, 0.9069, 0.9772), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1)],
)
def test_share_has_wilsons_interval(count, whole, low, high):
    found = share_of(count, whole)
    assert found.value == pytest.approx(count / whole)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_net_share_is_a_trinomials():
    answers = [1] * 50 + [0] * 30 + [-1] * 20
    found = net_share_of(sums(answers, [1] * 100))
    assert found.value == pytest.approx(0.3)
    reach = 1.959964 * ((0.5 + 0.2 - 0.09) / 100) ** 0.5
    assert found.high - found.value == pytest.approx(reach, rel=1e-6)


def test_ratio_covers_the_truth_in_most_samples():
    random, inside = np.random.default_rng(5), 0
    for _ in range(400):
        orders = random.poisson(2, 300) + 1
        spend = orders * random.lognormal(3, 0.4, 300)
        found = ratio_of(sums(spend, orders))
        inside += found.low <= np.exp(3.08) <= found.high
    assert inside / 400 == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("y", [[0, 0, 0], [20, 40, 20], [1e9, 2e9, 1e9]])
def test_customers_who_are_all_alike_have_no_interval(y):
    found = ratio_of(sums(y, [1, 2, 1]))
    assert found == (y[0], None, None)


def test_one_customer_has_no_interval():
    assert ratio_of(sums([30], [2])) == (15, None, None)
