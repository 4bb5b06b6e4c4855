from __future__ import annotations

import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.report import read_results
from regulars.report.results import Results
from regulars.results import CheckResult, KpiResult


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
    with pytest.raises(
        DataError, match=r"lacks clv, clv_if_kept, value_at_risk; it has customer"
    ):
        read_results(tmp_path)


def test_scores_are_refused_when_they_are_no_parquet(tmp_path):
    (tmp_path / "scores.parquet").write_text("customer_id", encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.parquet' cannot be read"):
        read_results(tmp_path)


def test_file_of_an_older_form_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "kpis.json").write_text('{"name": "shop"}', encoding="utf-8")
    with pytest.raises(DataError, match=r"schema_version.*'regulars kpis CONFIG'"):
        read_results(tmp_path)


def test_file_that_lacks_something_is_refused_in_a_sentence(tmp_path):
    text = '{"schema_version": 1, "name": "shop"}'
    (tmp_path / "kpis.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"lacks currency\..*'regulars kpis CONFIG'"):
        read_results(tmp_path)


def test_currency_comes_from_the_check_when_there_are_no_kpis(build):
    tables = {"transactions": {"currency": "EUR"}}
    assert Results(check=build(CheckResult, tables=tables)).currency == "EUR"
    assert Results().currency == ""


def test_run_is_of_purchases_unless_a_file_names_another_kind(build):
    assert Results().is_of_purchases
    assert Results(kpis=build(KpiResult)).is_of_purchases
    assert not Results(kpis=build(KpiResult, kind="labelled")).is_of_purchases


def test_customers_of_one_value_have_no_value_of_their_own():
    assert not Results().has_own_value
    # what is expected of them differs with their risk
    same = pd.DataFrame({"clv": [150.0, 20.0], "clv_if_kept": [200.0, 200.0]})
    assert not Results(scores=same).has_own_value
    assert Results(scores=same.assign(clv_if_kept=[200.0, 1.0])).has_own_value
