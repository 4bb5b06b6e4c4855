"""The dictionaries that training, registry and report rely on."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from regulars.metrics import (
    average_precision,
    brier,
    ece,
    evaluate_churn,
    evaluate_churn_differences,
    evaluate_churn_intervals,
    evaluate_value,
    evaluate_value_intervals,
    log_loss,
    mae,
    normalized_gini,
    paired_bootstrap,
    rmse,
    roc_auc,
    spearman,
    top_decile_lift,
    total_ratio,
    tweedie_deviance,
)

CHURN = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "top_decile_lift": top_decile_lift,
    "brier": brier,
    "log_loss": log_loss,
    "ece": ece,
}
VALUE = {
    "mae": mae,
    "rmse": rmse,
    "spearman": spearman,
    "tweedie_deviance": tweedie_deviance,
    "total_ratio": total_ratio,
    "normalized_gini": normalized_gini,
}


@pytest.fixture
def window():
    rng = np.random.default_rng(5)
    p = rng.beta(2, 3, 500).round(3)
    return (rng.random(500) < p).astype(float), p


def test_evaluate_churn_has_exactly_the_keys_of_the_contract(window):
    y, p = window
    figures = evaluate_churn(y, p)
    assert list(figures) == ["n_customers", "churn_rate", *CHURN]
    assert figures["n_customers"] == 500
    assert isinstance(figures["n_customers"], int)
    assert figures["churn_rate"] == y.mean()
    for name, metric in CHURN.items():
        assert figures[name] == metric(y, p)


def test_evaluate_churn_is_nan_only_where_one_class_defines_nothing():
    figures = evaluate_churn([0, 0], [0.2, 0.4])
    undefined = {name for name, value in figures.items() if math.isnan(value)}
    assert undefined == {"roc_auc", "average_precision", "top_decile_lift"}


def test_evaluate_value_has_the_figures_of_the_metrics(window):
    actual, predicted = window[0] * 100, window[1] * 90
    figures = evaluate_value(actual, predicted)
    assert figures == {name: m(actual, predicted) for name, m in VALUE.items()}


def test_intervals_hold_the_figures(window):
    figures, ends = evaluate_churn(*window), evaluate_churn_intervals(*window)
    assert list(ends) == list(CHURN)
    for name in CHURN.keys() - {"ece"}:
        assert ends[name][0] < figures[name] < ends[name][1]


def test_value_intervals_hold_the_figures(window):
    actual, predicted = window[0] * 100, window[1] * 90
    figures = evaluate_value(actual, predicted)
    ends = evaluate_value_intervals(actual, predicted, n_resamples=300)
    for name in VALUE:
        assert ends[name][0] < figures[name] < ends[name][1]


def test_differences_are_those_of_each_metric_alone(window):
    y, p = window
    other = p**2
    together = evaluate_churn_differences(y, p, other, n_resamples=50)
    for name, metric in CHURN.items():
        alone = paired_bootstrap(metric, y, p, other, n_resamples=50)
        assert together[name] == pytest.approx(alone)
        assert alone.difference == pytest.approx(metric(y, p) - metric(y, other))


def test_intervals_of_25000_customers_cost_seconds():
    rng = np.random.default_rng(0)
    y = (rng.random(25_000) < 0.3).astype(float)
    begin = time.perf_counter()
    evaluate_churn_intervals(y, rng.random(25_000), n_resamples=100)
    # measured .1 s; generous, because the machine may be busy
    assert time.perf_counter() - begin < 2
