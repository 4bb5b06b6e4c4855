"""Charts show the numbers they are given, tell series apart, and name their axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.report import clv_charts as charts

TRACKING = pd.DataFrame(
    {
        "period": [1, 2, 3],
        "actual": [2.0, 1.0, 4.0],
        "expected": [1.5, 1.5, 1.5],
        "actual_cumulative": [2.0, 3.0, 7.0],
        "expected_cumulative": [1.5, 3.0, 4.5],
        "is_holdout": [False, False, True],
    }
)
COUNTS = pd.DataFrame(
    {"frequency": [0, 1], "actual": [5.0, 2.0], "expected": [4.0, 3.0]}
)
DENSITY = pd.DataFrame(
    {"value": [1.0, 2.0], "actual": [0.1, 0.2], "expected": [0.2, 0.1]}
)
SURVIVAL = pd.DataFrame(
    {"period": [0, 1], "actual": [1.0, 0.8], "expected": [1.0, 0.79]}
)


@pytest.mark.parametrize(
    ("draw", "frame", "up"),
    [
        (charts.tracking_chart, TRACKING, "Repeat purchases, added up"),
        (charts.frequency_chart, COUNTS, "Customers"),
        (charts.holdout_chart, COUNTS, "Purchases a customer after it"),
        (charts.spend_density_chart, DENSITY, "Density"),
        (charts.survival_chart, SURVIVAL, "Share still subscribed"),
    ],
)
def test_actual_and_expected_differ_in_more_than_colour(draw, frame, up):
    figure = draw(frame)
    actual, expected = figure.data
    assert (actual.name, expected.name) == ("Actual", "Expected")
    assert figure.layout.yaxis.title.text == up
    if actual.type == "bar":
        assert actual.marker.pattern.shape != expected.marker.pattern.shape
    else:
        assert actual.line.dash != expected.line.dash
        assert actual.line.color != expected.line.color


def test_tracking_chart_marks_where_the_model_stops_looking():
    figure = charts.tracking_chart(TRACKING)
    assert figure.layout.shapes[0].x0 == 2.0
    assert list(figure.data[0].y) == [2.0, 3.0, 7.0]
    single = charts.tracking_chart(TRACKING, is_cumulative=False)
    assert list(single.data[0].y) == [2.0, 1.0, 4.0]
    seen = charts.tracking_chart(TRACKING.assign(is_holdout=False))
    assert not seen.layout.shapes


def test_frequency_chart_says_that_the_last_bar_is_more():
    assert list(charts.frequency_chart(COUNTS).data[0].x) == ["0", "1+"]


def test_matrix_chart_keeps_blanks():
    matrix = pd.DataFrame([[1.0, np.nan]], index=[0], columns=[0.0, 5.0])
    figure = charts.matrix_chart(matrix, title="P(alive)")
    assert np.isnan(figure.data[0].z[0][1])
    assert figure.data[0].colorbar.title.text == "P(alive)"


def test_spend_by_frequency_chart_draws_two_standard_errors():
    frame = pd.DataFrame(
        {"frequency": [1, 2], "mean_value": [9.0, 8.0], "standard_error": [0.5, np.nan]}
    )
    figure = charts.spend_by_frequency_chart(frame)
    assert list(figure.data[0].error_y.array) == [1.0, 0.0]
