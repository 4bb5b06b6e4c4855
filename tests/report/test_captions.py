from __future__ import annotations

import pandas as pd
import pytest

from regulars.report import render_charts
from regulars.report.captions import captions
from regulars.report.results import Results, read_results
from regulars.results import KpiResult, TrainingResult


def test_every_chart_has_a_caption_when_every_file_is_there(whole_run):
    results = read_results(whole_run)
    assert set(captions(results)) == set(render_charts(results))


@pytest.fixture
def captioned(build):
    """A function from parts of a training to its captions."""
    return lambda **parts: captions(Results(training=build(TrainingResult, **parts)))


def gains(*points):
    shares, reached = zip(*points, strict=True)
    curve = {"share_contacted": list(shares), "share_reached": list(reached)}
    return {"gains": curve}


def test_gains_are_read_between_points_when_none_is_at_a_fifth(captioned):
    curves = {"model": gains((0, 0), (0.1, 0.3), (0.3, 0.5), (1, 1))}
    assert captioned(curves=curves, test={"churn_rate": 0.5})["gains"] == (
        "Contacting the riskiest 20% reaches 40.0% of those who will stop; "
        "a perfect list would reach 40.0%."
    )


def test_gains_name_the_best_baseline_even_when_it_is_better(captioned):
    curves = {
        "model": gains((0, 0), (0.2, 0.3), (1, 1)),
        "frequency": gains((0, 0), (0.2, 0.25), (1, 1)),
        "bg_nbd": gains((0, 0), (0.2, 0.35), (1, 1)),
    }
    text = captioned(curves=curves, baseline_labels={"bg_nbd": "BG/NBD"})["gains"]
    assert text.endswith("reaches 30% of those who will stop; "
                         "the best baseline there, BG/NBD, 35%.")  # fmt: skip


@pytest.mark.parametrize(
    ("own", "start"),
    [
        (0.9, "The model is ahead of every baseline"),
        (0.8, "The model does no better than the best baseline"),
        (0.7, "The model does worse than the best baseline"),
    ],
)
def test_comparison_is_honest_whoever_wins(captioned, own, start):
    written = captioned(test={"roc_auc": own}, baselines={"rfm": {"roc_auc": 0.8}})
    words = f"{start}: area under the curve {own:.3f}, rfm 0.800."
    assert written["roc"] == words


def test_model_without_baselines_stands_alone(captioned):
    text = captioned(test={"roc_auc": 0.8})["roc"]
    assert text.endswith("curve is 0.800; there is no baseline beside it.")


def test_retention_speaks_of_the_last_month_that_is_over(build):
    months = [
        {"month": "1997-01", "is_complete": True, "retention_rate": None},
        {"month": "1997-02", "is_complete": True, "retention_rate": 0.4}
        | {"churn_rate": 0.6},
        {"month": "1997-03", "is_complete": False, "retention_rate": 0.1},
    ]
    kpis = build(KpiResult, monthly=months)
    text = captions(Results(kpis=kpis))["retention"]
    assert text.startswith("In February 1997")
    assert "40% of the customers" in text
    assert "Hollow marks" in text


def test_reliability_names_the_worst_point(captioned):
    points = [
        {"mean_predicted": 0.2, "observed_rate": 0.21, "n_customers": 10},
        {"mean_predicted": 0.7, "observed_rate": 0.5, "n_customers": 12},
    ]
    curves = {"model": {"reliability": points}}
    text = captioned(curves=curves, test={"ece": 0.031})["reliability"]
    assert "where it says 70%: 50% of these 12 customers stopped" in text
    assert "3.1 points off" in text


def test_value_counts_the_tenth_worth_most(build):
    scores = pd.DataFrame(
        {
            "customer_id": range(10),
            "clv": [60.0, 20.0, 20.0] + [0.0] * 7,
            "churn_probability": 0.5,
            "value_at_risk": 1.0,
        }
    )
    kpis = build(KpiResult, currency="EUR")
    text = captions(Results(scores=scores, kpis=kpis))["value"]
    assert text.startswith("The 1 customer worth most, a tenth of all, hold 60% of")


def test_tracking_says_how_far_off_the_total_is(captioned):
    tracking = {"week": [1, 2], "actual_cumulative": [5, 100]}
    tracking["expected_cumulative"] = [6, 88]
    text = captioned(diagnostics={"tracking": tracking})
    assert "expects 88 repeat purchases, 12% fewer than the 100" in text["tracking"]
