from __future__ import annotations

import numpy as np
import pytest

from regulars.models.churn import LightGBMChurn, lightgbm_churn


@pytest.fixture(scope="module")
def rows(churn_rows):
    return churn_rows(600, 0)


def test_another_seed_gives_other_trees(rows):
    X, y = rows
    one = LightGBMChurn(30, random_state=0).fit(X, y).predict_proba(X)
    other = LightGBMChurn(30, random_state=1).fit(X, y).predict_proba(X)
    assert (one != other).any()


def test_contributions_leave_the_base_value_out(rows):
    X, y = rows
    fitted = LightGBMChurn(10).fit(X, y)
    shares = fitted.contributions(X)
    base = fitted.decision_function(X) - shares.sum(axis=1)
    assert shares.shape == X.shape
    np.testing.assert_allclose(base, base[0], atol=1e-9)


def test_trees_are_saved_as_text_that_holds_their_number(rows):
    X, y = rows
    fitted = LightGBMChurn(7).fit(X, y)
    assert fitted.to_text().count("Tree=") == 7


def test_many_rows_are_explained_as_few_are(rows, monkeypatch):
    X, y = rows
    monkeypatch.setattr(lightgbm_churn, "TABLES_FROM", 300)
    fitted = LightGBMChurn(20, num_leaves=8).fit(X, y)
    assert not fitted.shares(X.to_numpy()[:0]).size
    few = np.vstack([fitted.contributions(X[:99]), fitted.contributions(X[99:200])])
    np.testing.assert_allclose(fitted.contributions(X)[:200], few, atol=1e-9)
    again = LightGBMChurn(20, num_leaves=8, random_state=3).fit(X, y).contributions(X)
    fitted.set_params(random_state=3).fit(X, y)
    np.testing.assert_array_equal(fitted.contributions(X), again)
