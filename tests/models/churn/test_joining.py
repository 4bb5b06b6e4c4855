from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regulars.models.churn.joining import unearned
from regulars.models.churn.tuning import select

MEMBERS = ("logistic", "lightgbm")
TABLES = {"visits": ["visits"], "letters": ["letters"]}


def _with_tables(fold, seed):
    """Visits know the outcome in part, letters nothing of it."""
    rng = np.random.default_rng(seed)

    def joined(rows, churned):
        n = len(rows)
        return rows.assign(
            visits=churned + rng.normal(0, 0.8, n), letters=rng.normal(0, 1, n)
        )

    return replace(
        fold,
        train=joined(fold.train, fold.y_train),
        valid=joined(fold.valid, fold.y_valid),
    )


@pytest.fixture(scope="module")
def beside(folds):
    return [_with_tables(fold, seed) for seed, fold in enumerate(folds)]


def test_table_that_helps_joins_and_one_that_does_not_stays_outside(beside):
    found = unearned(beside, TABLES, members=MEMBERS)
    assert found.left_out == {"letters": ("letters",)}
    assert found.gains["visits"] < -0.02


def test_nothing_is_judged_by_one_window_or_by_nobody(beside):
    assert unearned(beside[:1], TABLES, members=MEMBERS).left_out == {}
    assert unearned(beside, TABLES, members=["process"]).left_out == {}


def test_what_stays_outside_leaves_no_trace_on_the_choice(folds, beside):
    letters = [
        replace(
            fold,
            train=fold.train.drop(columns="visits"),
            valid=fold.valid.drop(columns="visits"),
        )
        for fold in beside
    ]
    asked = {"members": MEMBERS, "trials": 2, "random_state": 0}
    without = select(folds, **asked)
    outside = select(letters, joining={"letters": ["letters"]}, **asked)
    assert outside.recipe.left_out == {"letters": ("letters",)}
    assert outside.recipe.weights == without.recipe.weights
    assert outside.recipe.settings == without.recipe.settings
