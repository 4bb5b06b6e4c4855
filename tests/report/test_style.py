"""The look that all charts share."""

from __future__ import annotations

import pytest

from regulars.report.style import (
    BASELINES,
    BLUE,
    MODEL,
    figure,
    fill,
    kept_positions,
    line,
    reference,
    strokes,
    thinned,
)


def test_model_is_solid_and_baselines_are_dashed():
    looks = strokes(["rfm", "model"])
    assert looks == {"model": MODEL, "rfm": BASELINES[0]}
    assert MODEL.dash == "solid" != BASELINES[0].dash


def test_figure_takes_height_and_layout():
    chart = figure([], height=200, barmode="stack")
    assert (chart.layout.height, chart.layout.barmode) == (200, "stack")


def test_bar_is_filled_in_one_colour_with_a_hatching():
    look = fill(BLUE, "/")
    assert (look["color"], look["pattern"]["shape"]) == (BLUE, "/")


def test_line_is_drawn_by_its_stroke():
    trace = line([0, 1], [0, 1], "model", MODEL)
    assert (trace.mode, trace.line.color, trace.line.width) == ("lines", BLUE, 3.2)


def test_reference_tells_nothing_under_the_mouse():
    assert reference([0, 1], [0, 1], "chance").hoverinfo == "skip"


def test_points_are_rounded_and_gaps_stay():
    assert thinned([0.123456789, None, 1.0], [0, 1]) == [0.12346, None]


@pytest.mark.parametrize(
    ("count", "limit", "kept"), [(5, 3, [0, 2, 4]), (2, 3, [0, 1]), (0, 3, [])]
)
def test_positions_are_spread_evenly(count, limit, kept):
    assert kept_positions(count, limit) == kept
