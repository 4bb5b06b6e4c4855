"""Charts of what has happened: months, cohorts, and the windows of the study.

``kpis.json`` and ``training.json`` come in as dictionaries, figures go out, None where
the numbers are not there.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import plotly.graph_objects as go

from regulars.report.formats import currency_prefix, date, month, number
from regulars.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    figure,
    fill,
)

AGES_DRAWN, COHORTS_DRAWN, WITH_FIGURES = 24, 36, 19


def retention_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw the retention and the churn rate of each month."""
    rows = kpis.get("monthly") or []
    if all(row.get("retention_rate") is None for row in rows):
        return None
    if nobody_came_back(kpis):
        return None
    chart = figure([], height=340)
    for key, name, colour, dash, symbol in (
        ("retention_rate", "Kept", BLUE, "solid", "circle"),
        ("churn_rate", "Lost", VERMILION, "dash", "square"),
    ):
        chart.add_scatter(
            x=[row["month"] for row in rows],
            y=[row.get(key) for row in rows],
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.4},
            marker={"symbol": [_marker(row, symbol) for row in rows], "size": 8},
            hovertemplate="%{x|%B %Y}: %{y:.1%}",
        )
    chart.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return _by_month(chart, rows)


def activity_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw the customers who bought in each month, new and returning."""
    rows = kpis.get("monthly") or []
    if not rows:
        return None
    chart = figure([], height=340, barmode="stack", bargap=0.25)
    for key, name, colour, pattern in (
        ("n_returning", "Bought before", BLUE, ""),
        ("n_new", "New", ORANGE, "/"),
    ):
        chart.add_bar(
            x=[row["month"] for row in rows],
            y=[row.get(key) for row in rows],
            name=name,
            marker=fill(colour, pattern),
            hovertemplate="%{x|%B %Y}: %{y:,}",
        )
    chart.update_yaxes(tickformat=",")
    return _by_month(chart, rows)


def revenue_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw the revenue of each month."""
    rows = kpis.get("monthly") or []
    if not rows:
        return None
    hatching = ["" if row.get("is_complete", True) else "/" for row in rows]
    bars = go.Bar(
        x=[row["month"] for row in rows],
        y=[row.get("revenue") for row in rows],
        marker=fill(GREEN, hatching),
        hovertemplate="%{x|%B %Y}: %{y:,.0f}",
    )
    chart = figure([bars], height=340, bargap=0.25, showlegend=False)
    prefix = currency_prefix(kpis.get("currency", ""))
    chart.update_yaxes(tickprefix=prefix, rangemode="tozero")
    return _by_month(chart, rows)


def _marker(row: dict[str, Any], symbol: str) -> str:
    return symbol if row.get("is_complete", True) else f"{symbol}-open"


def _by_month(chart: go.Figure, rows: list[dict[str, Any]]) -> go.Figure:
    step = "M1" if len(rows) <= 6 else None
    return chart.update_xaxes(type="date", dtick=step, hoverformat="%B %Y")


