from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.features.counting import (
    category,
    counts,
    counts_by_word,
    rows_per_customer,
)

DAY = pd.Timestamp("2024-04-01")
CUSTOMERS = pd.Index(["a", "b"], name="customer_id")


def rows(*ages, ids="a"):
    days = [DAY - pd.Timedelta(days=age) for age in ages]
    return pd.DataFrame({"customer_id": list(ids * len(ages)), "day": days})


def test_window_holds_as_many_days_as_its_name_says():
    columns = counts("visits", rows(1, 30, 31, 90, 91), DAY, CUSTOMERS)
    assert columns["visits_last_30_days"]["a"] == 2
    assert columns["visits_last_90_days"]["a"] == 4
    assert columns["visits_ever"]["a"] == 5
    assert columns["days_since_visits"]["a"] == 1


def test_customers_without_rows_have_no_days_since():
    columns = counts("visits", rows(1), DAY, CUSTOMERS)
    assert columns["visits_ever"]["b"] == 0
    assert np.isnan(columns["days_since_visits"]["b"])


def test_rows_of_others_are_not_counted():
    assert rows_per_customer(pd.Series(["b", "z", "b"]), CUSTOMERS).tolist() == [0, 2]


def test_each_word_has_counts_of_its_own():
    frame = rows(1, 2, 3).assign(kind=["earn", "redeem", "earn"])
    columns = counts_by_word("points", "kind", ["earn"], frame, DAY, CUSTOMERS)
    assert columns["points_earn_ever"]["a"] == 2
    assert all("redeem" not in name for name in columns)


def test_category_keeps_missing_values_missing():
    values = category(pd.Series(["x", None, 3], dtype=object))
    assert values.tolist() == ["x", None, "3"]
