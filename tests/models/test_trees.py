from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from regulars.models import trees
from regulars.models.trees import TreeSums, raw_scores


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6_000, 6))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 4] = rng.integers(-1, 2, len(X)) * rng.choice([1.0, 1e-40], len(X))
    X[:, 5] = rng.integers(0, 3, len(X))  # never missing
    y = np.nan_to_num(X[:, 0] + X[:, 1] ** 2 + X[:, 5]) > 1
    return X, y.astype(float)


def _booster(rows, n_trees=40, **params):
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, **params}
    return lightgbm.train(options, lightgbm.Dataset(*rows), n_trees)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"num_leaves": 256, "min_child_samples": 3},
        {"num_leaves": 2},
        {"use_missing": False},
        {"extra_trees": True},
        {"objective": "regression_l1"},
        {"objective": "tweedie"},
    ],
)
def test_sums_are_those_of_lightgbm_to_the_last_bit(rows, params):
    booster = _booster(rows, **params)
    sums = TreeSums.of(booster)
    assert sums is not None
    odd = [np.full((1, 6), np.nan), np.zeros((1, 6)), rows[0][:9] * 1e9]
    asked = np.vstack([rows[0], *odd])
    expected = booster.predict(asked, raw_score=True)
    np.testing.assert_array_equal(sums(asked), expected)


def test_blocks_and_their_order_in_memory_change_nothing(rows, monkeypatch):
    booster = _booster(rows)
    whole = raw_scores(booster, rows[0])
    np.testing.assert_array_equal(whole[:9], raw_scores(booster, rows[0][:9]))
    monkeypatch.setattr(trees, "ROWS", 77)
    np.testing.assert_array_equal(
        raw_scores(booster, np.asfortranarray(rows[0])), whole
    )
    assert not len(TreeSums.of(booster)(rows[0][:0]))


def test_trees_without_a_split_are_added_up(rows):
    flat = _booster((rows[0], np.ones(len(rows[0]))), 3, objective="regression")
    expected = flat.predict(rows[0], raw_score=True)
    np.testing.assert_array_equal(raw_scores(flat, rows[0]), expected)


def test_first_trees_can_be_asked_alone(rows):
    booster = _booster(rows)
    expected = booster.predict(rows[0], raw_score=True, num_iteration=7)
    np.testing.assert_array_equal(raw_scores(booster, rows[0], 7), expected)


@pytest.mark.parametrize(
    "params", [{"zero_as_missing": True}, {"num_leaves": 300, "min_child_samples": 2}]
)
def test_other_trees_are_left_to_lightgbm(rows, params):
    booster = _booster(rows, **params)
    assert TreeSums.of(booster) is None
    expected = booster.predict(rows[0], raw_score=True)
    np.testing.assert_array_equal(raw_scores(booster, rows[0]), expected)
