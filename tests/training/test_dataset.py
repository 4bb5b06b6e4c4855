from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.training.dataset import Dataset, concatenated, row_hashes


@pytest.fixture
def dataset():
    return Dataset(
        pd.DataFrame({"x": [1.0, 2.0, 3.0]}),
        np.array([0.0, 1.0, 0.0]),
        value=np.array([5.0, np.nan, 7.0]),
        slices=pd.DataFrame({"plan": ["s", "m", "s"]}),
        customer_id=np.array(["a", "b", "c"], dtype=object),
    )


def test_rows_taken_keep_everything_beside_each_other(dataset):
    rows = dataset.take(np.array([2, 0]))
    assert len(rows) == 2
    assert rows.features["x"].tolist() == [3.0, 1.0]
    assert rows.value.tolist() == [7.0, 5.0]
    assert rows.slices["plan"].tolist() == ["s", "s"]
    assert rows.customer_id.tolist() == ["c", "a"]
    assert rows.spend is None


def test_positions_are_those_of_the_first_data_set(dataset):
    rows = dataset.take(np.array([2, 1])).take(np.array([1]))
    assert rows.positions.tolist() == [1]


def test_what_one_data_set_lacks_all_lack(dataset):
    bare = Dataset(pd.DataFrame({"x": [9.0]}), np.array([1.0]), np.array([1.0]))
    both = concatenated([dataset, bare])
    assert both.features["x"].tolist() == [1.0, 2.0, 3.0, 9.0]
    assert both.value[[0, 3]].tolist() == [5.0, 1.0]
    assert both.slices is None
    assert both.customer_id is None


def test_row_hashes_do_not_depend_on_the_order_of_columns_or_rows():
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    hashes = row_hashes(rows)
    assert (row_hashes(rows[["b", "a"]]) == hashes).all()
    assert (row_hashes(rows.iloc[::-1]) == hashes[::-1]).all()
    assert hashes[0] != hashes[1]
