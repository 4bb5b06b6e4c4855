from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.table_columns import (
    NEVER,
    array_of,
    days,
    names_of,
    numbers,
    order_of,
    ranked,
)

FRAME = pd.DataFrame(
    {
        "n": [1.5, None],
        "flag": [True, None],
        "day": pd.to_datetime(["1970-01-11", None]),
        "word": ["x", None],
        "mixed": pd.Series([3, "x"], dtype=object),
    }
)
ARROW = pa.Table.from_pandas(FRAME.drop(columns="mixed"))


@pytest.mark.parametrize("table", [FRAME, ARROW], ids=["pandas", "arrow"])
def test_columns_are_arrays_whatever_holds_them(table):
    assert names_of(table)[:4] == ("n", "flag", "day", "word")
    np.testing.assert_array_equal(numbers(array_of(table, "n")), [1.5, np.nan])
    assert numbers(array_of(table, "flag")).tolist() == [True, False]
    assert days(array_of(table, "day")).tolist() == [10, NEVER]
    ranks, values = ranked(array_of(table, "word"))
    assert ranks.tolist() == [1, 0]
    assert values.to_pylist() == ["x"]


def test_numbers_and_texts_in_one_column_are_texts():
    assert array_of(FRAME, "mixed").to_pylist() == ["3", "x"]


def test_chunks_and_dates_of_arrow_are_read():
    table = pa.table({"day": pa.chunked_array([[None], [10]], pa.date32())})
    assert days(array_of(table, "day")).tolist() == [NEVER, 10]


def test_ranks_rise_with_the_values_and_hold_more_than_a_byte():
    values = [f"{n:03}" for n in range(299, -1, -1)]
    ranks, names = ranked(pa.array([*values, None]))
    assert ranks.tolist() == [*range(300, 0, -1), 0]
    assert names.to_pylist() == sorted(values)


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=20),
    scale=st.sampled_from([1, 1 << 31]),
)
def test_order_is_that_of_a_stable_sort_whether_the_keys_fit_or_not(rows, scale):
    keys = [np.array([row[n] * scale for row in rows], np.int64) for n in range(2)]
    expected = sorted(range(len(rows)), key=lambda place: rows[place])
    assert order_of(*keys).tolist() == expected
