"""Charts of who leaves: by tenure of a contract, by part of a labelled table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from regulars.report.formats import number, percent, plural
from regulars.report.model_charts import escaped
from regulars.report.style import BASELINES, BLUE, GREY, MODEL, figure, fill, line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.report.style import Stroke
    from regulars.results import KpiResult
    from regulars.results.kpis import SliceKpis
    from regulars.results.survival import HazardPeriod, Survival, SurvivalStep

BAND = "rgba(0,114,178,0.16)"
FEWEST_EXPOSED = 5  # a rate of fewer contracts is noise
MOST_BARS = 14


def survival_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw the share of customers that outlast each tenure, with its band."""
    survival = kpis.survival
    if survival is None or not survival.curve:
        return None
    traces = [
        _band(survival.curve),
        _steps(survival.curve, "All customers", MODEL),
        *(
            _steps(steps, escaped(plan), stroke)
            for (plan, steps), stroke in zip(
                survival.plans.items(), BASELINES, strict=False
            )
            if steps
        ),
    ]
    chart = figure(traces, height=400)
    chart.update_xaxes(title_text="Days since the first contract", rangemode="tozero")
    chart.update_yaxes(title_text="Still a customer", tickformat=".0%", range=[0, 1.02])
    return chart


def _steps(steps: Sequence[SurvivalStep], name: str, stroke: Stroke) -> go.Scatter:
    days = [0.0, *(step.tenure_days for step in steps)]
    share = [1.0, *(round(step.survival, 5) for step in steps)]
    trace = line(days, share, name, stroke)
    # the share falls when somebody leaves and stays level in between
    trace.line.shape = "hv"
    return trace.update(hovertemplate="%{x:,.0f} days: %{y:.1%}")


def _band(steps: Sequence[SurvivalStep]) -> go.Scatter:
    days, low, high = [], [], []
    for step in steps:
        if step.low is not None and step.high is not None:
            days.append(step.tenure_days)
            low.append(round(step.low, 5))
            high.append(round(step.high, 5))
    return go.Scatter(
        x=[*days, *days[::-1]],
        y=[*high, *low[::-1]],
        name="95% interval",
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )


def hazard_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw the share of running contracts that ends in each month of tenure."""
    survival = kpis.survival
    rows = _exposed(survival)
    if survival is None or not rows:
        return None
    days = [row.from_days + survival.period_days / 2 for row in rows]
    rates = [round(row.hazard, 5) for row in rows]
    trace = line(days, rates, "Share that ends, 95% interval", MODEL)
    trace.update(
        mode="lines+markers",
        marker={"symbol": "circle", "size": 7},
        hovertemplate="%{x:,.0f} days: %{y:.1%}",
        error_y={
            "array": [round((row.high or 0) - row.hazard, 5) for row in rows],
            "arrayminus": [round(row.hazard - (row.low or 0), 5) for row in rows],
            "thickness": 1.1,
            "width": 3,
        },
    )
    chart = figure([trace], height=340)
    top = 1.25 * max(rates) if any(rates) else 0.1
    chart.update_xaxes(title_text="Days since the first contract", rangemode="tozero")
    chart.update_yaxes(
        title_text="Ends within the month", tickformat=".0%", range=[0, min(1, 2 * top)]
    )
    return chart


def _exposed(survival: Survival | None) -> list[HazardPeriod]:
    rows = survival.hazard if survival else ()
    return [row for row in rows if row.n_exposed >= FEWEST_EXPOSED]


def parts_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw the share of customers that churned in each part of a labelled table."""
    whole = kpis.summary.churn_rate if kpis.summary else None
    if not kpis.by_part or whole is None:
        return None
    telling = sorted(kpis.by_part, key=lambda row: -abs(row.churn_rate - whole))
    telling = sorted(telling[:MOST_BARS], key=lambda row: row.churn_rate)
    names = [escaped(part_name(row)) for row in telling]
    bars = go.Bar(
        x=[round(row.churn_rate, 5) for row in telling],
        y=names,
        orientation="h",
        name="Churned",
        marker=fill(BLUE),
        customdata=[row.n_customers for row in telling],
        hovertemplate="%{y}: %{x:.1%} of %{customdata:,}<extra></extra>",
    )
    chart = figure([bars], height=90 + 26 * len(names), showlegend=False)
    chart.add_vline(x=whole, line={"dash": "4px,3px", "width": 1.3, "color": GREY})
    chart.update_xaxes(title_text="Share that churned", tickformat=".0%")
    chart.update_xaxes(rangemode="tozero")
    return chart


def part_name(row: SliceKpis) -> str:
    """Return what to call a part of the base."""
    return f"{row.part.replace('_', ' ')}: {row.value}"


def _survival_caption(kpis: KpiResult) -> str:
    survival = kpis.survival
    if survival is None or not survival.curve:
        return ""
    text = "Fewer than half have left in the time that was seen."
    if survival.median_days is not None:
        text = f"Half have left after {number(survival.median_days)} days."
    year = [step for step in survival.curve if step.tenure_days <= 365]
    if not year or survival.curve[-1].tenure_days < 365:
        return text
    last = year[-1]
    return (
        f"{percent(last.survival)} ({percent(last.low)} to {percent(last.high)}) of "
        f"customers stay longer than a year. {text}"
    )


def _hazard_caption(kpis: KpiResult) -> str:
    survival = kpis.survival
    rows = _exposed(survival)
    if survival is None or not rows:
        return ""
    # by the lower bound: a month in which two of six left is no pattern
    worst = max(rows, key=lambda row: row.low or 0)
    start = worst.from_days
    return (
        f"Leaving is most common between day {number(start)} and day "
        f"{number(start + survival.period_days)}: {percent(worst.hazard)} of "
        f"{plural(round(worst.n_exposed), 'contract')} seen then."
    )


def _parts_caption(kpis: KpiResult) -> str:
    if not kpis.by_part or kpis.summary is None:
        return ""
    worst = max(kpis.by_part, key=lambda row: row.churn_rate)
    return (
        f"{part_name(worst)} loses most, {percent(worst.churn_rate)} of "
        f"{plural(worst.n_customers, 'customer')}; the dashed line is the whole "
        f"table, {percent(kpis.summary.churn_rate)}."
    )


CHARTS: dict[str, Callable[[KpiResult], go.Figure | None]] = {
    "survival": survival_chart,
    "hazard": hazard_chart,
    "parts": parts_chart,
}
CAPTIONS: dict[str, Callable[[KpiResult], str]] = {
    "survival": _survival_caption,
    "hazard": _hazard_caption,
    "parts": _parts_caption,
}
