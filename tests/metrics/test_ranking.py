from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from regulars.metrics import (
    average_precision,
    gain_at_capacity,
    lift_at_k,
    roc_auc,
    top_decile_lift,
)

# few distinct scores, so that ties are the rule
customers = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-8, 8)), min_size=1, max_size=60
)


def split(pairs):
    y, score = zip(*pairs, strict=True)
    return np.array(y), np.array(score, dtype=float)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], 1.0),
        ([0.9, 0.8, 0.2, 0.1], 0.0),
        ([0.5, 0.5, 0.5, 0.5], 0.5),
        ([0.1, 0.5, 0.5, 0.9], 0.875),
    ],
)
def test_roc_auc_counts_pairs_in_the_right_order(score, expected):
    assert roc_auc([0, 0, 1, 1], score) == expected


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_roc_auc_is_nan_when_there_is_one_class(y):
    assert math.isnan(roc_auc(y, [0.1, 0.2, 0.3]))


@pytest.mark.parametrize("metric", [average_precision, top_decile_lift])
def test_metric_is_nan_when_nobody_churned(metric):
    assert math.isnan(metric([0, 0], [0.1, 0.2]))
    assert math.isnan(gain_at_capacity([0, 0], [0.1, 0.2], capacity=1))


@pytest.mark.parametrize("metric", [average_precision, top_decile_lift])
def test_metric_is_1_when_everybody_churned(metric):
    assert metric([1, 1], [0.1, 0.2]) == 1.0


@given(customers)
def test_roc_auc_and_average_precision_equal_scikit_learn(pairs):
    y, score = split(pairs)
    if y.any():
        expected = sk.average_precision_score(y, score)
        assert average_precision(y, score) == pytest.approx(expected, abs=1e-12)
    if 0 < y.sum() < y.size:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = sk.roc_auc_score(y, score)
        assert roc_auc(y, score) == pytest.approx(expected, abs=1e-12)


@given(customers, st.sampled_from([0.1, 0.25, 0.5, 1.0]))
def test_ranking_is_unchanged_by_a_strictly_increasing_transform(pairs, fraction):
    y, score = split(pairs)
    moved = np.exp(score / 4) - 3
    for metric in (roc_auc, average_precision):
        assert metric(y, score) == pytest.approx(metric(y, moved), nan_ok=True)
    assert lift_at_k(y, score, fraction) == pytest.approx(
        lift_at_k(y, moved, fraction), nan_ok=True
    )


def test_lift_takes_the_expected_value_when_the_limit_falls_among_ties():
    # one surely taken, one of the four in the middle: 1 + 1 of 4 x 2 churners
    y = [1, 1, 1, 0, 0, 0, 0, 0]
    score = [9, 5, 5, 5, 5, 1, 1, 1]
    assert lift_at_k(y, score, 0.25) == pytest.approx((1.5 / 2) / (3 / 8))


@given(customers, st.integers(0, 10**6))
def test_lift_equals_the_mean_over_random_orders_of_ties(pairs, seed):
    y, score = split(pairs)
    if not y.any():
        return
    taken = math.ceil(0.25 * y.size - 1e-9)
    within = y[score == np.sort(score)[::-1][taken - 1]]
    above = y[score > np.sort(score)[::-1][taken - 1]]
    expected = above.sum() + (taken - above.size) * within.mean()
    lift = lift_at_k(y, score, 0.25)
    assert lift == pytest.approx(expected / taken / y.mean())


@pytest.mark.parametrize(
    ("n_customers", "expected"), [(30, 10.0), (31, 31 / 4), (5, 5.0)]
)
def test_top_decile_is_rounded_up_to_whole_customers(n_customers, expected):
    y, score = np.zeros(n_customers), -np.arange(n_customers, dtype=float)
    y[0] = 1
    # one churner, first in the list: lift = n / customers taken
    assert top_decile_lift(y, score) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("capacity", "expected"), [(0, 0.0), (1, 0.5), (3, 1.0), (99, 1.0)]
)
def test_gain_at_capacity_when_there_are_four_customers(capacity, expected):
    y, score = [1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1]
    assert gain_at_capacity(y, score, capacity) == expected


def test_gain_at_capacity_refuses_a_negative_capacity():
    with pytest.raises(ValueError, match="'capacity' is -1"):
        gain_at_capacity([1, 0], [0.9, 0.1], capacity=-1)


def test_lift_refuses_a_fraction_of_0():
    with pytest.raises(ValueError, match="'fraction' is 0"):
        lift_at_k([1, 0], [0.9, 0.1], fraction=0)
