from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from regulars.models.churn.baselines import BASELINES, baseline_probabilities, labels


def _rows(n_rows, seed):
    rng = np.random.default_rng(seed)
    silence = rng.integers(1, 200, n_rows).astype(float)
    rows = pd.DataFrame(
        {
            "days_since_last_order": silence,
            "frequency": rng.integers(0, 9, n_rows).astype(float),
            "monetary_value": rng.gamma(3, 10, n_rows),
            "T_days": silence + rng.integers(0, 100, n_rows),
            "btyd_no_purchase_probability": rng.random(n_rows),
        }
    )
    rows["churned"] = (rng.random(n_rows) < expit((silence - 100) / 30)).astype(int)
    return rows


def test_every_baseline_is_a_probability_in_the_order_of_the_rows():
    test = _rows(80, 1)
    found = baseline_probabilities(_rows(200, 0), test)
    assert [*found] == ["bg_nbd", *(rule.name for rule in BASELINES)]
    for probability in found.values():
        assert probability.shape == (80,)
        assert ((probability >= 0) & (probability <= 1)).all()


def test_longer_silence_is_more_churn_and_nothing_else_counts():
    test = _rows(80, 1)
    found = baseline_probabilities(_rows(200, 0), test)["days_since_last_order"]
    order = np.argsort(test["days_since_last_order"], kind="stable")
    assert (np.diff(found[order]) >= -1e-12).all()
    assert found.max() > 0.8 > 0.3 > found.min()


def test_outcomes_of_the_test_window_are_not_used():
    test = _rows(80, 1)
    changed = test.assign(churned=1 - test["churned"])
    training = _rows(200, 0)
    one, other = (baseline_probabilities(training, rows) for rows in (test, changed))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    "training", [None, _rows(50, 0).assign(churned=1)], ids=["no rows", "one class"]
)
def test_only_the_process_is_left_when_nothing_can_be_learnt(training):
    assert [*baseline_probabilities(training, _rows(9, 1))] == ["bg_nbd"]


def test_every_baseline_has_words():
    assert {*labels()} == {"bg_nbd", *(rule.name for rule in BASELINES)}
    assert all(labels().values())
