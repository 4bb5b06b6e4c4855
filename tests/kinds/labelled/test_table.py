from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.errors import ConfigError, DataError
from regulars.kinds.labelled.table import read_labelled


def notices(found):
    return " ".join(found.summary["tables"]["customers"]["notices"])


def test_table_keeps_numbers_categories_and_missing_values(table):
    found = read_labelled(table.settings())
    assert [c.kind for c in found.columns] == ["number", "category", "number"]
    assert found.attributes["calls"].isna().sum() == 24
    assert found.attributes["plan"].isna().sum() == 18
    assert found.customer_id.iloc[0] == "c0"


def test_repeated_rows_are_set_aside_and_counted(table, frame):
    table.write(pd.concat([frame, frame.head(30)]))
    found = read_labelled(table.settings())
    counts = found.summary["tables"]["customers"]
    assert (counts["rows_in"], counts["rows_kept"]) == (430, 400)
    assert counts["reasons"][0]["rows"] == 30
    assert found.set_aside["row"].tolist() == list(range(401, 431))


def test_column_written_after_the_fact_is_a_leak_suspect(table, frame):
    frame["cancel_code"] = np.where(frame["left"] == "Yes", "C7", None)
    table.write(frame)
    found = read_labelled(table.settings())
    assert found.summary["leak_suspects"] == ["cancel_code"]
    assert "'cancel_code' is the label in other words" in notices(found)
    assert found.summary["faults"]
    dropped = read_labelled(table.settings("churn.labelled.drop=[cancel_code]"))
    assert "cancel_code" not in dropped.attributes


def test_useless_columns_are_left_out_and_reported(table, frame):
    frame["country"] = "IR"
    frame["full_name"] = [f"name {n}" for n in range(len(frame))]
    table.write(frame)
    found = read_labelled(table.settings())
    assert list(found.attributes) == ["calls", "plan", "age"]
    assert "'country' is the same in every row" in notices(found)
    assert "'full_name' differs in 400 of 400 rows" in notices(found)


def test_rows_without_a_label_are_kept_for_scoring(table, frame):
    frame.loc[:9, "left"] = None
    table.write(frame)
    found = read_labelled(table.settings())
    assert len(found.attributes) == 400
    assert found.known.sum() == 390
    assert "10 rows have no value in 'left'" in notices(found)


def test_latest_row_of_each_customer_is_scored_when_there_is_a_date(table, frame):
    early = frame.assign(day="2024-01-01")
    late = frame.assign(day="2024-02-01", age=frame["age"] + 1)
    bad = frame.head(1).assign(day="soon")
    table.write(pd.concat([late, early, bad]))
    found = read_labelled(table.settings("churn.labelled.date=day"))
    assert found.latest().tolist() == list(range(400))
    assert found.summary["tables"]["customers"]["reasons"][0]["rows"] == 1


def test_fingerprint_does_not_depend_on_the_order_of_rows(table, frame):
    first = read_labelled(table.settings()).fingerprint()
    table.write(frame.sample(frac=1, random_state=1))
    assert read_labelled(table.settings()).fingerprint() == first
    table.write(frame.assign(age=frame["age"] + 1))
    assert read_labelled(table.settings()).fingerprint() != first


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("churn.labelled.label=lfet", "no column 'lfet'. Did you mean 'left'"),
        ("churn.labelled.drop=[agee]", "no column 'agee'. Did you mean 'age'"),
        ("churn.labelled.date=day", "churn.labelled.date: the table has no column"),
    ],
)
def test_unknown_column_is_refused_when(table, override, message):
    with pytest.raises(ConfigError, match=message):
        read_labelled(table.settings(override))


def test_positive_that_never_occurs_is_refused(table):
    with pytest.raises(DataError, match=r"'gone' never occurs in 'left' \(.*No"):
        read_labelled(table.settings("churn.labelled.positive=gone"))


def test_yes_as_yaml_reads_it_means_yes(table):
    found = read_labelled(table.settings("churn.labelled.positive=yes"))
    assert 0 < found.churned.mean() < 1


def test_customer_in_several_rows_without_a_date_is_refused(table, frame):
    table.write(pd.concat([frame, frame.head(2).assign(age=99)]))
    with pytest.raises(DataError, match=r"2 customers stand in several rows.*c0, c1"):
        read_labelled(table.settings())


def test_days_become_days_before_the_row_when_rows_have_a_day(table, frame):
    frame["day"] = "2024-03-01"
    frame["signed_up"] = "2024-02-20"
    frame.loc[::2, "signed_up"] = "2024-01-31"
    frame.loc[1, "signed_up"] = "2024-03-05"
    table.write(frame)
    found = read_labelled(table.settings("churn.labelled.date=day"))
    before = found.attributes["days since signed_up"]
    assert before.iloc[0] == 30
    assert np.isnan(before.iloc[1])
    assert "'signed_up' lies after the row's own day in 1 rows" in notices(found)


def test_days_are_left_out_when_rows_have_no_day(table, frame):
    frame["signed_up"] = "2024-02-20"
    table.write(frame)
    found = read_labelled(table.settings())
    assert "signed_up" not in " ".join(found.attributes)
    assert "'signed_up' holds days, and no day says" in notices(found)


def test_running_number_is_no_attribute(table, frame):
    frame["account"] = np.arange(len(frame)) + 5000
    frame["income"] = np.arange(len(frame)) * 37
    table.write(frame)
    found = read_labelled(table.settings())
    assert "account" not in found.attributes
    assert "income" in found.attributes
    assert "'account' numbers the rows one by one" in notices(found)


def test_missing_values_are_reported(table):
    assert "of the values are missing" in notices(read_labelled(table.settings()))


def test_value_comes_from_a_column_or_is_one_for_all(table, frame):
    frame["margin"] = np.arange(len(frame)) * 1.0
    frame.loc[3, "margin"] = np.nan
    table.write(frame)
    found = read_labelled(table.settings("churn.labelled.value=margin"))
    assert found.value[5] == 5
    assert "'margin' is missing in 1 rows" in notices(found)
    assert set(read_labelled(table.settings()).value) == {200.0}


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ("plan", DataError, "'plan' holds no numbers"),
        ("margn", ConfigError, "churn.labelled.value: the table has no column 'margn'"),
    ],
)
def test_value_that_is_none_is_refused(table, column, error, message):
    with pytest.raises(error, match=message):
        read_labelled(table.settings(f"churn.labelled.value={column}"))


def test_label_days_without_a_date_are_refused(table):
    with pytest.raises(ConfigError, match="'label_days' needs 'date'"):
        table.settings("churn.labelled.label_days=30")
