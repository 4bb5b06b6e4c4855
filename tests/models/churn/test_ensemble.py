from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from regulars.models.churn.calibration import Calibrator
from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
from regulars.models.churn.members import process_log_odds
from regulars.models.churn.pooling import POOLS, combine

BLEND = Recipe(
    {"process": 0.1, "logistic": 0.3, "lightgbm": 0.5, "extra_trees": 0.1},
    {
        "lightgbm": {"n_trees": 20, "min_child_samples": 10},
        "logistic": {"C": 0.3},
        "extra_trees": {"n_trees": 20},
    },
    "log_odds",
)


@pytest.fixture(scope="module")
def rows(churn_rows):
    return churn_rows(400, 0)


@pytest.fixture(scope="module")
def blend(rows):
    return ChurnEnsemble(BLEND).fit(*rows)


def _kept(model):
    data = json.loads(json.dumps(model.to_dict()))
    return ChurnEnsemble.from_dict(data, model.trees())


def test_log_odds_are_the_weighted_sum_of_the_members(blend, rows):
    X, _ = rows
    parts = blend.member_log_odds(X)
    expected = sum(BLEND.weights[name] * part for name, part in parts.items())
    np.testing.assert_allclose(blend.decision_function(X), expected)
    np.testing.assert_allclose(blend.predict(X), expit(expected), atol=1e-12)


def test_probability_is_the_weighted_mean_of_the_members(blend, rows):
    X, y = rows
    model = ChurnEnsemble(replace(BLEND, pool="probability")).fit(X, y)
    parts = model.member_log_odds(X)
    expected = sum(BLEND.weights[name] * expit(part) for name, part in parts.items())
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-9)
    assert np.abs(model.predict(X) - blend.predict(X)).max() > 0.01


def test_calibrator_is_applied(rows):
    X, y = rows
    flat = Calibrator("sigmoid").fit(np.zeros(4), np.array([0, 0, 0, 1]))
    recipe = replace(BLEND, calibrator=flat)
    model = ChurnEnsemble(recipe).fit(X, y)
    np.testing.assert_allclose(
        model.predict(X), flat.predict(model.decision_function(X))
    )


def test_member_without_weight_is_not_fitted(rows):
    recipe = Recipe({"process": 0.5, "logistic": 0.5, "lightgbm": 0.0})
    model = ChurnEnsemble(recipe).fit(*rows)
    assert {*model.members_} == {"logistic", "process"}
    assert model.trees() == {}
    assert {*model.member_log_odds(rows[0])} == {"logistic", "process"}


def test_process_only_recipe_needs_no_rows(rows):
    X, _ = rows
    model = ChurnEnsemble(Recipe.process_only()).fit(X.iloc[:0], [])
    assert not Recipe.process_only().needs_fitting
    np.testing.assert_allclose(model.predict(X), X["btyd_no_purchase_probability"])
    assert model.contributions(X) is None
    np.testing.assert_array_equal(_kept(model).predict(X), model.predict(X))


def test_process_log_odds_are_finite_at_the_edges():
    rows = pd.DataFrame({"btyd_no_purchase_probability": [0.0, 0.5, 1.0]})
    found = process_log_odds(rows)
    assert np.isfinite(found).all()
    assert found[1] == 0
    assert found[0] == pytest.approx(-found[2])


def test_saved_ensemble_predicts_the_same_bits(blend, rows):
    X, _ = rows
    np.testing.assert_array_equal(_kept(blend).predict(X), blend.predict(X))
    pd.testing.assert_frame_equal(_kept(blend).contributions(X), blend.contributions(X))


def test_columns_may_come_in_another_order(blend, rows):
    X, _ = rows
    turned = X.assign(more=1.0)[["more", *X.columns[::-1]]]
    np.testing.assert_array_equal(blend.predict(turned), blend.predict(X))


def test_contributions_are_the_trees_when_there_are_trees(blend, rows):
    X, _ = rows
    expected = blend.members_["lightgbm"].contributions(X)
    np.testing.assert_array_equal(blend.contributions(X), expected)


def test_contributions_are_the_regressions_when_it_is_the_only_one(rows):
    X, y = rows
    model = ChurnEnsemble(Recipe({"logistic": 1.0})).fit(X, y)
    np.testing.assert_array_equal(
        model.contributions(X), model.members_["logistic"].contributions(X)
    )


@pytest.mark.parametrize("pool", POOLS)
def test_combine_gives_the_same_bits_whatever_the_order(pool):
    rng = np.random.default_rng(0)
    parts = {name: rng.normal(size=50) for name in "abc"}
    weights = {"a": 0.1, "b": 0.2, "c": 0.7}
    turned = dict(reversed(weights.items()))
    np.testing.assert_array_equal(
        combine(parts, weights, pool), combine(parts, turned, pool)
    )


def test_recipe_survives_json():
    kept = Recipe.from_dict(json.loads(json.dumps(BLEND.to_dict())))
    assert kept.to_dict() == BLEND.to_dict()
    assert kept.needs_fitting
