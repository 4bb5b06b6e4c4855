from __future__ import annotations

from datetime import date, timedelta

import ibis
import pandas as pd
import pytest

from regulars.kpis.periods import label_of, number_of, period_number


@pytest.mark.parametrize("period", ["month", "quarter"])
def test_engine_and_python_number_the_same_days_alike(period):
    days = [date(2023, 12, 30) + timedelta(d) for d in range(0, 800, 7)]
    table = ibis.memtable(pd.DataFrame({"day": days}))
    numbers = table.select(n=period_number(table.day, period)).to_pyarrow()["n"]
    assert numbers.to_pylist() == [number_of(day, period) for day in days]


@pytest.mark.parametrize(
    ("day", "period", "label"),
    [
        (date(1997, 12, 31), "month", "1997-12"),
        (date(1998, 1, 1), "month", "1998-01"),
        (date(1997, 12, 31), "quarter", "1997-Q4"),
        (date(1998, 1, 1), "quarter", "1998-Q1"),
    ],
)
def test_label_names_the_period_of_a_day(day, period, label):
    assert label_of(number_of(day, period), period) == label
