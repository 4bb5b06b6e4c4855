from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.features.customers import as_learnt, attributes_of

DAY = pd.Timestamp("2024-04-01")


def test_attributes_are_the_latest_known_before_the_cutoff(seen_of):
    days = ["01-01", "03-01", "04-01"]
    found = seen_of("customers", days, seats=[1, 2, 3], city=["x", "y", "z"])
    assert found["seats"].tolist()[0] == 2.0
    assert found["city"].tolist() == ["y", None]


def test_dates_become_days_ago_and_those_to_come_are_missing(seen_of, dates):
    found = seen_of("customers", ["01-01"], born=dates("03-30"), due=dates("04-02"))
    assert found.loc["a", "born"] == 2.0
    assert np.isnan(found.loc["a", "due"])


def test_flags_are_numbers_and_mixed_values_texts(seen_of):
    mixed = pd.Series(["x", 3], dtype=object)
    found = seen_of("customers", ["01-01", "03-01"], ok=[False, True], mixed=mixed)
    assert found["ok"].tolist()[0] == 1.0
    assert found["mixed"].tolist() == ["3", None]


def test_order_of_the_table_is_no_matter(seen_of):
    for seats in ([1, 2], [2, 1]):
        found = seen_of("customers", ["03-01"] * 2, seats=seats)
        assert found["seats"]["a"] == 2


def test_attributes_of_a_table_that_is_not_sorted():
    days = pd.to_datetime(["2024-03-01", "2024-01-01"])
    rows = pd.DataFrame({"customer_id": "a", "day": days, "city": ["y", "x"]})
    found = attributes_of(rows, DAY, pd.Index(["b", "a"]))
    assert found["city"].tolist() == [None, "y"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([True, None], [1.0, np.nan]),
        (["true", "False", None], [1.0, 0.0, np.nan]),
        ([" 4.5", "soon", "inf"], [4.5, np.nan, np.nan]),
        ([3, 4], [3, 4]),
    ],
)
def test_number_is_read_from_whatever_is_sent(sent, expected):
    found = as_learnt(pd.Series(sent), is_category=False)
    np.testing.assert_array_equal(found.to_numpy(np.float64), expected)


@pytest.mark.parametrize(
    "sent", ["2024-03-30", "2024-03-30T12:00:00", "2024-03-30 23:00:00Z"]
)
def test_day_is_read_from_a_text(sent):
    found = as_learnt(pd.Series([sent, None]), is_category=False)
    assert found.dt.floor("D").tolist() == [pd.Timestamp("2024-03-30"), pd.NaT]


@pytest.mark.parametrize("sent", [[True, None], [True, False]])
def test_flag_that_was_a_category_is_a_text(sent):
    found = as_learnt(pd.Series(sent), is_category=True)
    assert found.dropna().tolist() == [str(each) for each in sent if each is not None]
