"""Charts of the test window: the model beside its baselines, and what it looks at.

``training.json`` comes in as a dictionary, figures go out. A chart whose numbers are
not there is None, so that the page can say so instead of showing an empty frame.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from regulars.report.style import (
    BLUE,
    GREY,
    VERMILION,
    Stroke,
    figure,
    fill,
    kept_positions,
    line,
    reference,
    strokes,
    thinned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

DIRECTIONS = {
    "raises": (VERMILION, "", "more of it raises the risk"),
    "lowers": (BLUE, "/", "more of it lowers the risk"),
    "mixed": (GREY, ".", "it depends"),
}
SHARES = {"range": [0, 1], "tickformat": ".0%", "dtick": 0.25}
LABEL_LENGTH = 100


def series_labels(training: dict[str, Any]) -> dict[str, str]:
    """Return what to call the model and each baseline."""
    known = training.get("baseline_labels") or {}
    names = {*(training.get("baselines") or {}), *(training.get("curves") or {})}
    labels = {"model": "Model"}
    for name in sorted(names - {"model"}):
        labels[name] = str(known.get(name, name.replace("_", " ")))
    return labels


def curve_chart(
    training: dict[str, Any], kind: str, across: str, up: str, **layout: Any
) -> go.Figure | None:
    """Draw one kind of curve for the model and every baseline that has it."""

    def trace(curve: dict[str, Any], label: str, stroke: Stroke) -> go.Scatter:
        kept = kept_positions(len(curve[across]))
        x, y = thinned(curve[across], kept), thinned(curve[up], kept)
        return line(x, y, label, stroke)

    traces = _series(training, kind, trace)
    return figure(traces, **layout) if traces else None


def _series(
    training: dict[str, Any], kind: str, trace: Callable[[Any, str, Stroke], Any]
) -> list[Any]:
    """Apply ``trace`` to each series that has this kind; the model drawn on top."""
    curves = training.get("curves") or {}
    named = {name: curve[kind] for name, curve in curves.items() if curve.get(kind)}
    labels = series_labels(training)
    # legendrank keeps the model first in the legend although it is drawn last
    drawn = []
    for rank, (name, stroke) in enumerate(strokes(curves).items()):
        if name in named:
            item = trace(named[name], escaped(labels[name]), stroke)
            drawn.append(item.update(legendrank=rank + 1))
    return drawn[::-1]


def roc_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw how many churners are caught for each share of false alarms."""
    chart = curve_chart(training, "roc", "false_positive_rate", "true_positive_rate")
    if chart is not None:
        chart.add_trace(reference([0, 1], [0, 1], "Chance").update(legendrank=99))
        chart.update_xaxes(title_text="Stayers wrongly flagged", **SHARES)
        chart.update_yaxes(title_text="Churners caught", **SHARES)
    return chart


def gains_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw the share of churners reached against the share contacted."""
    chart = curve_chart(training, "gains", "share_contacted", "share_reached")
    if chart is not None:
        chart.add_trace(reference([0, 1], [0, 1], "At random").update(legendrank=98))
        rate = (training.get("test") or {}).get("churn_rate")
        if rate:
            best = reference([0, rate, 1], [0, 1, 1], "Perfect list")
            chart.add_trace(best.update(legendrank=99, line={"dash": "solid"}))
        chart.update_xaxes(title_text="Contacted, riskiest first", **SHARES)
        chart.update_yaxes(title_text="Churners reached", **SHARES)
    return chart


def lift_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw how many times denser churners are among those contacted."""
    chart = curve_chart(training, "lift", "share_contacted", "lift")
    if chart is not None:
        chart.add_trace(reference([0, 1], [1, 1], "At random").update(legendrank=99))
        chart.update_xaxes(title_text="Contacted, riskiest first", **SHARES)
        chart.update_yaxes(title_text="Lift over chance", ticksuffix="\u00d7")
    return chart


def reliability_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw what share of customers churned against what was predicted."""
    traces = _series(training, "reliability", _reliability_trace)
    if not traces:
        return None
    diagonal = reference([0, 1], [0, 1], "Perfect").update(legendrank=99)
    chart = figure([diagonal, *traces])
    chart.update_xaxes(title_text="Predicted probability of churn", **SHARES)
    chart.update_yaxes(title_text="Share that did churn", **SHARES)
    return chart


def _reliability_trace(
    points: list[dict[str, Any]], label: str, stroke: Stroke
) -> go.Scatter:
    x = [round(point["mean_predicted"], 5) for point in points]
    y = [round(point["observed_rate"], 5) for point in points]
    trace = line(x, y, label, stroke)
    is_model = stroke.dash == "solid"
    marker = {"symbol": stroke.symbol, "size": 8 if is_model else 6}
    trace.update(mode="lines+markers", marker=marker)
    trace.update(customdata=[point.get("n_customers") for point in points])
    trace.update(
        hovertemplate="predicted %{x:.1%}, churned %{y:.1%}, %{customdata:,} customers"
    )
    if is_model and all(point.get("observed_high") is not None for point in points):
        trace.error_y = {
            "array": [
                round(p["observed_high"] - p["observed_rate"], 5) for p in points
            ],
            "arrayminus": [
                round(p["observed_rate"] - p["observed_low"], 5) for p in points
            ],
            "thickness": 1.2,
            "width": 3,
            "color": stroke.colour,
        }
    return trace


def importance_chart(training: dict[str, Any], count: int = 15) -> go.Figure | None:
    """Draw the features that move the score most, with their meanings."""
    rows = top_features(training, count)
    if not rows:
        return None
    chart = figure([], height=42 * len(rows) + 100, barmode="overlay")
    for way, (colour, pattern, words) in DIRECTIONS.items():
        places = [i for i, row in enumerate(rows) if _direction(row) == way]
        if places:
            chart.add_bar(
                x=[round(rows[i]["importance"], 5) for i in places],
                y=places,
                orientation="h",
                name=words,
                width=0.36,
                marker=fill(colour, pattern),
                customdata=[rows[i]["feature"] for i in places],
                hovertemplate="%{customdata}: %{x:.3f}",
            )
    for place, row in enumerate(rows):
        # Plotly reads markup in annotations; a feature's own text must stay text
        words = row.get("meaning") or row["feature"]
        text = textwrap.shorten(words, LABEL_LENGTH, placeholder=" \u2026")
        chart.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=place - 0.18,
            yanchor="bottom",
            text=escaped(text),
            showarrow=False,
            font={"size": 12},
        )
    chart.update_yaxes(visible=False, range=[len(rows) - 0.5, -0.85])
    chart.update_xaxes(title_text="Mean change of the log-odds", rangemode="tozero")
    chart.update_layout(margin={"l": 4}, showlegend=True)
    return chart


def top_features(training: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Return the features that move the score most, the first one foremost."""
    rows = [row for row in training.get("importance") or [] if row["importance"] > 0]
    return sorted(rows, key=lambda row: (-row["importance"], row["feature"]))[:count]


def _direction(row: dict[str, Any]) -> str:
    way = row.get("direction", "mixed")
    return way if way in DIRECTIONS else "mixed"


def escaped(text: Any) -> str:
    """Return text that Plotly draws as it is, markup and all."""
    safe = str(text).replace("&", "&amp;")
    return safe.replace("<", "&lt;").replace(">", "&gt;")
