"""Charts of the purchase-process model: does what it assumes hold.

The ``diagnostics`` of ``training.json`` come in, figures go out, None where the numbers
are not there.
"""

from __future__ import annotations

from typing import Any

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

EXPECTED = Stroke(BLUE, "solid", "circle", 2.6)
ACTUAL = Stroke(VERMILION, "dash", "square", 2.0)


def tracking_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw purchases by week, added up: what happened and what the model expects."""
    found = _diagnostic(training, "tracking")
    if not found or not found.get("week"):
        return None
    weeks = found["week"]
    kept = kept_positions(len(weeks))
    across = thinned(weeks, kept)
    chart = figure(
        [
            line(across, thinned(found["actual_cumulative"], kept), "Actual", ACTUAL),
            line(
                across,
                thinned(found["expected_cumulative"], kept),
                "Expected by the model",
                EXPECTED,
            ),
        ],
        height=340,
    )
    if found.get("cutoff_week") is not None:
        chart.add_vline(
            x=found["cutoff_week"],
            line={"color": GREY, "dash": "dot", "width": 1.5},
            annotation={"text": "data end here", "font": {"size": 11}},
            annotation_position="top left",
        )
    chart.update_xaxes(title_text="Week")
    chart.update_yaxes(title_text="Repeat purchases so far", tickformat=",")
    return chart.update_yaxes(rangemode="tozero")


def frequency_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw later purchases by how often customers had bought before."""
    found = _diagnostic(training, "by_frequency")
    if not found or not found.get("frequency"):
        return None
    labels = [str(value) for value in found["frequency"]]
    kept = range(len(labels))
    chart = figure([], height=340)
    for key, name, stroke in (
        ("actual", "Actual", ACTUAL),
        ("expected", "Expected by the model", EXPECTED),
    ):
        trace = line(labels, thinned(found[key], list(kept)), name, stroke)
        trace.update(mode="lines+markers", marker={"symbol": stroke.symbol, "size": 8})
        chart.add_trace(trace)
    chart.update_xaxes(title_text="Repeat purchases before the cutoff", type="category")
    chart.update_yaxes(title_text="Purchases after it, a customer", rangemode="tozero")
    return chart


def alive_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw the probability of being alive by frequency and recency."""
    found = _diagnostic(training, "alive_matrix")
    if not found or not found.get("p"):
        return None
    rows = kept_positions(len(found["frequency"]), 40)
    columns = kept_positions(len(found["recency"]), 60)
    heat = go.Heatmap(
        z=[thinned(found["p"][row], columns) for row in rows],
        x=thinned(found["recency"], columns),
        y=thinned(found["frequency"], rows),
        colorscale="Cividis",
        zmin=0,
        zmax=1,
        colorbar={"tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "x": 1.01},
        hovertemplate="recency %{x}, frequency %{y}: %{z:.0%}",
    )
    chart = figure([heat], height=340)
    chart.update_xaxes(title_text="Recency: weeks from first to last purchase")
    return chart.update_yaxes(title_text="Frequency: repeat purchases", showgrid=False)


def spend_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw the spread of mean spend among repeat buyers, actual and expected."""
    found = _diagnostic(training, "spend_density")
    if not found or not all(found.get(key) for key in ("value", "actual", "expected")):
        return None
    kept = kept_positions(len(found["value"]))
    across = thinned(found["value"], kept)
    traces = [
        line(across, _fine(found["actual"], kept), "Actual", ACTUAL),
        line(across, _fine(found["expected"], kept), "Expected", EXPECTED),
    ]
    chart = figure(traces, height=300)
    chart.update_xaxes(title_text="Mean spend per repeat purchase")
    return chart.update_yaxes(title_text="Density", rangemode="tozero")


def _fine(values: list[float], kept: list[int]) -> list[float]:
    """Pick densities, which are too small for a fixed count of decimals."""
    return [float(f"{values[position]:.4g}") for position in kept]


def _diagnostic(training: dict[str, Any], name: str) -> dict[str, Any] | None:
    return (training.get("diagnostics") or {}).get(name)
