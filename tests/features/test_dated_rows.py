from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.dated_rows import (
    WINDOWS_DAYS,
    DatedRows,
    category,
    count_columns,
)

DAY = pd.Timestamp("2024-04-01")
CUSTOMERS = pd.Index(["a", "b", "c"], name="customer_id")


def rows(*ages, ids="a"):
    days = [DAY - pd.Timedelta(days=age) for age in ages]
    return pd.DataFrame({"customer_id": list(ids * len(ages)), "day": days})


def seen(frame):
    return DatedRows(frame).at(DAY.date(), CUSTOMERS)


def test_window_holds_as_many_days_as_its_name_says():
    columns = seen(rows(1, 30, 31, 90, 91, 0, -1)).counts("visits")
    assert columns["visits_last_30_days"][0] == 2
    assert columns["visits_last_90_days"][0] == 4
    assert columns["visits_ever"][0] == 5
    assert columns["days_since_visits"][0] == 1


def test_customers_without_rows_have_no_days_since():
    columns = seen(rows(1)).counts("visits")
    assert columns["visits_ever"].tolist() == [1, 0, 0]
    assert np.isnan(columns["days_since_visits"][1])


def test_rows_of_others_are_not_counted():
    assert seen(rows(1, 2, ids="z")).counts("visits")["visits_ever"].sum() == 0


def test_a_table_without_a_row_counts_nothing():
    columns = seen(rows().astype({"day": "datetime64[s]"})).counts("visits")
    assert columns["visits_ever"].tolist() == [0, 0, 0]
    assert np.isnan(columns["days_since_visits"]).all()


def test_each_word_has_counts_of_its_own():
    frame = rows(1, 2, 3).assign(kind=["earn", "redeem", "earn"])
    columns = seen(frame).counts_by_word("points", "kind", ["earn", "redeem"])
    assert columns["points_earn_ever"][0] == 2
    assert columns["days_since_points_redeem"][0] == 2


def test_category_keeps_missing_values_missing():
    values = category(pd.Series(["x", None, 3], dtype=object))
    assert values.tolist() == ["x", None, "3"]


@given(
    lines=st.lists(
        st.tuples(st.sampled_from("abz"), st.integers(-40, 200), st.booleans()),
        max_size=30,
    )
)
def test_counts_are_those_of_a_loop(lines):
    frame = pd.DataFrame(lines, columns=["customer_id", "age", "flag"])
    frame["day"] = DAY - pd.to_timedelta(frame["age"], unit="D")
    table = DatedRows(frame)
    flags = table.frame["flag"].to_numpy(bool)
    found = table.at(DAY.date(), CUSTOMERS).counts("x", flags)
    for place, who in enumerate(CUSTOMERS):
        ages = [age for name, age, flag in lines if name == who and flag and age > 0]
        expected = [sum(age <= days for age in ages) for days in (*WINDOWS_DAYS, 1000)]
        expected.append(min(ages, default=-1))
        values = [found[name][place] for name in count_columns("x")]
        assert np.nan_to_num(values, nan=-1).tolist() == expected
