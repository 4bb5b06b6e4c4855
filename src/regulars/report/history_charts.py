"""Charts of what has happened: months, cohorts, and the windows of the study."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from regulars.report.formats import currency_prefix, date, number
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.results import KpiResult, TrainingResult
    from regulars.results.kpis import MonthKpis
    from regulars.results.training import StudyTimeline

# beyond these a table of cohorts is a carpet, and figures in its cells overlap
AGES_DRAWN, COHORTS_DRAWN, WITH_FIGURES = 24, 36, 19


def retention_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw the retention and the churn rate of each month."""
    rows = kpis.monthly
    if all(row.retention_rate is None for row in rows) or nobody_came_back(kpis):
        return None
    chart = figure([], height=340)
    for rates, name, colour, dash, symbol in (
        ([row.retention_rate for row in rows], "Kept", BLUE, "solid", "circle"),
        ([row.churn_rate for row in rows], "Lost", VERMILION, "dash", "square"),
    ):
        chart.add_scatter(
            x=[row.month for row in rows],
            y=rates,
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.4},
            marker={"symbol": [_marker(row, symbol) for row in rows], "size": 8},
            hovertemplate="%{x|%B %Y}: %{y:.1%}",
        )
    chart.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return _by_month(chart, rows)


def activity_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw the customers who bought in each month, new and returning."""
    rows = kpis.monthly
    if not rows:
        return None
    chart = figure([], height=340, barmode="stack", bargap=0.25)
    for counts, name, colour, pattern in (
        ([row.n_returning for row in rows], "Bought before", BLUE, ""),
        ([row.n_new for row in rows], "New", ORANGE, "/"),
    ):
        chart.add_bar(
            x=[row.month for row in rows],
            y=counts,
            name=name,
            marker=fill(colour, pattern),
            hovertemplate="%{x|%B %Y}: %{y:,}",
        )
    chart.update_yaxes(tickformat=",")
    return _by_month(chart, rows)


def revenue_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw the revenue of each month."""
    rows = kpis.monthly
    if not rows:
        return None
    hatching = ["" if row.is_complete else "/" for row in rows]
    bars = go.Bar(
        x=[row.month for row in rows],
        y=[row.revenue for row in rows],
        marker=fill(GREEN, hatching),
        hovertemplate="%{x|%B %Y}: %{y:,.0f}",
    )
    chart = figure([bars], height=340, bargap=0.25, showlegend=False)
    prefix = currency_prefix(kpis.currency)
    chart.update_yaxes(tickprefix=prefix, rangemode="tozero")
    return _by_month(chart, rows)


def _marker(row: MonthKpis, symbol: str) -> str:
    return symbol if row.is_complete else f"{symbol}-open"


def _by_month(chart: go.Figure, rows: Sequence[MonthKpis]) -> go.Figure:
    # Plotly would put days between a few months
    step = "M1" if len(rows) <= 6 else None
    return chart.update_xaxes(type="date", dtick=step, hoverformat="%B %Y")


def cohort_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw which share of each cohort bought again in each later period."""
    table = kpis.cohorts
    if table is None or nobody_came_back(kpis):
        return None
    rows = table.retention[-COHORTS_DRAWN:]
    names, sizes = table.cohorts[-COHORTS_DRAWN:], table.sizes[-COHORTS_DRAWN:]
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
    since = "first purchase" if kpis.survival is None else "first start"
    title = f"{table.period.capitalize()}s since the {since}"
    chart.update_xaxes(title_text=title)
    chart.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return chart.update_xaxes(dtick=1 if n_ages <= 13 else 3)


def timeline_chart(training: TrainingResult) -> go.Figure | None:
    """Draw the windows of the study, one under the other."""
    timeline = training.timeline
    if timeline is None or timeline.first_order is None:
        return None
    windows = _windows(timeline)
    chart = figure([], height=34 * len(windows) + 110)
    shown: set[str] = set()
    for place, (kind, cutoff) in enumerate(windows):
        _draw_window(
            chart, place, kind, (timeline.first_order, cutoff), training, shown
        )
    words = [kind for kind, _ in windows]
    chart.update_yaxes(
        tickvals=list(range(len(words))),
        ticktext=words,
        range=[len(words) - 0.4, -0.6],
        showgrid=False,
    )
    return chart.update_xaxes(type="date", showgrid=True)


def _windows(timeline: StudyTimeline) -> list[tuple[str, dt.date]]:
    """Return kind and cutoff of each window, in order of time."""
    windows = [
        *(("Training", day) for day in timeline.training_cutoffs),
        ("Validation", timeline.validation_cutoff),
        ("Test", timeline.test_cutoff),
        ("Scores", timeline.cutoff),
    ]
    dated = [(kind, day) for kind, day in windows if day is not None]
    return sorted(dated, key=lambda window: window[1])


def _draw_window(
    chart: go.Figure,
    place: int,
    kind: str,
    seen: tuple[dt.date, dt.date],
    training: TrainingResult,
    shown: set[str],
) -> None:
    """Draw what one window's features see and what it predicts."""
    colour = {"Training": BLUE, "Validation": PURPLE, "Test": VERMILION}.get(
        kind, GREEN
    )
    start = seen[1] + dt.timedelta(days=training.gap_days or 0)
    end = start + dt.timedelta(days=training.horizon_days or 0)
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


def complete_months(kpis: KpiResult) -> list[MonthKpis]:
    """Return the months that are over."""
    return [row for row in kpis.monthly if row.is_complete]


def nobody_came_back(kpis: KpiResult) -> bool:
    """Return whether several months have passed in which nobody bought again."""
    is_unknown = kpis.summary is not None and kpis.summary.retention_rate is None
    return is_unknown and len(complete_months(kpis)) >= 2
