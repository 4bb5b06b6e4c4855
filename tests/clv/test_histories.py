from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv.histories import (
    by_distinct,
    check_count,
    check_histories,
    check_horizon,
    check_level,
    within_age,
)
from regulars.clv.rows import Rows
from regulars.errors import DataError


def test_by_distinct_evaluates_each_row_once():
    seen = []

    def square(values, factor):
        seen.append(values.size)
        return values**2 * factor

    found = by_distinct(square, np.array([3.0, 1.0, 3.0, 3.0]), 2.0)
    assert found.tolist() == [18.0, 2.0, 18.0, 18.0]
    assert seen == [2]


def test_by_distinct_of_numbers_alone_is_the_function():
    assert by_distinct(lambda u, v: u + v, 1.0, 2.0) == 3.0


def test_check_horizon_returns_an_array():
    assert check_horizon([1, 2], 2).dtype == np.float64


def test_check_count_takes_whole_numbers_only():
    assert check_count([0, 3]).tolist() == [0.0, 3.0]
    with pytest.raises(ValueError, match="whole number"):
        check_count(-1)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_check_level_lies_between_nothing_and_all(level):
    with pytest.raises(ValueError, match="level must lie"):
        check_level(level)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((1.5, 3.0, 9.0), "frequency is not a whole number"),
        ((1.0, 3.0, 2.0), "recency is greater than T"),
        ((0.0, 3.0, 9.0), "frequency is 0 but recency is not"),
        ((1.0, 0.0, 9.0), "frequency is positive but recency is 0"),
    ],
)
def test_history_that_cannot_be_is_refused(row, sentence):
    table = pd.DataFrame([row], columns=["frequency", "recency", "T"])
    with pytest.raises(DataError, match=sentence):
        check_histories(table)


def test_recency_above_age_by_a_bit_becomes_the_age():
    above = {"recency": np.array([3.0 + 1e-15]), "T": np.array([3.0])}
    assert within_age(Rows(above, np.ones(1)))["recency"].tolist() == [3.0]
