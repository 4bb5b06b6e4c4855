"""Charts of the purchase process."""

from __future__ import annotations

import pytest

from regulars.report.process_charts import (
    alive_chart,
    frequency_chart,
    spend_chart,
    tracking_chart,
)
from regulars.results import TrainingResult


@pytest.fixture
def diagnosed(build):
    """A function from one diagnostic to a training that has it."""
    return lambda **parts: build(TrainingResult, diagnostics=parts)


def test_tracking_draws_both_lines_and_the_end_of_the_data(diagnosed):
    tracking = {"week": [1, 2], "actual_cumulative": [3, 5], "cutoff_week": 1}
    tracking["expected_cumulative"] = [2.5, 5.5]
    chart = tracking_chart(diagnosed(tracking=tracking))
    assert [trace.name for trace in chart.data] == ["Actual", "Expected by the model"]
    assert chart.data[1].y == (2.5, 5.5)
    assert chart.layout.shapes[0].x0 == 1


def test_purchases_are_drawn_by_frequency(diagnosed):
    fit = {"frequency": ["0", "7 or more"], "actual": [0.2, 7], "expected": [0.3, 7]}
    chart = frequency_chart(diagnosed(by_frequency=fit))
    assert chart.data[0].x == ("0", "7 or more")
    assert chart.data[0].y == (0.2, 7)


def test_alive_has_a_row_a_frequency(diagnosed):
    matrix = {"frequency": [0, 1], "recency": [0, 5], "p": [[1, None], [0.2, 0.8]]}
    chart = alive_chart(diagnosed(alive_matrix=matrix))
    assert [[*row] for row in chart.data[0].z] == [[1, None], [0.2, 0.8]]


def test_small_densities_keep_their_digits(diagnosed):
    density = {"value": [10, 20], "actual": [1.23456e-7, 0.2], "expected": [0.1, 0.3]}
    chart = spend_chart(diagnosed(spend_density=density))
    assert chart.data[0].y == (1.235e-07, 0.2)


@pytest.mark.parametrize(
    "draw", [tracking_chart, frequency_chart, alive_chart, spend_chart]
)
def test_nothing_is_drawn_when_the_log_is_too_short_to_say(diagnosed, draw):
    assert draw(diagnosed()) is None
