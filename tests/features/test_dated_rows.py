from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.dated_rows import COUNTS, DatedRows, Has, meanings

DAY = pd.Timestamp("2024-04-01")
CUSTOMERS = pd.Index(["c", "a", "b"], name="customer_id")


def rows(*ages, ids="a"):
    days = [DAY - pd.Timedelta(days=age) for age in ages]
    return pd.DataFrame({"customer_id": list(ids * len(ages)), "day": days})


def seen(frame):
    return DatedRows.of(frame).at(DAY.date(), CUSTOMERS)


def test_window_holds_as_many_days_as_its_name_says():
    columns = seen(rows(1, 30, 31, 90, 91, 0, -1)).counts("visits")
    assert columns["visits_last_30_days"][1] == 2
    assert columns["visits_last_90_days"][1] == 4
    assert columns["visits_ever"][1] == 5
    assert columns["days_since_visits"][1] == 1


def test_customers_without_rows_have_no_days_since():
    columns = seen(rows(1)).counts("visits")
    assert columns["visits_ever"].tolist() == [0, 1, 0]
    assert np.isnan(columns["days_since_visits"][0])


def test_rows_of_others_are_not_counted():
    assert seen(rows(1, 2, ids="z")).counts("visits")["visits_ever"].sum() == 0


def test_a_table_without_a_row_counts_nothing():
    empty = rows().astype({"day": "datetime64[s]"})
    for table in (empty, pa.Table.from_pandas(empty)):
        columns = seen(table).counts("visits")
        assert columns["visits_ever"].tolist() == [0, 0, 0]
        assert np.isnan(columns["days_since_visits"]).all()
        assert np.isnan(seen(table).since_first()).all()


def test_nobody_asked_for_is_nobody_answered():
    found = DatedRows.of(rows(1)).at(DAY.date(), CUSTOMERS[:0])
    assert found.counts("visits")["visits_ever"].tolist() == []


def test_rows_of_nobody_or_of_no_day_are_left_out():
    frame = rows(1, 2, 3)
    frame.loc[0, "customer_id"] = None
    frame.loc[1, "day"] = pd.NaT
    assert len(DatedRows.of(frame)) == 1


def test_rows_by_another_day_stand_where_both_are_known():
    frame = rows(9, 8, 7).assign(done=[DAY - pd.Timedelta(days=n) for n in (1, 20, 0)])
    found = seen(frame).by("done")
    # the second was done before it was there: known from its own day on
    assert found.number().tolist() == [0, 2, 0]
    assert found.number(last_days=7).tolist() == [0, 1, 0]
    assert found.since().tolist()[1] == 1


def test_words_are_found_in_rows_and_nowhere_without_a_column():
    frame = rows(1, 2, 3).assign(kind=["earn", "redeem", None])
    found = seen(frame)
    assert found.number(Has("kind", "earn")).tolist() == [0, 1, 0]
    assert found.number(Has("kind", "other")).tolist() == [0, 0, 0]
    assert found.number(Has("none", "earn")).tolist() == [0, 0, 0]


def test_meanings_name_the_columns_of_the_counts():
    named = meanings("visits", "visit", "Visits")
    assert [*named] == [*seen(rows(1)).counts("visits")]


@given(
    lines=st.lists(
        st.tuples(st.sampled_from("abz"), st.integers(-40, 200), st.booleans()),
        max_size=30,
    )
)
def test_counts_are_those_of_a_loop(lines):
    frame = pd.DataFrame(lines, columns=["customer_id", "age", "flag"])
    frame["day"] = DAY - pd.to_timedelta(frame["age"], unit="D")
    found = seen(frame.astype({"flag": bool})).counts("x", "flag")
    for place, who in enumerate(CUSTOMERS):
        ages = [age for name, age, flag in lines if name == who and flag and age > 0]
        expected = [sum(age <= days for age in ages) for days in (30, 90, 1000)]
        expected.append(min(ages, default=-1))
        values = [found[count.name.format("x")][place] for count in COUNTS]
        assert np.nan_to_num(values, nan=-1).tolist() == expected


def test_ids_of_another_type_are_compared_as_texts():
    day = pd.Timestamp(2024, 1, 1)
    rows = pd.DataFrame({"customer_id": ["7", "x", "7"], "day": day})
    seen = DatedRows.of(rows).at(date(2024, 2, 1), pd.Index([7, 8]))
    assert seen.number().tolist() == [2, 0]
    numbers = rows[rows["customer_id"] == "7"].astype({"customer_id": int})
    seen = DatedRows.of(numbers).at(date(2024, 2, 1), pd.Index(["x", "7"]))
    assert seen.number().tolist() == [0, 2]
