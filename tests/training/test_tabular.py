from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.training.dataset import Dataset, Split
from regulars.training.tabular import TabularWindow, example_row, most_common
from regulars.training.terms import horizon_of


@pytest.fixture
def window():
    """Forty rows of which `calls` tells who leaves, and `plan` does not."""
    calls = np.arange(40.0) % 20
    rows = pd.DataFrame({"calls": calls, "plan": ["s", "m"] * 20})
    value = np.where(np.arange(40) % 2, 500.0, np.nan)
    dataset = Dataset(rows, (calls > 9).astype(float), value)
    train, test = np.arange(30), np.arange(30, 40)
    pairs = [(np.arange(20), np.arange(20, 30))]
    settings = parse_settings("{name: x, source: {transactions: {path: a.csv}}}")
    terms = horizon_of(settings, has_days=False)
    return TabularWindow(dataset, Split(train, test, pairs, "part 1"), terms)


def test_customers_of_unknown_value_are_worth_nothing_to_the_objective(window):
    (pair,) = window.folds(with_value=True)
    assert pair.churn.value.tolist() == [0.0, 500.0] * 5
    assert window.folds(with_value=False)[0].churn.value is None


def test_test_holds_the_rows_of_the_split_and_where_they_came_from(window):
    assert window.test.positions.tolist() == [*range(30, 40)]
    assert window.test.churned.tolist() == window.dataset.churned[30:].tolist()


def test_baselines_are_learnt_from_the_training_rows(window):
    baselines = window.baselines()
    assert window.best_column == "calls"
    assert set(baselines.churn["base_rate"]) == {window.dataset.churned[:30].mean()}
    late = baselines.churn["best_column"]
    assert (np.diff(late) > 0).all()  # each test row calls more than the one before


def test_rows_without_days_are_known_again_by_themselves(window):
    assert window.seen_rows().equals(window.dataset.features.iloc[:30])


def test_example_is_nobodys_row():
    rows = pd.DataFrame({"age": [1.0, 2.0, 9.0], "gone": [None, None, None]})
    assert example_row(rows).to_dict("records") == [
        {"customer_id": "c1", "age": 2.0, "gone": None}
    ]


def test_most_common_of_several_is_the_first_in_the_alphabet():
    assert most_common(["b", "a", "b", "a"]) == "a"
