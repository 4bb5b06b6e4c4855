"""Charts of the purchase-process model: does what it assumes hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from regulars.report.style import (
    BLUE,
    GREY,
    VERMILION,
    Stroke,
    figure,
    kept_positions,
    line,
    thinned,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.results import TrainingResult

EXPECTED = Stroke(BLUE, "solid", "circle", 2.6)
ACTUAL = Stroke(VERMILION, "dash", "square", 2.0)


def tracking_chart(training: TrainingResult) -> go.Figure | None:
    """Draw purchases by week, added up: what happened and what the model expects."""
    tracking = training.diagnostics.tracking
    if tracking is None or not tracking.week:
        return None
    kept = kept_positions(len(tracking.week))
    across = thinned(tracking.week, kept)
    actual = thinned(tracking.actual_cumulative, kept)
    expected = thinned(tracking.expected_cumulative, kept)
    chart = figure(
        [
            line(across, actual, "Actual", ACTUAL),
            line(across, expected, "Expected by the model", EXPECTED),
        ],
        height=340,
    )
    chart.add_vline(
        x=tracking.cutoff_week,
        line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": "data end here", "font": {"size": 11}},
        annotation_position="top left",
    )
    chart.update_xaxes(title_text="Week")
    chart.update_yaxes(title_text="Repeat purchases so far", tickformat=",")
    return chart.update_yaxes(rangemode="tozero")


def frequency_chart(training: TrainingResult) -> go.Figure | None:
    """Draw later purchases by how often customers had bought before."""
    fit = training.diagnostics.by_frequency
    if fit is None or not fit.frequency:
        return None
    chart = figure([], height=340)
    for values, name, stroke in (
        (fit.actual, "Actual", ACTUAL),
        (fit.expected, "Expected by the model", EXPECTED),
    ):
        trace = line(fit.frequency, thinned(values, range(len(values))), name, stroke)
        trace.update(mode="lines+markers", marker={"symbol": stroke.symbol, "size": 8})
        chart.add_trace(trace)
    chart.update_xaxes(title_text="Repeat purchases before the cutoff", type="category")
    chart.update_yaxes(title_text="Purchases after it, a customer", rangemode="tozero")
    return chart


def alive_chart(training: TrainingResult) -> go.Figure | None:
    """Draw the probability of being alive by frequency and recency."""
    matrix = training.diagnostics.alive_matrix
    if matrix is None or not matrix.p:
        return None
    rows = kept_positions(len(matrix.frequency), 40)
    columns = kept_positions(len(matrix.recency), 60)
    heat = go.Heatmap(
        z=[thinned(matrix.p[row], columns) for row in rows],
        x=thinned(matrix.recency, columns),
        y=thinned(matrix.frequency, rows),
        colorscale="Cividis",
        # the whole scale, or chance would look like certainty
        zmin=0,
        zmax=1,
        colorbar={"tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "x": 1.01},
        hovertemplate="recency %{x}, frequency %{y}: %{z:.0%}",
    )
    chart = figure([heat], height=340)
    chart.update_xaxes(title_text="Recency: weeks from first to last purchase")
    return chart.update_yaxes(title_text="Frequency: repeat purchases", showgrid=False)


def spend_chart(training: TrainingResult) -> go.Figure | None:
    """Draw the spread of mean spend among repeat buyers, actual and expected."""
    density = training.diagnostics.spend_density
    if density is None or not density.value:
        return None
    kept = kept_positions(len(density.value))
    across = thinned(density.value, kept)
    traces = [
        line(across, _fine(density.actual, kept), "Actual", ACTUAL),
        line(across, _fine(density.expected, kept), "Expected", EXPECTED),
    ]
    chart = figure(traces, height=300)
    chart.update_xaxes(title_text="Mean spend per repeat purchase")
    return chart.update_yaxes(title_text="Density", rangemode="tozero")


def _fine(values: Sequence[float], kept: Sequence[int]) -> list[float]:
    """Pick densities, which are too small for a fixed count of decimals."""
    return [float(f"{values[position]:.4g}") for position in kept]
