from __future__ import annotations

import numpy as np
import pytest

from regulars.models.paired import mean_gain


def test_error_is_that_of_customers_and_not_of_rows():
    """The same hundred customers in five windows are a hundred, not five hundred."""
    gain = np.random.default_rng(0).normal(0.1, 1, 100)
    once = mean_gain([gain], [np.arange(100)])
    often = mean_gain([gain] * 5, [np.arange(100)] * 5)
    assert often == pytest.approx(once)
    strangers = mean_gain([gain] * 5, [np.arange(100) + 100 * k for k in range(5)])
    assert strangers.error == pytest.approx(once.error / np.sqrt(5))
    assert mean_gain([gain] * 5, [None] * 5) == pytest.approx(strangers)


def test_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    n_held = 0
    for _ in range(300):
        own = rng.normal(0, 1, 80)
        windows = [own + rng.normal(0, 0.5, 80) for _ in range(3)]
        found = mean_gain(windows, [np.arange(80)] * 3)
        n_held += abs(found.mean) < 1.96 * found.error
    assert 0.91 < n_held / 300 < 0.985


def test_each_window_counts_alike():
    found = mean_gain([np.ones(10), np.zeros(1000)], [None, None])
    assert found.mean == pytest.approx(0.5)
