from __future__ import annotations

import numpy as np
import pytest

from regulars.models.churn import LogisticChurn


@pytest.fixture(scope="module")
def rows(churn_rows):
    return churn_rows(600, 0)


def test_column_that_is_always_missing_changes_nothing(rows):
    X, y = rows
    alone = LogisticChurn().fit(X, y).predict_proba(X)
    more = X.assign(empty=np.nan)
    with_empty = LogisticChurn().fit(more, y).predict_proba(more)
    np.testing.assert_allclose(with_empty, alone, atol=1e-6)


def test_regression_learns_from_being_missing(churn_rows):
    X, _ = churn_rows(400, 3)
    y = np.arange(400) % 2
    holes = X.assign(noise=np.where(y == 1, np.nan, 0.0))
    churn = LogisticChurn(C=1.0).fit(holes, y).predict_proba(holes)[:, 1]
    assert churn[y == 1].min() > churn[y == 0].max()


def test_contributions_count_the_indicator_to_its_feature(rows):
    X, y = rows
    holes = X.mask(np.random.default_rng(0).random(X.shape) < 0.3)
    fitted = LogisticChurn().fit(holes, y)
    parts = fitted.contributions(holes)
    assert parts.shape == X.shape
    np.testing.assert_allclose(
        parts.sum(axis=1) + fitted.intercept_, fitted.decision_function(holes)
    )


def test_outlier_counts_no_more_than_four_deviations(rows):
    X, y = rows
    fitted = LogisticChurn().fit(X, y)
    far, farther = (X.head(1).assign(silence=value) for value in (1e9, 1e12))
    np.testing.assert_array_equal(
        fitted.decision_function(far), fitted.decision_function(farther)
    )
