from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from regulars.models.churn import shap_tables
from regulars.models.churn.shap_tables import ShapTables


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 6))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 5] = rng.integers(0, 3, 2_000)  # never missing
    y = np.nan_to_num(X[:, 0] + X[:, 1] ** 2 + X[:, 5]) > 1
    return X, y.astype(float)


def _booster(rows, n_trees=40, **params):
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, **params}
    return lightgbm.train(options, lightgbm.Dataset(*rows), n_trees)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"num_leaves": 60},
        {"max_depth": 2},
        {"num_leaves": 2},
        {"use_missing": False},
        {"extra_trees": True},
    ],
)
def test_shares_are_those_of_lightgbm(rows, params):
    booster = _booster(rows, **params)
    tables = ShapTables.of(booster)
    assert tables is not None
    few = rows[0][:300]
    few = np.vstack([few, np.full((1, 6), np.nan), np.zeros((1, 6)), few[:1] * 1e9])
    expected = booster.predict(few, pred_contrib=True)[:, :-1]
    np.testing.assert_allclose(tables.contributions(few), expected, atol=1e-9)


def test_blocks_change_nothing(rows, monkeypatch):
    tables = ShapTables.of(_booster(rows))
    whole = tables.contributions(rows[0])
    monkeypatch.setattr(shap_tables, "ROWS", 77)
    np.testing.assert_allclose(tables.contributions(rows[0]), whole, atol=1e-12)
    assert tables.contributions(rows[0][:0]).shape == (0, 6)


def test_trees_without_a_split_move_nothing(rows):
    flat = _booster((rows[0], np.ones(len(rows[0]))), 3, objective="regression")
    assert not ShapTables.of(flat).contributions(rows[0][:5]).any()


@pytest.mark.parametrize(
    "params", [{"zero_as_missing": True}, {"categorical_feature": [5]}]
)
@pytest.mark.filterwarnings("ignore:categorical_feature keyword")
def test_trees_of_another_kind_are_left_to_lightgbm(rows, params):
    booster = _booster((rows[0], (rows[0][:, 5] == 1).astype(float)), **params)
    assert ShapTables.of(booster) is None


def test_ways_too_long_for_a_table_are_left_to_lightgbm(rows, monkeypatch):
    monkeypatch.setattr(shap_tables, "DEEPEST", 2)
    assert ShapTables.of(_booster(rows)) is None
    monkeypatch.undo()
    monkeypatch.setattr(shap_tables, "LARGEST", 100)
    assert ShapTables.of(_booster(rows)) is None
