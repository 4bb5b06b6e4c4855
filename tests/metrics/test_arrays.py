"""Every metric asks the same questions of its arrays: a table of metrics and faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import regulars.metrics as m
from regulars.errors import DataError
from regulars.metrics.arrays import check_share, dot, per_customer

RANKING = [
    m.roc_auc,
    m.average_precision,
    m.top_decile_lift,
    m.roc_points,
    m.precision_recall_points,
    m.gains_curve,
    m.lift_curve,
    m.empc,
    m.empc_score,
    m.mpc,
    m.mpc_score,
    m.profit_curve,
    m.best_threshold,
]
CALIBRATION = [
    m.brier,
    m.log_loss,
    m.ece,
    m.reliability_curve,
    m.calibration_in_the_large,
    m.evaluate_churn,
]
VALUE = [
    m.mae,
    m.rmse,
    m.spearman,
    m.total_ratio,
    m.normalized_gini,
    m.decile_table,
    m.evaluate_value,
]
Y = [0, 1, 0, 1, 1]
P = [0.1, 0.8, 0.3, 0.3, 0.9]


def plain(result):
    return result.to_dict() if isinstance(result, pd.DataFrame) else result


@pytest.mark.parametrize("metric", RANKING + CALIBRATION + VALUE)
@pytest.mark.parametrize("kind", [tuple, np.array, pd.Series])
def test_metric_is_the_same_when_arrays_are_of_another_kind(metric, kind):
    assert plain(metric(kind(Y), kind(P))) == plain(metric(Y, P))


@pytest.mark.parametrize("metric", RANKING + CALIBRATION)
def test_metric_is_the_same_when_outcomes_are_booleans(metric):
    churned = np.array(Y, dtype=bool)
    assert plain(metric(churned, P)) == plain(metric(Y, P))


@pytest.mark.parametrize("metric", RANKING + CALIBRATION + VALUE)
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([], [], "is empty"),
        ([0, 1], [0.1, 0.2, 0.3], "Lengths differ: '.+' has 2, '.+' has 3"),
        ([0, 1], [0.1, np.nan], "1 of 2 values \\(at 1\\) that are NaN or infinite"),
        ([0, 1], [-np.inf, 0.2], "1 of 2 values \\(at 0\\) that are NaN or infinite"),
        ([0, np.nan], [0.1, 0.2], "1 of 2 values \\(at 1\\) that are NaN or infinite"),
        ([[0, 1]], [[0.1, 0.2]], "has shape \\(1, 2\\); one value a customer"),
        ([0, 1], ["low", "high"], "must hold numbers without missing values"),
        ([0, 1], pd.array([0.1, pd.NA]), "NaN or infinite|without missing values"),
        ([0] * 9, [np.nan] * 9, "9 of 9 values \\(at 0, 1, 2, 3, 4, \\.\\.\\.\\)"),
    ],
)
def test_metric_refuses_arrays_that_cannot_be_measured(metric, first, second, message):
    with pytest.raises(DataError, match=message):
        metric(first, second)


@pytest.mark.parametrize("metric", RANKING + CALIBRATION)
def test_metric_refuses_outcomes_that_are_neither_0_nor_1(metric):
    with pytest.raises(DataError, match=r"'y' has 1 of 2 values .* neither 0 nor 1"):
        metric([0, 2], [0.1, 0.2])


@pytest.mark.parametrize("metric", CALIBRATION)
@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_metric_refuses_probabilities_outside_0_to_1(metric, value):
    with pytest.raises(
        DataError, match=r"'probability' has 1 of 2 .* outside \[0, 1\]"
    ):
        metric([0, 1], [0.5, value])


@pytest.mark.parametrize("metric", RANKING + CALIBRATION + VALUE)
def test_metric_does_not_depend_on_row_order(metric):
    rng = np.random.default_rng(1)
    y = (rng.random(60) < 0.4).astype(float)
    p = rng.integers(0, 9, 60) / 8
    shuffled = rng.permutation(60)
    expected, found = plain(metric(y, p)), plain(metric(y[shuffled], p[shuffled]))
    assert repr(found) == repr(expected) or found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", RANKING + CALIBRATION + VALUE)
def test_metric_leaves_its_input_alone(metric):
    y, p = np.array(Y, dtype=float), np.array(P)
    metric(y, p)
    assert y.tolist() == Y
    assert p.tolist() == P


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, np.nan])
def test_check_share_refuses_what_is_no_share(fraction):
    with pytest.raises(ValueError, match=r"'fraction' is .*above 0 and at most 1"):
        check_share("fraction", fraction)


@pytest.mark.parametrize("value", [200.0, 200, [200.0, 200.0], np.array(200)])
def test_per_customer_gives_each_the_amount_of_all(value):
    assert per_customer("clv", value, 2).tolist() == [200.0, 200.0]


def test_dot_is_the_sum_of_products():
    assert dot(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 11.0


def test_per_customer_refuses_an_array_of_another_length():
    with pytest.raises(DataError, match="'clv' has 2 values for 3 customers"):
        per_customer("clv", [1.0, 2.0], 3)


def test_every_public_name_is_exported_and_documented():
    assert sorted(m.__all__) == sorted(set(m.__all__))
    for name in m.__all__:
        assert "Examples" in getattr(m, name).__doc__, name
