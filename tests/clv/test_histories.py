"""Evaluation by distinct rows, and the checks of horizons and counts."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.clv.histories import by_distinct, check_count, check_horizon, check_level


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
