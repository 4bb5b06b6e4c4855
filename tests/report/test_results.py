from __future__ import annotations

import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.report import read_results
from regulars.report.results import Results


def test_results_are_whole_when_every_file_is_there(whole_run):
    results = read_results(whole_run)
    assert results.name == "cdnow"
    assert results.currency == "USD"
    assert results.horizon_days == 90
    assert len(results.scores) == 23570


def test_folder_is_refused_when_it_does_not_exist(tmp_path):
    with pytest.raises(DataError, match=r"does not exist .* Run 'regulars run CONFIG'"):
        read_results(tmp_path / "nowhere")


def test_folder_is_refused_when_it_is_empty(tmp_path):
    with pytest.raises(DataError, match=r"holds none of the files"):
        read_results(tmp_path)


def test_file_is_refused_when_it_is_no_object(tmp_path):
    (tmp_path / "check.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(DataError, match=r"holds a list.*'regulars check'"):
        read_results(tmp_path)


def test_scores_are_refused_when_a_column_is_missing(tmp_path):
    frame = pd.DataFrame({"customer_id": [1], "churn_probability": [0.1]})
    frame.to_parquet(tmp_path / "scores.parquet")
    with pytest.raises(DataError, match=r"lacks clv, value_at_risk; it has customer"):
        read_results(tmp_path)


def test_scores_are_refused_when_they_are_no_parquet(tmp_path):
    (tmp_path / "scores.parquet").write_text("customer_id", encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.parquet' cannot be read"):
        read_results(tmp_path)


def test_currency_comes_from_the_check_when_there_are_no_kpis():
    tables = {"transactions": {"currency": "EUR"}}
    assert Results(check={"tables": tables}).currency == "EUR"
    assert Results().currency == ""
