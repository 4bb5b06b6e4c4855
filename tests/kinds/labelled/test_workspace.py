from __future__ import annotations

from datetime import date

import pandas as pd

from regulars.kinds.labelled import check_table


def quiet(_step):
    return None


def test_check_writes_its_summary_and_the_rows_set_aside(table, frame):
    table.write(pd.concat([frame, frame.head(3)]))
    work = check_table(table.settings(), quiet)
    assert table.read("check.json")["findings"] == work.table.summary["findings"]
    aside = pd.read_csv(table.folder / "out" / "quarantine.csv")
    assert aside["row"].tolist() == [len(frame) + k for k in (1, 2, 3)]


def test_rows_without_days_have_no_cutoff(table):
    work = check_table(table.settings(), quiet)
    assert work.cutoff is None
    assert work.fingerprint() == work.table.fingerprint()


def test_cutoff_is_the_latest_day_of_a_row(table, frame):
    days = pd.date_range("2024-01-01", periods=len(frame)).strftime("%Y-%m-%d")
    table.write(frame.assign(day=days))
    work = check_table(table.settings("churn.labelled.date=day"), quiet)
    assert work.cutoff == date(2025, 2, 3)
