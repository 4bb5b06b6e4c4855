"""Charts of the test window: the model beside its baselines, and what it looks at."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from regulars.report.style import (
    BLUE,
    GREY,
    MODEL,
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
    from collections.abc import Callable, Iterable, Mapping

    import plotly.graph_objects as go

    from regulars.results import TrainingResult
    from regulars.results.measures import ReliabilityPoint
    from regulars.results.training import FeatureImportance

DIRECTIONS = {
    "raises": (VERMILION, "", "more of it raises the risk"),
    "lowers": (BLUE, "/", "more of it lowers the risk"),
    "mixed": (GREY, ".", "it depends"),
}
SHARES = {"range": [0, 1], "tickformat": ".0%", "dtick": 0.25}
LABEL_LENGTH = 100


def series_labels(names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return what to call the model and each baseline."""
    others = {name: known.get(name, name.replace("_", " ")) for name in names}
    return others | {"model": "Model"}


def baseline_label(training: TrainingResult, name: str) -> str:
    """Return what to call a baseline of the test."""
    return series_labels([name], training.baseline_labels)[name]


def curve_chart(
    training: TrainingResult, curve: str, across: str, up: str
) -> go.Figure | None:
    """Draw one curve of the model and of every baseline that has it."""

    def trace(points: Any, label: str, stroke: Stroke) -> go.Scatter:
        x, y = getattr(points, across), getattr(points, up)
        kept = kept_positions(len(x))
        return line(thinned(x, kept), thinned(y, kept), label, stroke)

    traces = _series(training, curve, trace)
    return figure(traces) if traces else None


def _series(
    training: TrainingResult, curve: str, trace: Callable[[Any, str, Stroke], Any]
) -> list[Any]:
    """Apply ``trace`` to each series that has this curve; the model drawn on top."""
    curves = training.curves
    labels = series_labels(curves, training.baseline_labels)
    # legendrank keeps the model first in the legend although it is drawn last
    drawn = []
    for rank, (name, stroke) in enumerate(strokes(curves).items(), start=1):
        points = getattr(curves[name], curve)
        if points:
            item = trace(points, escaped(labels[name]), stroke)
            drawn.append(item.update(legendrank=rank))
    return drawn[::-1]


def roc_chart(training: TrainingResult) -> go.Figure | None:
    """Draw how many churners are caught for each share of false alarms."""
    chart = curve_chart(training, "roc", "false_positive_rate", "true_positive_rate")
    if chart is not None:
        chart.add_trace(reference([0, 1], [0, 1], "Chance").update(legendrank=99))
        chart.update_xaxes(title_text="Stayers wrongly flagged", **SHARES)
        chart.update_yaxes(title_text="Churners caught", **SHARES)
    return chart


def gains_chart(training: TrainingResult) -> go.Figure | None:
    """Draw the share of churners reached against the share contacted."""
    chart = curve_chart(training, "gains", "share_contacted", "share_reached")
    if chart is not None:
        chart.add_trace(reference([0, 1], [0, 1], "At random").update(legendrank=98))
        if training.test and training.test.churn_rate:
            rate = training.test.churn_rate
            best = reference([0, rate, 1], [0, 1, 1], "Perfect list")
            chart.add_trace(best.update(legendrank=99, line={"dash": "solid"}))
        chart.update_xaxes(title_text="Contacted, riskiest first", **SHARES)
        chart.update_yaxes(title_text="Churners reached", **SHARES)
    return chart


def lift_chart(training: TrainingResult) -> go.Figure | None:
    """Draw how many times denser churners are among those contacted."""
    chart = curve_chart(training, "lift", "share_contacted", "lift")
    if chart is not None:
        chart.add_trace(reference([0, 1], [1, 1], "At random").update(legendrank=99))
        chart.update_xaxes(title_text="Contacted, riskiest first", **SHARES)
        chart.update_yaxes(title_text="Lift over chance", ticksuffix="\u00d7")
    return chart


def reliability_chart(training: TrainingResult) -> go.Figure | None:
    """Draw what share of customers churned against what was predicted."""
    traces = _series(training, "reliability", _reliability_trace)
    return reliability_figure(traces) if traces else None


def _reliability_trace(
    points: tuple[ReliabilityPoint, ...], label: str, stroke: Stroke
) -> go.Scatter:
    is_model = stroke == MODEL
    trace = reliability_line(points, label, stroke, size=8 if is_model else 6)
    trace.update(customdata=[point.n_customers for point in points])
    trace.update(
        hovertemplate="predicted %{x:.1%}, churned %{y:.1%}, %{customdata:,} customers"
    )
    if is_model:
        # the baselines' bars would hide the model's
        trace.error_y = {
            "array": [round(p.observed_high - p.observed_rate, 5) for p in points],
            "arrayminus": [round(p.observed_rate - p.observed_low, 5) for p in points],
            "thickness": 1.2,
            "width": 3,
            "color": stroke.colour,
        }
    return trace


def reliability_line(
    points: tuple[ReliabilityPoint, ...], label: str, stroke: Stroke, *, size: int
) -> go.Scatter:
    """Return what share of customers churned by what was predicted."""
    trace = line(
        [round(point.mean_predicted, 5) for point in points],
        [round(point.observed_rate, 5) for point in points],
        label,
        stroke,
    )
    marker = {"symbol": stroke.symbol, "size": size}
    return trace.update(mode="lines+markers", marker=marker)


def reliability_figure(traces: list[Any]) -> go.Figure:
    """Return the frame of a reliability chart with its diagonal."""
    diagonal = reference([0, 1], [0, 1], "Perfect").update(legendrank=99)
    chart = figure([diagonal, *traces])
    chart.update_xaxes(title_text="Predicted probability of churn", **SHARES)
    chart.update_yaxes(title_text="Share that did churn", **SHARES)
    return chart


def importance_chart(training: TrainingResult, count: int = 15) -> go.Figure | None:
    """Draw the features that move the score most, with their meanings."""
    rows = top_features(training, count)
    if not rows:
        return None
    chart = figure([], height=42 * len(rows) + 100, barmode="overlay")
    for way, (colour, pattern, words) in DIRECTIONS.items():
        places = [i for i, row in enumerate(rows) if _direction(row) == way]
        if places:
            chart.add_bar(
                x=[round(rows[i].importance, 5) for i in places],
                y=places,
                orientation="h",
                name=words,
                width=0.36,
                marker=fill(colour, pattern),
                customdata=[rows[i].feature for i in places],
                hovertemplate="%{customdata}: %{x:.3f}",
            )
    for place, row in enumerate(rows):
        # Plotly reads markup in annotations; a feature's own text must stay text
        text = textwrap.shorten(row.meaning, LABEL_LENGTH, placeholder=" \u2026")
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


def top_features(training: TrainingResult, count: int) -> list[FeatureImportance]:
    """Return the features that move the score most, the first one foremost."""
    rows = [row for row in training.importance if row.importance > 0]
    return sorted(rows, key=lambda row: (-row.importance, row.feature))[:count]


def _direction(row: FeatureImportance) -> str:
    return row.direction if row.direction in DIRECTIONS else "mixed"


def escaped(text: Any) -> str:
    """Return text that Plotly draws as it is, markup and all."""
    safe = str(text).replace("&", "&amp;")
    return safe.replace("<", "&lt;").replace(">", "&gt;")
