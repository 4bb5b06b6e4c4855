"""Charts of the test window."""

from __future__ import annotations

import pytest

from regulars.report.model_charts import (
    baseline_label,
    curve_chart,
    escaped,
    gains_chart,
    importance_chart,
    lift_chart,
    reliability_chart,
    roc_chart,
    series_labels,
    top_features,
)
from regulars.results import TrainingResult

POINT = {"mean_predicted": 0.2, "observed_rate": 0.3, "n_customers": 9}
POINT |= {"observed_low": 0.1, "observed_high": 0.5}


def test_series_without_a_label_are_called_by_their_name():
    known = {"rfm": "RFM logistic"}
    labels = series_labels(["model", "bg_nbd", "rfm"], known)
    assert labels == {"model": "Model", "bg_nbd": "bg nbd", "rfm": "RFM logistic"}


def test_baseline_is_called_as_the_training_says(build):
    training = build(TrainingResult, baseline_labels={"rfm": "RFM"})
    assert baseline_label(training, "rfm") == "RFM"


def test_curve_is_drawn_of_those_who_have_it(build):
    lift = {"share_contacted": [0.5, 1], "lift": [1.6, 1]}
    curves = {"model": {"lift": lift}, "rfm": {}}
    training = build(TrainingResult, curves=curves)
    [trace] = curve_chart(training, "lift", "share_contacted", "lift").data
    assert (trace.name, trace.y) == ("Model", (1.6, 1))


def test_perfect_list_bends_at_the_churn_rate(build):
    gains = {"share_contacted": [0, 1], "share_reached": [0, 1]}
    training = build(
        TrainingResult, curves={"model": {"gains": gains}}, test={"churn_rate": 0.25}
    )
    assert gains_chart(training).data[-1].x == (0, 0.25, 1)


def test_points_of_the_model_have_their_intervals(build):
    curves = {name: {"reliability": [POINT]} for name in ("model", "rfm")}
    _, baseline, model = reliability_chart(build(TrainingResult, curves=curves)).data
    assert model.error_y.array == (0.2,)
    assert model.error_y.arrayminus == (0.2,)
    assert baseline.error_y.array is None


def test_features_that_move_nothing_are_left_out(build):
    rows = [
        {"feature": "b", "importance": 0.5},
        {"feature": "a", "importance": 0.5},
        {"feature": "c", "importance": 0},
    ]
    training = build(TrainingResult, importance=rows)
    assert [row.feature for row in top_features(training, 3)] == ["a", "b"]
    assert [row.feature for row in top_features(training, 1)] == ["a"]


def test_way_that_is_unknown_is_mixed(build):
    row = {"feature": "T", "meaning": "age", "importance": 1.0, "direction": "up"}
    chart = importance_chart(build(TrainingResult, importance=[row]))
    assert chart.data[0].name == "it depends"


@pytest.mark.parametrize(
    "draw", [roc_chart, gains_chart, lift_chart, reliability_chart, importance_chart]
)
def test_nothing_is_drawn_when_nothing_was_tested(build, draw):
    assert draw(build(TrainingResult)) is None


def test_markup_becomes_text():
    assert escaped("<b>A&B</b>") == "&lt;b&gt;A&amp;B&lt;/b&gt;"
