"""Expected purchases and counts: against 30-digit values, sums and other forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from regulars.clv.special import (
    expected_geometric_purchases,
    geometric_purchase_probability,
    in_blocks,
    legendre,
)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [  # mpmath 1.3, 60 digits: (a+b-1)/(a-1) (1 - (alpha/(alpha+t))^r 2F1(...))
        ((0.2426, 4.4136, 0.7929, 2.4259, 39), 1.1950476815137787),
        ((10.2426, 34.4136, 0.7929, 12.4259, 39), 8.731168501659344),
        ((500.24, 43, 0.79, 502, 39), 346.05143320833275),
        ((5000.24, 43, 0.79, 5002, 39), 3456.9831467508066),
        ((0.24, 0.0414, 0.0001, 2.4, 39), 225.9743512331239),
        ((0.24, 4.4, 30, 2.4, 39), 0.4466721496220141),
        ((0.24, 4.4, 1.0001, 0.001, 39), 0.42326766839754726),
        ((3, 4.4, 2000, 3000.0, 39), 2.4740744553754745),
        ((50, 4000.0, 0.05, 1, 0.00039), 4.874999422835321e-06),
    ],
)
def test_expected_purchases_equal_the_hypergeometric_form(arguments, expected):
    found = float(expected_geometric_purchases(*arguments))
    assert found == pytest.approx(expected, rel=2e-11)


@settings(deadline=None, max_examples=100)
@given(
    r=st.floats(0.05, 30),
    alpha=st.floats(1, 100),
    a=st.floats(0.05, 0.9),
    b=st.floats(1.1, 30),  # a + b = 1 is a pole of the series
    t=st.floats(0.1, 50),
)
def test_expected_purchases_equal_scipys_where_it_is_stable(r, alpha, a, b, t):
    share = t / (alpha + t)
    series = hyp2f1(r, b, a + b - 1, share) * (1 - share) ** r
    expected = (a + b - 1) / (a - 1) * (1 - series)
    found = expected_geometric_purchases(r, alpha, a, b, t)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(
    r=st.floats(0.05, 5),
    alpha=st.floats(5, 100),
    a=st.floats(0.01, 5),
    b=st.floats(0.05, 10),
    t=st.floats(0.1, 20),
)
def test_counts_make_one_and_their_mean_is_what_is_expected(r, alpha, a, b, t):
    n = np.arange(1500)
    chances = geometric_purchase_probability(n, r, alpha, a, b, t)
    assert chances.min() >= 0
    assert chances.sum() == pytest.approx(1.0, rel=1e-9)
    mean = expected_geometric_purchases(r, alpha, a, b, t)
    assert chances @ n == pytest.approx(float(mean), rel=1e-8)


def test_legendre_integrates_polynomials_on_every_panel():
    nodes, weights = legendre(4, 3)
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ nodes**7 == pytest.approx(1 / 8)


def test_in_blocks_gives_what_one_block_gives():
    many = np.arange(10_000.0)
    found = in_blocks(lambda u: (u**2)[:, 0], 2**14, many)  # eight rows a block
    np.testing.assert_array_equal(found, many**2)
