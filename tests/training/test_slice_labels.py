from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.training.slice_labels import MOST_KINDS, MOST_VALUES, in_thirds, slices_of


@pytest.fixture
def rows():
    return pd.DataFrame({"plan": ["s", "m", None], "age": [1.0, 2.0, np.nan]})


def test_attributes_of_few_values_are_slices(rows):
    labels = slices_of(rows)
    assert labels["plan"].tolist() == ["s", "m", "unknown"]
    assert labels["age"].tolist() == ["1", "2", "unknown"]


def test_values_are_cut_in_thirds(rows):
    bands = slices_of(rows, [5.0, 9.0, 7.0])["value_band"]
    assert bands.tolist() == ["lowest third", "highest third", "middle third"]


def test_one_value_for_all_is_no_slice(rows):
    assert "value_band" not in slices_of(rows, [5.0, 5.0, 5.0])
    assert slices_of(rows.assign(plan="s", age=1.0)).empty


def test_attributes_of_many_values_are_no_slices_and_kinds_are_bounded():
    numbers = np.arange(float(MOST_VALUES + 1))
    many = pd.DataFrame({"age": numbers})
    assert slices_of(many).empty
    kinds = {f"k{number}": numbers % 2 for number in range(MOST_KINDS + 2)}
    assert len(slices_of(pd.DataFrame(kinds)).columns) == MOST_KINDS


def test_equal_values_stay_in_one_third():
    values = pd.Series([1.0, 1.0, 1.0, 1.0, 2.0, 3.0, np.nan])
    bands = in_thirds(values).tolist()
    assert len({*bands[:4]}) == 1
    assert bands[4:] == ["highest third", "highest third", "unknown"]
