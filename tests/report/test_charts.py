from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.report import read_results, render_charts
from regulars.report.charts import FROM_KPIS, FROM_TRAINING
from regulars.report.history_charts import cohort_chart, timeline_chart
from regulars.report.model_charts import importance_chart, reliability_chart
from regulars.report.results import Results
from regulars.report.score_charts import risk_chart, value_chart, value_edges
from regulars.report.style import kept_positions, strokes
from regulars.results import KpiResult, TrainingResult


@pytest.fixture(scope="module")
def charts(whole_run):
    return render_charts(read_results(whole_run))


def test_every_chart_is_drawn_when_every_file_is_there(charts):
    assert set(charts) == {*FROM_KPIS, *FROM_TRAINING, "risk", "value"}


def test_nothing_is_drawn_when_there_is_nothing(build):
    assert render_charts(Results()) == {}
    empty = Results(kpis=build(KpiResult), training=build(TrainingResult))
    assert render_charts(empty) == {}


def test_charts_are_small_whatever_the_number_of_customers(charts):
    assert sum(len(chart.to_json()) for chart in charts.values()) < 150_000


@pytest.mark.parametrize("name", ["roc", "gains", "lift", "reliability"])
def test_series_differ_in_dash_when_printed_in_grey(charts, name):
    lines = [trace.line.dash for trace in charts[name].data]
    assert len(set(lines)) >= len(lines) - 1
    solid = {trace.name for trace in charts[name].data if trace.line.dash == "solid"}
    assert solid in ({"Model"}, {"Model", "Perfect list"})


@pytest.mark.parametrize("name", ["risk", "value", "activity", "importance"])
def test_bars_differ_in_hatching_when_printed_in_grey(charts, name):
    shapes = [str(trace.marker.pattern.shape) for trace in charts[name].data]
    assert len(shapes) == len(set(shapes)) > 1


def test_strokes_stay_with_their_series_when_one_is_left_out():
    every = strokes(["model", "a", "b"])
    assert strokes(["b", "a"])["a"] == every["a"]


def test_histogram_counts_everybody_once():
    p = np.array([0.0, 0.05, 0.5, 1.0])
    bands = ["low", "low", "medium", "high"]
    chart = risk_chart(pd.DataFrame({"churn_probability": p, "risk_band": bands}))
    assert sum(sum(trace.y) for trace in chart.data) == 4
    assert [sum(trace.y) for trace in chart.data] == [2, 1, 1]


def test_values_are_counted_once_when_some_are_zero_or_negative():
    values = pd.DataFrame({"clv": [-3.0, 0.0, 1.0, 10.0, 1000.0]})
    chart = value_chart(values, "EUR")
    assert sum(chart.data[0].x) == pytest.approx(1)


@pytest.mark.parametrize("values", [[0.0, 0.0], [5.0], [1e-6, 1e9]])
def test_value_edges_ascend_for_odd_spreads(values):
    edges = value_edges(values)
    assert 1 <= len(edges) <= 7
    assert edges == sorted(set(edges))


def test_cohorts_leave_the_first_period_out_and_pad_short_rows(build):
    table = {"cohorts": ["a", "b"], "sizes": [3, 2], "retention": [[1, 0.5, 0.2], [1]]}
    chart = cohort_chart(build(KpiResult, cohorts=table | {"period": "week"}))
    assert [list(row) for row in chart.data[0].z] == [[0.5, 0.2], [None, None]]
    assert chart.layout.xaxis.title.text == "Weeks since the first purchase"


def test_windows_start_after_the_gap_when_there_is_one(build):
    timeline = {"first_order": "2020-01-01", "cutoff": "2020-03-01"}
    training = {"timeline": timeline, "gap_days": 7, "horizon_days": 30}
    predicted = timeline_chart(build(TrainingResult, **training)).data[1]
    assert list(predicted.x) == ["2020-03-08", "2020-04-07"]


def test_meanings_are_drawn_as_text_when_they_hold_markup(build):
    rows = [{"feature": "x", "meaning": "<b>a</b> & b", "importance": 1.0}]
    chart = importance_chart(build(TrainingResult, importance=rows))
    assert chart.layout.annotations[0].text == "&lt;b&gt;a&lt;/b&gt; &amp; b"


def test_labels_of_series_are_text_when_they_hold_markup(build):
    points = {
        "reliability": [{"mean_predicted": 0.1, "observed_rate": 0.1, "n_customers": 3}]
    }
    training = {"curves": {"x": points}, "baseline_labels": {"x": "<i>x</i>"}}
    chart = reliability_chart(build(TrainingResult, **training))
    names = [trace.name for trace in chart.data]
    assert "&lt;i&gt;x&lt;/i&gt;" in names


def test_long_curves_keep_their_ends_when_thinned():
    kept = kept_positions(20_000, 250)
    assert len(kept) == 250
    assert (kept[0], kept[-1]) == (0, 19_999)


def test_charts_survive_json_when_figures_are_missing(build, parts):
    training = parts("training")
    training["diagnostics"]["alive_matrix"]["p"][0][0] = float("nan")
    results = Results(training=build(TrainingResult, **training))
    chart = render_charts(results)["alive"]
    assert "NaN" not in json.dumps(json.loads(chart.to_json()))
