from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from regulars.models.churn.calibration import Calibrator
from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
from regulars.models.churn.members import ProcessMember
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
    np.testing.assert_allclose(
        model.contributions(X)["btyd_no_purchase_probability"],
        logit(X["btyd_no_purchase_probability"]),
    )
    np.testing.assert_array_equal(_kept(model).predict(X), model.predict(X))


def test_process_log_odds_are_finite_at_the_edges():
    found = ProcessMember().log_odds(np.array([[0.0], [0.5], [1.0]]))
    assert np.isfinite(found).all()
    assert found[1] == 0
    assert found[0] == pytest.approx(-found[2])


def test_saved_ensemble_predicts_the_same_bits(blend, rows):
    X, _ = rows
    np.testing.assert_array_equal(_kept(blend).predict(X), blend.predict(X))
    compared = ChurnEnsemble(BLEND).fit(*rows)
    compared.compare_with(compared.hear(X.head(99)))
    pd.testing.assert_frame_equal(
        _kept(compared).contributions(X), compared.contributions(X), check_exact=True
    )


def test_columns_may_come_in_another_order(blend, rows):
    X, _ = rows
    turned = X.assign(more=1.0)[["more", *X.columns[::-1]]]
    np.testing.assert_array_equal(blend.predict(turned), blend.predict(X))


@pytest.mark.parametrize("pool", POOLS)
def test_contributions_add_up_to_the_log_odds_less_those_of_a_usual_customer(
    rows, pool
):
    X, y = rows
    model = ChurnEnsemble(replace(BLEND, pool=pool)).fit(X, y)
    model.compare_with(model.hear(X))
    usual = {name: z.mean() for name, z in model.member_log_odds(X).items()}
    base = combine(
        {name: np.array([z]) for name, z in usual.items()}, BLEND.weights, pool
    )
    total = model.contributions(X).sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(X) - base, atol=1e-3)


def test_members_contribute_as_they_are_blended(blend, rows):
    X, _ = rows
    own = [
        BLEND.weights[name] * member.shares(X[blend.features_].to_numpy())
        for name, member in blend.members_.items()
    ]
    assert len(own) == 4
    np.testing.assert_allclose(blend.contributions(X), np.sum(own, axis=0))


@pytest.mark.parametrize("pool", POOLS)
def test_each_member_is_heard(rows, pool):
    X, y = rows
    model = ChurnEnsemble(replace(BLEND, pool=pool)).fit(X, y)
    whole = model.contributions(X)
    nothing = dict.fromkeys(model.features_, np.zeros(len(X)))
    for name in BLEND.weights:
        gap = whole - model.contributions(X, {name: nothing})
        assert gap.abs().to_numpy().max() > 0.02, name


def test_process_is_explained_by_what_is_known_of_it(rows):
    X, y = rows
    recipe = Recipe({"process": 0.4, "logistic": 0.6}, pool="log_odds")
    model = ChurnEnsemble(recipe).fit(X, y)
    known = {"silence": np.arange(400.0), "age": np.ones(400)}
    plain, told = model.contributions(X), model.contributions(X, {"process": known})
    np.testing.assert_allclose(told["age"], 0.4)
    own = 0.6 * model.members_["logistic"].shares(X[model.features_].to_numpy())
    place = model.features_.index("silence")
    np.testing.assert_allclose(told["silence"], own[:, place] + 0.4 * known["silence"])
    assert (plain["btyd_no_purchase_probability"] - own[:, 3]).abs().max() > 1


def test_what_is_usual_is_nothing_on_average(rows):
    X, y = rows
    model = ChurnEnsemble(BLEND).fit(X, y)
    model.compare_with(model.hear(X.head(150)))
    usual = model.contributions(X.head(150)).mean()
    np.testing.assert_allclose(usual, 0.0, atol=1e-12)
    assert model.contributions(X).mean().abs().max() > 1e-3


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
