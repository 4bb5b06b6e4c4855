"""Reading frames: distinct rows, weights, and what is refused."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.clv.rows import Rows, distinct, read_columns, read_rows
from regulars.errors import DataError


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([0.5, 1.5, 7.25])), min_size=1
    )
)
def test_distinct_gives_back_every_row_once(pairs):
    table = np.array(pairs, dtype=float)
    unique, place = distinct([table[:, 0], table[:, 1]])
    np.testing.assert_array_equal(np.column_stack(unique)[place], table)
    assert len(unique[0]) == len(set(pairs))


def test_distinct_sorts_numbers_that_no_integer_holds():
    far = np.array([1e300, 2.0, np.inf, 2.0])
    rows, place = distinct([far])
    assert rows[0].tolist() == [2.0, 1e300, np.inf]
    assert place.tolist() == [1, 0, 2, 0]


def test_distinct_survives_more_codes_than_an_integer_holds():
    wide = np.arange(3000.0)
    unique, place = distinct([wide] * 8)
    assert len(unique) == 8
    np.testing.assert_array_equal(unique[7][place], wide)


def test_read_columns_of_a_table_is_keyed_by_customer():
    table = ibis.memtable(pd.DataFrame({"customer_id": ["a", "b"], "T": [1, 2]}))
    assert read_columns(table, ["T"]).loc["b", "T"] == 2.0


def test_read_columns_hints_at_a_misspelt_column():
    with pytest.raises(DataError, match="Did you mean 'recensy'"):
        read_columns(pd.DataFrame({"recensy": [1.0]}), ["recency"])


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_read_columns_names_the_customers_without_a_number(value):
    frame = pd.DataFrame({"T": [1.0, value]}, index=["ann", "bob"])
    with pytest.raises(DataError, match=r"'T' is missing or infinite .*\(bob\)"):
        read_columns(frame, ["T"])


def test_read_columns_refuses_words():
    with pytest.raises(DataError, match="must hold numbers"):
        read_columns(pd.DataFrame({"T": ["long"]}), ["T"])


def test_read_columns_refuses_what_is_no_frame():
    with pytest.raises(TypeError, match=r"pandas.DataFrame or an ibis.Table"):
        read_columns([1, 2], ["T"])


def test_read_rows_groups_a_table_where_it_lives():
    table = ibis.memtable(pd.DataFrame({"T": [1.0, 1.0, 2.0], "weight": [2, 3, 4]}))
    columns, weight = read_rows(table, ["T"])
    assert dict(zip(columns["T"], weight, strict=True)) == {1.0: 5.0, 2.0: 4.0}


def test_read_rows_refuses_weights_that_are_not_positive():
    with pytest.raises(DataError, match="'weight' is not positive for 1 of 2"):
        read_rows(pd.DataFrame({"T": [1.0, 2.0], "weight": [0, 1]}), ["T"])


def test_sample_stands_for_all_customers():
    rows = Rows({"T": np.arange(100.0)}, np.full(100, 50.0))
    sample = rows.sample(1000)
    assert sample.n_customers == pytest.approx(5000.0)
    np.testing.assert_array_equal(sample["T"], rows.sample(1000)["T"])
