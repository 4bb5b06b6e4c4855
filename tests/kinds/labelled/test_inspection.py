from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.errors import DataError
from regulars.kinds.labelled.inspection import days_of, inspect_columns, summarise
from regulars.models.tabular.columns import Column

CHURNED = np.array([0.0, 1.0] * 40)
DAY = pd.Series(pd.date_range("2024-06-01", periods=80))


@pytest.fixture
def place():
    return parse_settings(
        "{name: x, churn: {kind: labelled, labelled: "
        "{path: a.csv, label: left, positive: 'yes'}}}"
    ).churn.labelled


def rows(**columns):
    left = np.where(CHURNED == 1, "yes", "no")
    return pd.DataFrame({"left": left, "age": np.arange(80) % 7, **columns})


def test_days_are_read_without_time_or_zone():
    days = days_of(pd.Series(["2024-01-31 08:00", "2024-01-31T23:30:00+00:00", "soon"]))
    assert days[:2].tolist() == [pd.Timestamp("2024-01-31")] * 2
    assert pd.isna(days[2])


def test_days_of_times_with_a_zone_are_local():
    times = pd.Series(pd.to_datetime(["2024-01-31 23:30"])).dt.tz_localize("Asia/Tokyo")
    assert days_of(times).tolist() == [pd.Timestamp("2024-01-31")]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["x"] * 80, "is the same in every row"),
        ([f"n{k}" for k in range(80)], "differs in 80 of 80 rows, like a name"),
        (list(range(100, 180)), "numbers the rows one by one"),
    ],
)
def test_column_of_no_use_is_left_out(place, values, why):
    inspected = inspect_columns(rows(extra=values), CHURNED, None, place)
    assert [*inspected.attributes] == ["age"]
    assert any(why in notice for notice in inspected.notices)


def test_days_become_days_before_the_row(place):
    since = DAY - pd.Timedelta(days=30)
    since[0] = DAY[0] + pd.Timedelta(days=3)
    since[1] = DAY[1] - pd.Timedelta(days=9)
    text = since.dt.strftime("%Y-%m-%d")
    inspected = inspect_columns(rows(joined=text), CHURNED, DAY, place)
    days = inspected.attributes["days since joined"]
    assert days[1:3].tolist() == [9.0, 30.0]
    assert np.isnan(days[0])
    assert any("in 1 rows: not known then" in notice for notice in inspected.notices)


def test_rows_alike_with_both_labels_are_counted(place):
    inspected = inspect_columns(rows(), CHURNED, None, place)
    assert any(
        notice.startswith("7 rows have the attributes of another row")
        for notice in inspected.notices
    )


def test_table_without_an_attribute_is_refused(place):
    bare = rows()[["left"]]
    with pytest.raises(DataError, match="has no attribute beside the label"):
        inspect_columns(bare, CHURNED, None, place)


def test_summary_counts_rows_set_aside_by_their_reason():
    aside = pd.DataFrame(
        {"row": [3, 9], "reason": ["no day", "no day"], "is_fault": [True, True]}
    )
    columns = [Column("left_on", "number", 0.5, 40, auc=1.0)]
    summary = summarise("x", columns, aside, 10, {"n_customers": 8}, ["a notice"])
    table = summary["tables"]["customers"]
    assert (table["rows_in"], table["rows_kept"], table["rows_set_aside"]) == (10, 8, 2)
    assert table["n_customers"] == 8
    (reason,) = table["reasons"]
    assert reason["share"] == 0.2
    assert reason["examples"] == ["row 3", "row 9"]
    assert summary["leak_suspects"] == ["left_on"]
    assert summary["faults"] == ["'left_on' is the label in other words"]
