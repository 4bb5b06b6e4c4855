from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from regulars.metrics import roc_auc
from regulars.models.churn.extra_trees import ExtraTreesChurn


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 4))
    return X, rng.random(3_000) < expit(X[:, 0] - 2 * X[:, 1])


@pytest.fixture(scope="module")
def forest(rows):
    return ExtraTreesChurn(60).fit(*rows)


def test_forecast_of_rows_not_seen_has_the_level_and_the_order(forest):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(4_000, 4))
    y = rng.random(4_000) < expit(X[:, 0] - 2 * X[:, 1])
    p = forest.predict_proba(X)[:, 1]
    assert p.mean() == pytest.approx(y.mean(), abs=0.03)
    truth = roc_auc(y, X[:, 0] - 2 * X[:, 1])
    assert truth - 0.03 < roc_auc(y, p) < truth + 0.005


def test_contributions_add_up_to_the_log_odds_from_the_base(forest, rows):
    X, y = rows
    total = forest.contributions(X).sum(axis=1)
    base = forest.decision_function(X) - total
    np.testing.assert_allclose(base, base[0], atol=1e-6)
    assert base[0] == pytest.approx(logit(y.mean()), abs=0.1)


def test_saved_forest_is_text_and_says_the_same(forest, rows):
    X, _ = rows
    data = json.loads(json.dumps(forest.to_dict()))
    same = ExtraTreesChurn.from_text(data, forest.to_text())
    np.testing.assert_array_equal(
        same.decision_function(X), forest.decision_function(X)
    )


def test_seed_settles_the_forest(forest, rows):
    X, _ = rows
    again, other = (ExtraTreesChurn(60, random_state=s).fit(*rows) for s in (0, 1))
    np.testing.assert_array_equal(
        again.decision_function(X), forest.decision_function(X)
    )
    assert np.abs(other.decision_function(X) - forest.decision_function(X)).max() > 0.01