def cohort_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw which share of each cohort bought again in each later period."""
    if nobody_came_back(kpis):
        return None
    table = kpis.get("cohorts") or {}
    rows = list(table.get("retention") or [])[-COHORTS_DRAWN:]
    names = list(table.get("cohorts") or [])[-COHORTS_DRAWN:]
    sizes = list(table.get("sizes") or [])[-COHORTS_DRAWN:]
    n_ages = min(max((len(row) for row in rows), default=0), AGES_DRAWN + 1)
    if n_ages < 2:
        return None
    shares = [[*row[1:n_ages], *[None] * (n_ages - len(row))] for row in rows]
    heat = go.Heatmap(
        z=shares,
        x=list(range(1, n_ages)),
        y=[f"{name} ({number(size)})" for name, size in zip(names, sizes, strict=True)],
        # from light to dark in one hue, so that grey paper keeps the order
        colorscale=[[0, "#f1f7fb"], [0.5, "#5aa5cf"], [1, "#083a5e"]],
        zmin=0,
        xgap=1,
        ygap=1,
        texttemplate="%{z:.0%}" if n_ages <= WITH_FIGURES else None,
        textfont={"size": 11},
        hoverongaps=False,
        hovertemplate="cohort %{y}, period %{x}: %{z:.1%}",
        colorbar={"tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "x": 1.01},
    )
    chart = figure([heat], height=max(220, 30 * len(rows) + 90))
    period = str(table.get("period") or "period")
    chart.update_xaxes(title_text=f"{period.capitalize()}s since the first purchase")
    chart.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return chart.update_xaxes(dtick=1 if n_ages <= 13 else 3)


def timeline_chart(training: dict[str, Any]) -> go.Figure | None:
    """Draw the windows of the study, one under the other."""
    timeline = training.get("timeline") or {}
    windows = _windows(timeline)
    if not windows or not timeline.get("first_order"):
        return None
    first = dt.date.fromisoformat(timeline["first_order"][:10])
    chart = figure([], height=34 * len(windows) + 110)
    shown: set[str] = set()
    for place, (kind, cutoff) in enumerate(windows):
        _draw_window(chart, place, kind, (first, cutoff), training, shown)
    words = [kind for kind, _ in windows]
    chart.update_yaxes(
        tickvals=list(range(len(words))),
        ticktext=words,
        range=[len(words) - 0.4, -0.6],
        showgrid=False,
    )
    return chart.update_xaxes(type="date", showgrid=True)


def _windows(timeline: dict[str, Any]) -> list[tuple[str, dt.date]]:
    """Return kind and cutoff of each window, in order of time."""
    found = [("Training", day) for day in timeline.get("training_cutoffs") or []]
    for kind, key in (
        ("Validation", "validation_cutoff"),
        ("Test", "test_cutoff"),
        ("Scores", "cutoff"),
    ):
        if timeline.get(key):
            found.append((kind, timeline[key]))
    dated = [(kind, dt.date.fromisoformat(day[:10])) for kind, day in found]
    return sorted(dated, key=lambda window: window[1])


def _draw_window(
    chart: go.Figure,
    place: int,
    kind: str,
    seen: tuple[dt.date, dt.date],
    training: dict[str, Any],
    shown: set[str],
) -> None:
    """Draw what one window's features see and what it predicts."""
    colour = {"Training": BLUE, "Validation": PURPLE, "Test": VERMILION}.get(
        kind, GREEN
    )
    start = seen[1] + dt.timedelta(days=int(training.get("gap_days") or 0))
    end = start + dt.timedelta(days=int(training.get("horizon_days") or 0))
    for span, group, width, tint in (
        (seen, "Seen by the features", 2.5, GREY),
        ((start, end), "Predicted", 13, colour),
    ):
        chart.add_scatter(
            x=[day.isoformat() for day in span],
            y=[place, place],
            mode="lines",
            name=group,
            showlegend=group not in shown,
            legendgroup=group,
            line={"color": tint, "width": width},
            hovertemplate=f"{kind}: {group.lower()}, {date(span[0])} to {date(span[1])}"
            "<extra></extra>",
        )
        shown.add(group)


def nobody_came_back(kpis: dict[str, Any]) -> bool:
    """Return whether several months have passed in which nobody bought again."""
    summary = kpis.get("summary") or {}
    is_unknown = summary.get("retention_rate", 0.0) is None
    months = [row for row in kpis.get("monthly") or [] if row.get("is_complete", True)]
    return is_unknown and len(months) >= 2


def last_complete_month(kpis: dict[str, Any]) -> dict[str, Any] | None:
    """Return the latest month that is over and has a retention rate."""
    over = [
        row
        for row in kpis.get("monthly") or []
        if row.get("is_complete", True) and row.get("retention_rate") is not None
    ]
    return {**over[-1], "label": month(over[-1]["month"])} if over else None
