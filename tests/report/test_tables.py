from __future__ import annotations

import pandas as pd
import pytest

from regulars.report.results import Results
from regulars.report.tables import (
    customers_at_risk,
    findings,
    intake,
    key_figures,
    opening,
    parameters,
    segments,
)
from regulars.results import CheckResult, KpiResult, TrainingResult


@pytest.fixture
def scored(build):
    """A function from further columns to the results of three scored customers."""
    base = {"customer_id": ["b", "a", "c"], "churn_probability": [0.5, 0.5, 0.1]}
    base |= {"clv": [5.0, 5.0, 180.0], "value_at_risk": [5.0, 5.0, 20.0]}
    base |= {"clv_if_kept": [10.0, 10.0, 200.0]}
    kpis = build(KpiResult, currency="USD")
    return lambda **columns: Results(scores=pd.DataFrame(base | columns), kpis=kpis)


def test_customers_come_by_value_at_risk_and_then_by_id(scored):
    rows = customers_at_risk(scored())
    assert [row["customer_id"] for row in rows] == ["c", "a", "b"]
    assert rows[0]["value_at_risk"] == "$20.00"


def test_customers_are_cut_at_twenty_five(scored):
    many = pd.concat([scored().scores] * 20, ignore_index=True)
    assert len(customers_at_risk(Results(scores=many))) == 25


def test_numeric_ids_stay_as_they_are(scored):
    rows = customers_at_risk(scored(customer_id=[1234567, 2, 3]))
    assert "1234567" in {row["customer_id"] for row in rows}


def test_what_speaks_for_leaving_stands_first(scored):
    rows = customers_at_risk(
        scored(
            stay_reasons=[["many orders"], [], []],
            risk_reasons=[["silent", "new"], ["silent"], []],
        )
    )
    told = {row["customer_id"]: row["reasons"] for row in rows}
    assert told == {
        "b": [("For leaving", ["silent", "new"]), ("For staying", ["many orders"])],
        "a": [("For leaving", ["silent"])],
        "c": [],
    }


def test_segments_add_up_their_customers(scored):
    rows = segments(scored(segment=["Loyal", "Loyal", "New"]))
    assert [(row["segment"], row["n_customers"]) for row in rows] == [
        ("New", "1"),
        ("Loyal", "2"),
    ]


def test_key_figures_add_up_probabilities_and_value(scored):
    figures = key_figures(scored())
    assert [(figure, what) for figure, what, _ in figures] == [
        ("3", "customers scored"),
        ("37%", "expected to stop buying"),
        ("$30.00", "of value at risk"),
    ]
    assert figures[2][2] == "14% of $220 if all were kept"


def test_key_figures_set_the_model_beside_the_best_baseline(build):
    training = {
        "test": {"roc_auc": 0.8},
        "test_intervals": {"roc_auc": [0.78, 0.82]},
        "baselines": {"a": {"roc_auc": 0.7}, "b": {"roc_auc": 0.75}},
    }
    results = Results(training=build(TrainingResult, **training))
    assert key_figures(results) == [
        (
            "0.800",
            "ROC AUC on the test window",
            "95% interval 0.780\u20130.820; best baseline 0.750 (b)",
        )
    ]


def test_opening_counts_what_was_set_aside(build, parts):
    text = opening(Results(check=build(CheckResult, **parts("check"))))
    assert text.endswith("30\u00a0June\u00a01998; 267 rows set aside.")


def test_intake_tells_faults_from_rules(build, parts):
    checked = build(CheckResult, **parts("check"))
    reasons = intake(Results(check=checked))[0]["reasons"]
    assert [reason["kind"] for reason in reasons] == ["fault", "by rule"]


def test_intake_passes_notices_on(build):
    tables = {"transactions": {"rows_in": 3, "notices": ["33 copies kept"]}}
    [row] = intake(Results(check=build(CheckResult, tables=tables)))
    assert row["notices"] == ("33 copies kept",)


def test_parameters_are_empty_when_no_process_was_fitted(build):
    assert parameters(build(TrainingResult)) == parameters(None) == []


def test_parameters_end_with_the_likelihood(build):
    process = {"params": {"r": 0.24259}, "log_likelihood": 3.14159}
    rows = parameters(build(TrainingResult, process=process))
    assert rows == [("r", "0.2426"), ("log-likelihood", "3.1")]


def test_findings_tell_warnings_from_questions(build):
    asked = {"severity": "ask", "seen": "A gap.", "advice": "Mend it."}
    check = build(CheckResult, findings=[asked, asked | {"severity": "warning"}])
    rows = findings(Results(check=check))
    assert rows[0] == {"seen": "A gap.", "advice": "Mend it.", "is_warning": False}
    assert rows[1]["is_warning"]


def test_there_are_no_segments_without_scores():
    assert segments(Results()) == findings(Results()) == intake(Results()) == []


def test_business_figures_stand_in_for_scores(build):
    months = [{"month": "1997-01", "is_complete": True, "n_new": 3}]
    summary = {"n_customers": 9, "n_orders": 12, "revenue": 60.0, "aov": 5.0}
    kpis = build(KpiResult, currency="USD", summary=summary, monthly=months)
    assert key_figures(Results(kpis=kpis)) == [
        ("9", "customers", ""),
        ("12", "orders", ""),
        ("$60.00", "revenue", "$5.00 an order"),
        ("3", "new customers in January 1997", ""),
    ]
