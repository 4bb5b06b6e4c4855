from __future__ import annotations

import numpy as np
import pytest

from regulars.metrics.tables import (
    Ranks,
    SortedScores,
    SortedSpend,
    bin_sums,
    equal_mass_starts,
)


def test_table_has_a_row_a_distinct_score_highest_first():
    table = SortedScores.from_scores([1, 0, 1], [0.1, 0.9, 0.9]).table()
    assert table.score.tolist() == [0.9, 0.1]
    assert table.churned.tolist() == [1.0, 1.0]
    assert table.total.tolist() == [2.0, 1.0]
    assert (table.n_customers, table.n_churned) == (3.0, 2.0)


def test_table_counts_each_customer_as_often_as_it_is_taken():
    table = SortedScores.from_scores([1, 0], [0.2, 0.8]).table(np.array([3.0, 1.0]))
    assert table.churned.tolist() == [0.0, 3.0]
    assert table.total.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("n_contacted", "expected"), [(0, 0), (1, 0.5), (2, 1), (3, 2)]
)
def test_reached_is_the_expectation_where_the_limit_falls_among_ties(
    n_contacted, expected
):
    table = SortedScores.from_scores([1, 0, 1], [0.5, 0.5, 0.1]).table()
    assert table.reached(n_contacted) == expected


def test_sums_are_by_distinct_score():
    scores = SortedScores.from_scores([1, 0, 0], [0.2, 0.8, 0.2])
    assert scores.sums(np.array([10.0, 30.0, 1.0])).tolist() == [30.0, 11.0]


def test_ranks_of_equal_values_are_the_mean_of_theirs():
    ranks = Ranks.of(np.array([5.0, 0.0, 0.0])).ranks(np.ones(3))
    # up to a constant: each rank is that of the middle of the customer
    assert (ranks + 0.5).tolist() == [3.0, 1.5, 1.5]


def test_spend_table_takes_each_customer_once_by_default():
    spend = SortedSpend.of([0, 10], [5, 10])
    assert spend.table().counts.tolist() == [1.0, 1.0]
    assert spend.table(np.array([1.0, 3.0])).n_customers == 4.0


@pytest.mark.parametrize(
    ("total", "expected"),
    [([1.0, 1.0, 2.0], [0, 2]), ([4.0], [0, 0]), ([3.0, 1.0], [0, 1])],
)
def test_bins_of_equal_mass_never_split_a_row(total, expected):
    assert equal_mass_starts(np.array(total), 2).tolist() == expected


def test_bins_of_equal_mass_refuse_less_than_one():
    with pytest.raises(ValueError, match="'n_bins' is 0"):
        equal_mass_starts(np.ones(3), 0)


def test_bin_sums_are_0_where_a_bin_is_empty():
    values = np.array([1.0, 2.0, 4.0])
    assert bin_sums(values, np.array([0, 2, 2])).tolist() == [3.0, 0.0, 4.0]
