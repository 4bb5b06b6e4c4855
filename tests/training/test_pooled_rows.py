from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from regulars.evaluation.holdout import ChurnTest
from regulars.training.dataset import Dataset
from regulars.training.pooled_rows import pooled_rows
from regulars.training.window import Choices, Trial

TABLE = Dataset(pd.DataFrame({"x": np.arange(6.0)}), np.arange(6.0) % 2)


def trial(positions, forecasts, clv=None):
    """A test of some rows of the table, with forecasts made up for it."""
    test = TABLE.take(np.array(positions))
    forecasts = {name: np.array(values) for name, values in forecasts.items()}
    gain = np.nan if clv is None else np.array(clv)
    scores = pd.DataFrame(
        {"value_to_win_back": 0.25 * gain, "churn_probability": 0.25}, index=positions
    )
    return Trial(
        window=SimpleNamespace(test=test),
        choices=Choices(),
        churn_test=ChurnTest({}, {}, {}, test.churned, forecasts),
        scores=scores,
    )


UNTESTED = Trial(window=SimpleNamespace(test=None), choices=Choices())


def test_row_of_two_tests_counts_once_as_the_first_has_it():
    pooled = pooled_rows(
        [trial([0, 2], {"model": [0.1, 0.2]}), trial([2, 5], {"model": [0.9, 0.5]})]
    )
    assert pooled.test.positions.tolist() == [0, 2, 5]
    assert pooled.forecasts["model"].tolist() == [0.1, 0.2, 0.5]
    assert pooled.test.churned.tolist() == [0.0, 0.0, 1.0]


def test_forecasts_are_those_that_every_test_has():
    pooled = pooled_rows(
        [
            trial([0], {"model": [0.1], "logistic": [0.3]}),
            trial([1], {"model": [0.4]}),
        ]
    )
    assert {*pooled.forecasts} == {"model"}


@pytest.mark.parametrize(("first", "value"), [(None, None), ([5.0], [5.0, np.nan])])
def test_value_is_none_where_no_row_has_one(first, value):
    pooled = pooled_rows(
        [trial([0], {"model": [0.1]}, first), trial([1], {"model": [0.4]})]
    )
    if value is None:
        assert pooled.value is None
    else:
        np.testing.assert_array_equal(pooled.value, value)


def test_nothing_is_pooled_where_nothing_was_tested():
    assert pooled_rows([UNTESTED]) is None
    pooled = pooled_rows([UNTESTED, trial([3], {"model": [0.7]})])
    assert pooled.test.positions.tolist() == [3]
