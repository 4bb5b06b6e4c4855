from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.features.customers import attributes_of

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
