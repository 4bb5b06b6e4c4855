from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_tweedie_deviance

from regulars.metrics import (
    decile_error,
    decile_table,
    mae,
    normalized_gini,
    rmse,
    spearman,
    total_ratio,
    tweedie_deviance,
)

amounts = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=50
)


def split(pairs):
    actual, predicted = zip(*pairs, strict=True)
    return np.array(actual, dtype=float), np.array(predicted, dtype=float)


def test_errors_are_in_money():
    assert mae([0, 10, 20], [3, 10, 16]) == pytest.approx(7 / 3)
    assert rmse([0, 10, 20], [3, 10, 16]) == pytest.approx(math.sqrt(25 / 3))


@given(amounts)
def test_deviance_is_that_of_a_tweedie_distribution(pairs):
    actual, predicted = split(pairs)
    expected = mean_tweedie_deviance(actual, predicted + 1, power=1.5)
    assert tweedie_deviance(actual, predicted + 1) == pytest.approx(expected, abs=1e-9)


def test_deviance_is_least_for_the_mean_as_the_error_is_for_the_median():
    spent = np.repeat([0.0, 30.0, 400.0], [60, 30, 10])
    said = np.arange(0.0, 100.0)
    deviance = [tweedie_deviance(spent, np.full(100, each)) for each in said]
    error = [mae(spent, np.full(100, each)) for each in said]
    assert said[np.argmin(deviance)] == spent.mean() == 49.0
    assert said[np.argmin(error)] == np.median(spent) == 0.0


def test_deviance_of_nothing_expected_is_finite_and_refunds_are_no_spend():
    assert tweedie_deviance([16, 16], [0, 0]) == tweedie_deviance([16, 16], [0.016] * 2)
    assert tweedie_deviance([-5, 16], [4, 4]) == tweedie_deviance([0, 16], [4, 4])
    assert tweedie_deviance([0, 0], [0, 0]) == pytest.approx(0.0, abs=1e-9)


def test_total_ratio_is_nan_when_nothing_was_spent():
    assert math.isnan(total_ratio([0, 0], [1, 2]))
    assert math.isnan(normalized_gini([0, 0], [1, 2]))


@pytest.mark.parametrize("metric", [spearman, normalized_gini])
def test_order_is_nan_when_all_spent_the_same(metric):
    assert math.isnan(metric([5, 5], [1, 2]))


def test_spearman_is_nan_when_the_forecast_is_constant():
    assert math.isnan(spearman([1, 2], [5, 5]))


@given(amounts)
def test_spearman_equals_scipy(pairs):
    actual, predicted = split(pairs)
    if np.ptp(actual) > 0 and np.ptp(predicted) > 0:
        expected = stats.spearmanr(actual, predicted).statistic
        assert spearman(actual, predicted) == pytest.approx(expected, abs=1e-12)


def slow_gini(actual, order):
    """Gini coefficient of the spend in a given order of distinct customers."""
    share = np.append(0.0, np.cumsum(actual[order]) / actual.sum())
    return 2 * np.trapezoid(share, dx=1 / actual.size) - 1


@given(st.lists(st.integers(0, 99), min_size=2, max_size=30, unique=True), st.data())
def test_normalized_gini_is_the_ratio_of_two_ginis(spend, data):
    actual = np.array(spend, dtype=float)
    predicted = np.array(data.draw(st.permutations(range(actual.size))), dtype=float)
    ours = slow_gini(actual, np.argsort(-predicted))
    perfect = slow_gini(actual, np.argsort(-actual))
    found = normalized_gini(actual, predicted)
    assert found == pytest.approx(ours / perfect, abs=1e-9)


@given(amounts)
def test_normalized_gini_is_unchanged_by_a_strictly_increasing_transform(pairs):
    actual, predicted = split(pairs)
    expected = normalized_gini(actual, predicted)
    moved = normalized_gini(actual, np.exp(predicted))
    assert moved == pytest.approx(expected, nan_ok=True)


def test_decile_table_adds_up_to_the_totals():
    rng = np.random.default_rng(0)
    actual, predicted = rng.gamma(1, 50, 200), rng.gamma(1, 50, 200)
    table = decile_table(actual, predicted)
    assert table["decile"].tolist() == list(range(1, 11))
    assert table["n_customers"].tolist() == [20] * 10
    assert table["total_actual"].sum() == pytest.approx(actual.sum())
    assert table["total_predicted"].sum() == pytest.approx(predicted.sum())
    assert table["mean_predicted"].is_monotonic_decreasing
    assert (
        table["mean_predicted"]
        .between(table["predicted_low"], table["predicted_high"])
        .all()
    )


def test_decile_table_keeps_equal_forecasts_together():
    table = decile_table([1, 2, 3, 4], [7, 7, 7, 0], n_bins=4)
    assert table["n_customers"].tolist() == [3, 1]
    assert table["mean_actual"].tolist() == [2, 4]


def test_decile_table_refuses_no_bins():
    with pytest.raises(ValueError, match="'n_bins' is 0"):
        decile_table([1], [1], n_bins=0)


def test_decile_error_is_seen_where_errors_cancel_in_the_total():
    spent = np.arange(1.0, 101.0)
    forecast = np.where(spent <= 50, spent / 2, spent + 12.75)
    assert total_ratio(spent, forecast) == pytest.approx(1.0)
    # a quarter of the low half is missing, and the high half has it
    assert decile_error(spent, forecast) == pytest.approx(2 * 637.5 / 5050)
    assert decile_error(spent, spent) == 0.0
    assert math.isnan(decile_error([0.0, 0.0], [1.0, 2.0]))
