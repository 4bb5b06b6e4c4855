from __future__ import annotations

import numpy as np
import pytest

from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.models.retention import RetentionModel
from regulars.training.train import feature_importance, fit_as_of, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory, orders, open_shop, few_trees):
    """A workspace and a training on trees alone."""
    shop = open_shop(tmp_path_factory.mktemp("trained"), orders)
    settings = shop.settings("churn.members=[process, lightgbm]")
    work = open_workspace(settings, lambda step: None)
    problem = purchase_problem(work, lambda step: None)
    return work, train(problem, lambda step: None)


def test_tested_model_is_the_one_made_on_the_day_of_the_test(trained):
    work, training = trained
    problem = purchase_problem(work, lambda step: None)
    (trial,) = training.trials
    for window, model in (
        (problem.windows[0], trial.tested_model),
        (problem.final, training.model),
    ):
        made = fit_as_of(window, work.settings, lambda step: None)
        assert made.model.churn.to_dict() == model.churn.to_dict()
        assert made.model.spend == model.spend
        assert made.model.process.purchases_.params_ == model.process.purchases_.params_
    assert trial.choices.recipe.weights != training.choices.recipe.weights


def test_figures_are_of_the_model_and_the_baselines_on_one_window(trained):
    work, training = trained
    metrics = training.churn_test.metrics
    assert {"model", "bg_nbd", "rfm_logistic"} <= {*metrics}
    assert {row["cutoff"] for row in metrics.values()} == {
        work.timeline.test_cutoff.isoformat()
    }
    assert len({row["n_customers"] for row in metrics.values()}) == 1
    assert {"model", "bg_nbd"} <= {*training.value_test.metrics}
    assert set(training.churn_test.intervals) == set(metrics)


def test_importance_is_positive_falling_and_says_the_direction(trained):
    _, training = trained
    rows = training.importance
    assert rows
    strengths = [row["importance"] for row in rows]
    assert strengths == sorted(strengths, reverse=True)
    assert min(strengths) > 0
    assert {row["direction"] for row in rows} <= {"raises", "lowers", "mixed"}


def test_process_that_stands_alone_is_explained_by_its_inputs(trained):
    from regulars.features.matrix import build_matrix
    from regulars.models.churn import Recipe
    from regulars.models.spend import SpendRecipe

    work, training = trained
    features = build_matrix(work.ledger, [work.timeline.cutoff])
    model = RetentionModel(
        training.model.horizon,
        Recipe.process_only(),
        process=training.model.process,
        spend=SpendRecipe(),
    ).fit(None, current=features)
    names = {row["feature"] for row in feature_importance(model, features)}
    assert names == {"frequency", "recency_days", "T_days"}
    found = model.predict(features)
    np.testing.assert_allclose(
        found["churn_probability"],
        found["btyd_no_purchase_probability"].clip(1e-4, 1 - 1e-4),
    )
