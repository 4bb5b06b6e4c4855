from __future__ import annotations

import numpy as np
import pytest

import regulars.metrics
from regulars.metrics.measures import CHURN_MEASURES, MEASURES, VALUE_MEASURES

# not defined where nobody churned
MISSING_CLASS = {"ROC AUC", "Average precision", "Lift in the top tenth"}

by_name = pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)


@pytest.fixture
def forecast():
    rng = np.random.default_rng(3)
    p = rng.beta(2, 3, 90).round(1)
    return (rng.random(90) < p).astype(float), p


def test_measures_are_named_and_ordered_as_results_are():
    names = [measure.name for measure in CHURN_MEASURES]
    assert names == [
        "roc_auc",
        "average_precision",
        "top_decile_lift",
        "brier",
        "log_loss",
        "ece",
    ]
    names = [measure.name for measure in VALUE_MEASURES]
    assert names == [
        "mae",
        "rmse",
        "spearman",
        "tweedie_deviance",
        "total_ratio",
        "normalized_gini",
    ]


@by_name
def test_measure_is_a_public_function_of_its_name(measure):
    assert getattr(regulars.metrics, measure.name) is measure.function


@by_name
def test_measure_on_a_table_of_everyone_is_the_function(measure, forecast):
    table = measure.sample(*forecast).table()
    assert measure.on_table(table) == measure.function(*forecast)


@by_name
def test_measure_on_counts_is_the_function_of_repeated_customers(measure, forecast):
    counts = np.random.default_rng(4).integers(0, 4, 90)
    table = measure.sample(*forecast).table(counts.astype(float))
    repeated = (np.repeat(array, counts) for array in forecast)
    assert measure.on_table(table) == pytest.approx(measure.function(*repeated))


@pytest.mark.parametrize("measure", CHURN_MEASURES, ids=lambda measure: measure.name)
def test_measure_is_the_same_bits_when_resamples_are_counted_together(
    measure, forecast
):
    sample = measure.sample(*forecast)
    counts = np.random.default_rng(5).integers(0, 4, (30, 90)).astype(float)
    counts[0] = 1 - forecast[0]  # nobody churned
    counts[1] = forecast[0]  # everybody did
    alone = [measure.on_table(sample.table(each)) for each in counts]
    together = measure.on_table(sample.table(counts))
    np.testing.assert_array_equal(together, alone)
    assert np.isnan(together).any() == (measure.title in MISSING_CLASS)


@by_name
def test_loss_is_least_for_a_perfect_forecast(measure, forecast):
    y, p = forecast
    perfect, actual = measure.function(y, y), measure.function(y, p)
    assert measure.loss(perfect) < measure.loss(actual)


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 0.0), (0.75, 0.25), (1.5, 0.5)])
def test_loss_of_a_ratio_is_its_distance_from_1(ratio, expected):
    [total_ratio] = [each for each in VALUE_MEASURES if each.better == "one"]
    assert total_ratio.loss(ratio) == expected
