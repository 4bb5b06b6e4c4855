"""The page of contracts and of labelled tables."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from regulars.report import render_report
from regulars.report.churn_page import churn_content
from regulars.report.results import Results
from regulars.results import CheckResult, KpiResult, TrainingResult

STEP = {"tenure_days": 20.0, "survival": 0.9, "low": 0.8, "high": 0.95}
SURVIVAL = {
    "curve": [STEP],
    "hazard": [{"from_days": 0, "n_exposed": 9.5, "n_ended": 1, "hazard": 0.1}],
    "period_days": 30,
    "n_spells": 10,
    "n_ended": 1,
}


@pytest.fixture
def scores():
    names = {"customer_id": [7, 8], "churn_probability": [0.1, 0.9]}
    value = {"clv": [18.0, 1.0], "clv_if_kept": [20.0, 10.0]}
    return pd.DataFrame(names | value | {"value_at_risk": [2.0, 9.0]})


def content(**parts):
    return churn_content(Results(**parts))


def test_contracts_are_counted_by_spell(build):
    kpis = build(KpiResult, survival=SURVIVAL)
    training = build(TrainingResult, horizon_days=30)
    text = content(kpis=kpis, training=training)["opening"]
    assert text.startswith("Made from 10 spells of contracts, 9 of which still run.")
    assert "ends within 30 days and no other" in text


def test_labels_are_counted_by_row(build):
    table = {"rows_kept": 9, "rows_set_aside": 1, "n_labelled": 8, "n_churned": 2}
    check = build(CheckResult, tables={"customers": table | {"churn_rate": 0.25}})
    assert content(check=check)["opening"] == (
        "Made from 9 rows, 8 of them with a label: 2 churned (25%). 1 row set aside."
    )


def test_tenures_have_their_bounds_where_there_are_any(build):
    [row] = content(kpis=build(KpiResult, survival=SURVIVAL))["tenures"]
    assert row["tenure"] == "0 to 30 days"
    assert row["hazard"] == "10%"
    assert row["survival"] == "90% (80% to 95%)"


def test_key_figures_count_who_is_expected_to_leave(build, scores):
    test, intervals = {"roc_auc": 0.8}, {"roc_auc": [0.75, 0.85]}
    training = build(TrainingResult, test=test, test_intervals=intervals)
    rows = content(scores=scores, training=training)["key_figures"]
    assert rows == [
        ("2", "customers scored", ""),
        ("50%", "expected to leave", "1 of them"),
        ("11.00", "of value at risk", "37% of 30.00 if all were kept"),
        ("0.800", "ROC AUC on rows kept apart", "95% interval 0.750 to 0.850"),
    ]


@pytest.mark.parametrize(
    ("test", "splits", "start"),
    [
        ({"n_customers": 9}, [{}, {}], "Tested 2 times"),
        ({"n_customers": 9}, [{}], "Tested once, on the latest rows"),
        ({"cutoff": "2024-01-01"}, [], "Tested once, at the cutoff 1\u00a0January"),
    ],
)
def test_test_is_told_as_it_was_made(build, test, splits, start):
    training = build(TrainingResult, test=test, test_splits=splits)
    assert content(training=training)["test_text"].startswith(start)


def test_columns_come_from_the_check_before_the_training(build):
    check = build(CheckResult, columns=[{"name": "a"}])
    training = build(TrainingResult, columns=[{"name": "b"}])
    assert content(check=check, training=training)["columns"][0].name == "a"
    assert content(training=training)["columns"][0].name == "b"
    assert content()["columns"] == ()


def test_page_of_a_table_shows_parts_and_columns(run_folder, scores):
    folder = run_folder(
        check={
            "kind": "labelled",
            "tables": {"customers": {}},
            "columns": [{"name": "city", "is_leak_suspect": True}],
        },
        kpis={
            "kind": "labelled",
            "summary": {"churn_rate": 0.2},
            "by_part": [{"part": "city", "value": "Bern", "churn_rate": 0.3}],
        },
        training={"kind": "labelled", "test": {"roc_auc": 0.8}},
        scores=scores[["customer_id", "churn_probability"]],
    )
    page = re.sub(r"<script.*?</script>", "", render_report(folder), flags=re.DOTALL)
    assert ": churn report</title>" in page
    assert "city: Bern" in page
    assert "known too late?" in page
    assert "Customers most likely to leave" in page
    assert 'id="process"' not in page


def test_page_of_contracts_lists_customers_by_value_at_risk(run_folder, scores):
    folder = run_folder(
        kpis={"kind": "contractual", "survival": SURVIVAL}, scores=scores
    )
    page = render_report(folder)
    assert "Customers with the most value at risk" in page
    assert "Survival and hazard by tenure" in page
    assert page.index('<th scope="row">8</th>') < page.index('<th scope="row">7</th>')
