from __future__ import annotations

import math

import numpy as np
import pytest

from regulars.errors import DataError
from regulars.metrics import (
    average_precision,
    bootstrap_interval,
    brier,
    ece,
    log_loss,
    mae,
    normalized_gini,
    paired_bootstrap,
    rmse,
    roc_auc,
    spearman,
    top_decile_lift,
    total_ratio,
)

FAST = [roc_auc, average_precision, top_decile_lift, brier, log_loss, ece]
VALUE = [mae, rmse, spearman, total_ratio, normalized_gini]


@pytest.fixture
def window():
    rng = np.random.default_rng(5)
    p = rng.beta(2, 3, 300).round(2)
    return (rng.random(300) < p).astype(float), p


@pytest.mark.parametrize("metric", FAST + VALUE)
def test_counted_metrics_equal_the_metric_called_on_each_resample(metric, window):
    fast = bootstrap_interval(metric, *window, n_resamples=40)
    # a lambda is not known to be one of ours, so it is called on the resampled arrays
    slow = bootstrap_interval(lambda *a: metric(*a), *window, n_resamples=40)
    assert fast == pytest.approx(slow, rel=1e-9)


def test_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(2).normal(10, 2, 400)
    low, high = bootstrap_interval(np.mean, values, n_resamples=2000)
    standard_error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * standard_error, abs=0.02)
    assert high == pytest.approx(values.mean() + 1.96 * standard_error, abs=0.02)


def test_interval_narrows_when_the_level_is_lower(window):
    wide = bootstrap_interval(roc_auc, *window, level=0.95)
    narrow = bootstrap_interval(roc_auc, *window, level=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_interval_is_the_same_when_the_seed_is_the_same(window):
    first = bootstrap_interval(brier, *window, random_state=7)
    assert bootstrap_interval(brier, *window, random_state=7) == first
    generator = np.random.default_rng(7)
    assert bootstrap_interval(brier, *window, random_state=generator) == first
    assert bootstrap_interval(brier, *window, random_state=8) != first


def test_interval_is_nan_when_the_metric_is_undefined_in_most_resamples():
    low, high = bootstrap_interval(roc_auc, [0, 0, 0], [0.1, 0.2, 0.3])
    assert math.isnan(low)
    assert math.isnan(high)


def test_interval_leaves_out_resamples_without_churners():
    y, score = [1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3]
    assert bootstrap_interval(roc_auc, y, score) == (1.0, 1.0)


def test_paired_interval_excludes_0_when_one_model_is_better(window):
    y, p = window
    noise = np.random.default_rng(1).random(y.size)
    difference, low, high = paired_bootstrap(roc_auc, y, p, noise)
    assert low < difference < high
    assert low > 0


def test_paired_interval_is_0_when_both_models_are_the_same(window):
    y, p = window
    assert paired_bootstrap(brier, y, p, p, n_resamples=20) == (0.0, 0.0, 0.0)


def test_paired_interval_is_narrower_than_that_of_either_model(window):
    y, p = window
    own = bootstrap_interval(roc_auc, y, p)
    _, low, high = paired_bootstrap(roc_auc, y, p, p**2 + 0.01 * (p > 0.5))
    assert high - low < own.high - own.low


@pytest.mark.parametrize("n_resamples", [0, 1])
def test_interval_refuses_too_few_resamples(window, n_resamples):
    with pytest.raises(ValueError, match=f"'n_resamples' is {n_resamples}"):
        bootstrap_interval(brier, *window, n_resamples=n_resamples)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_interval_refuses_a_level_outside_0_to_1(window, level):
    with pytest.raises(ValueError, match="'level' is"):
        bootstrap_interval(brier, *window, level=level)


def test_interval_refuses_no_arrays_and_unequal_ones():
    with pytest.raises(DataError, match="No array was passed"):
        bootstrap_interval(np.mean)
    with pytest.raises(DataError, match="Lengths differ: 'arrays\\[0\\]' has 2"):
        bootstrap_interval(np.dot, [1, 2], [1, 2, 3])
