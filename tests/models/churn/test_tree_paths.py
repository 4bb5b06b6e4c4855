from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from regulars.models.churn import tree_paths
from regulars.models.churn.extra_trees import ExtraTreesChurn
from regulars.models.churn.tree_paths import TreePaths


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 5))
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, (np.nan_to_num(X[:, 0] + X[:, 1] ** 2) > 1).astype(float)


def _booster(rows, n_trees, **params):
    options = {"objective": "regression", "verbose": -1, "num_threads": 1, **params}
    return lightgbm.train(options, lightgbm.Dataset(*rows), n_trees)


def test_shares_and_base_add_up_to_the_trees(rows):
    booster = _booster(rows, 30, num_leaves=31)
    paths = TreePaths(booster)
    total = paths.contributions(rows[0]).sum(axis=1) + paths.base
    np.testing.assert_allclose(total, booster.predict(rows[0]), atol=1e-9)


def test_one_split_is_the_step_from_the_mean_to_the_leaf():
    X = np.column_stack([np.zeros(100), np.arange(100.0)])
    y = (X[:, 1] >= 75).astype(float)
    booster = _booster((X, y), 1, num_leaves=2, learning_rate=1.0, min_data_in_bin=1)
    paths = TreePaths(booster)
    assert paths.base == pytest.approx(0.25)
    found = paths.contributions(X)
    assert not found[:, 0].any()
    np.testing.assert_allclose(found[:, 1], y - 0.25, atol=1e-6)


def test_forest_agrees_with_treeshap(rows):
    forest = ExtraTreesChurn(80, num_leaves=64).fit(*rows)
    few = rows[0][:100]
    shap = forest.booster_.predict(few, pred_contrib=True)
    found = TreePaths(forest.booster_).contributions(few)
    assert np.corrcoef(shap[:, :-1].ravel(), found.ravel())[0, 1] > 0.98
    np.testing.assert_allclose(TreePaths(forest.booster_).base, shap[:, -1], rtol=1e-6)


def test_blocks_change_nothing(rows, monkeypatch):
    paths = TreePaths(_booster(rows, 5))
    whole = paths.contributions(rows[0])
    monkeypatch.setattr(tree_paths, "ROWS", 77)
    np.testing.assert_array_equal(paths.contributions(rows[0]), whole)
    assert paths.contributions(rows[0][:0]).shape == (0, 5)


def test_tree_without_a_split_moves_nothing(rows):
    flat = _booster((rows[0], np.ones(len(rows[0]))), 3)
    paths = TreePaths(flat)
    assert not paths.contributions(rows[0][:5]).any()
    assert paths.base == pytest.approx(flat.predict(rows[0][:1])[0])
