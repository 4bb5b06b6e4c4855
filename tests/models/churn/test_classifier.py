from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.exceptions import NotFittedError

from regulars.models.churn import LightGBMChurn, LogisticChurn

BOTH = [LogisticChurn(C=1.0), LightGBMChurn(30, min_child_samples=10)]


@pytest.fixture(params=BOTH, ids=lambda model: type(model).__name__)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def rows(churn_rows):
    return churn_rows(600, 0)


def _kept(model):
    if isinstance(model, LogisticChurn):
        return LogisticChurn.from_dict(json.loads(json.dumps(model.to_dict())))
    data = json.loads(json.dumps(model.to_dict()))
    return LightGBMChurn.from_text(data, model.to_text())


def test_probabilities_rank_better_than_chance(model, rows, churn_rows):
    fitted = model.fit(*rows)
    X, y = churn_rows(600, 1)
    churn = fitted.predict_proba(X)[:, 1]
    assert churn[y == 1].mean() > churn[y == 0].mean() + 0.1


def test_saved_model_predicts_the_same_bits(model, rows):
    X, _ = rows
    fitted = model.fit(*rows)
    np.testing.assert_array_equal(
        _kept(fitted).predict_proba(X), fitted.predict_proba(X)
    )
    assert _kept(fitted).feature_names_in_.tolist() == X.columns.tolist()


def test_saved_model_of_arrays_has_no_names(model, rows):
    X, y = rows
    fitted = model.fit(X.to_numpy(), y)
    assert not hasattr(_kept(fitted), "feature_names_in_")


def test_same_seed_gives_the_same_bits(model, rows):
    X, y = rows
    first = model.fit(X, y).predict_proba(X)
    again = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(first, again)


def test_missing_values_are_welcome(model, rows):
    X, y = rows
    holes = X.mask(np.random.default_rng(0).random(X.shape) < 0.2)
    probability = model.fit(holes, y).predict_proba(holes)
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)


def test_contributions_add_up_to_the_log_odds(model, rows):
    X, y = rows
    fitted = model.fit(X, y)
    parts = fitted.contributions(X)
    assert parts.shape == X.shape
    rest = fitted.decision_function(X) - parts.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)


def test_contributions_point_where_the_effect_points(model, rows):
    X, y = rows
    parts = pd.DataFrame(model.fit(X, y).contributions(X), columns=X.columns)
    assert np.corrcoef(parts["silence"], X["silence"])[0, 1] > 0.5
    assert np.corrcoef(parts["orders"], X["orders"])[0, 1] < -0.5


def test_probability_is_the_logistic_function_of_the_log_odds(model, rows):
    X, y = rows
    fitted = model.fit(X, y)
    churn = fitted.predict_proba(X)[:, 1]
    np.testing.assert_allclose(churn, expit(fitted.decision_function(X)))
    np.testing.assert_allclose(logit(churn), fitted.decision_function(X), atol=1e-6)


def test_classes_may_be_words(model, rows):
    X, y = rows
    words = np.where(y == 1, "left", "a stayed")
    fitted = model.fit(X, words)
    assert fitted.classes_.tolist() == ["a stayed", "left"]
    agreed = fitted.predict(X) == np.where(
        fitted.predict_proba(X)[:, 1] > 0.5, "left", "a stayed"
    )
    assert agreed.all()


@pytest.mark.parametrize(
    ("y", "message"),
    [(np.zeros(600), "has 1 class"), (np.arange(600) % 3, "has 3 classes")],
)
def test_other_than_two_classes_are_refused(model, rows, y, message):
    with pytest.raises(ValueError, match=f"{message}.*stayed and customers who left"):
        model.fit(rows[0], y)


def test_other_columns_than_those_of_fit_are_refused(model, rows):
    X, y = rows
    fitted = model.fit(X, y)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict_proba(X.rename(columns={"noise": "noses"}))


@pytest.mark.parametrize(
    "call", ["predict_proba", "contributions", "decision_function"]
)
def test_unfitted_model_is_refused(call):
    for fresh in (LogisticChurn(), LightGBMChurn()):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(fresh, call)([[0.0]])


def test_unfitted_model_cannot_be_saved():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LogisticChurn().to_dict()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LightGBMChurn().to_text()
