"""Charts of customers with contracts, and of churn by part of a labelled table.

``kpis.json`` comes in as a dictionary; Kaplan-Meier's curve with its band, the hazard
by tenure and the share that churned in each part of the base go out, with what to read
off them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from regulars.report.formats import number, percent, plural
from regulars.report.model_charts import escaped
from regulars.report.style import BASELINES, BLUE, MODEL, figure, fill, line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BAND = "rgba(0,114,178,0.16)"
FEWEST_EXPOSED = 5
MOST_BARS = 14


def survival_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw the share of customers that outlast each tenure, with its band."""
    found = kpis.get("survival") or {}
    curve = found.get("curve")
    if not curve:
        return None
    traces = [_band(curve), _steps(curve, "All customers", MODEL)]
    for (plan, rows), stroke in zip(
        (found.get("plans") or {}).items(), BASELINES, strict=False
    ):
        if rows:
            traces.append(_steps(rows, escaped(plan), stroke))
    chart = figure(traces, height=400)
    chart.update_xaxes(title_text="Days since the first contract", rangemode="tozero")
    chart.update_yaxes(title_text="Still a customer", tickformat=".0%", range=[0, 1.02])
    return chart


def _steps(rows: Sequence[dict[str, Any]], name: str, stroke: Any) -> go.Scatter:
    days = [0.0, *(row["tenure_days"] for row in rows)]
    share = [1.0, *(round(row["survival"], 5) for row in rows)]
    trace = line(days, share, name, stroke)
    trace.line.shape = "hv"
    return trace.update(hovertemplate="%{x:,.0f} days: %{y:.1%}")


def _band(rows: Sequence[dict[str, Any]]) -> go.Scatter:
    known = [row for row in rows if row["low"] is not None]
    days = [row["tenure_days"] for row in known]
    high = [round(row["high"], 5) for row in known]
    low = [round(row["low"], 5) for row in known]
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


def hazard_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw the share of running contracts that ends in each month of tenure."""
    found = kpis.get("survival") or {}
    rows = _exposed(found)
    if not rows:
        return None
    days = [row["from_days"] + found.get("period_days", 30) / 2 for row in rows]
    rates = [round(row["hazard"], 5) for row in rows]
    trace = line(days, rates, "Share that ends, 95% interval", MODEL)
    trace.update(
        mode="lines+markers",
        marker={"symbol": "circle", "size": 7},
        hovertemplate="%{x:,.0f} days: %{y:.1%}",
        error_y={
            "array": [round(row["high"] - row["hazard"], 5) for row in rows],
            "arrayminus": [round(row["hazard"] - row["low"], 5) for row in rows],
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


def _exposed(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        row for row in found.get("hazard") or [] if row["n_exposed"] >= FEWEST_EXPOSED
    ]


def parts_chart(kpis: dict[str, Any]) -> go.Figure | None:
    """Draw the share of customers that churned in each part of a labelled table."""
    rows = kpis.get("by_part") or []
    whole = (kpis.get("summary") or {}).get("churn_rate")
    if not rows or whole is None:
        return None
    telling = sorted(rows, key=lambda row: -abs(row["churn_rate"] - whole))[:MOST_BARS]
    telling.sort(key=lambda row: row["churn_rate"])
    names = [part_name(row) for row in telling]
    bars = go.Bar(
        x=[round(row["churn_rate"], 5) for row in telling],
        y=names,
        orientation="h",
        name="Churned",
        marker=fill(BLUE),
        customdata=[row["n_customers"] for row in telling],
        hovertemplate="%{y}: %{x:.1%} of %{customdata:,}<extra></extra>",
    )
    chart = figure([bars], height=90 + 26 * len(names), showlegend=False)
    chart.add_vline(x=whole, line={"dash": "4px,3px", "width": 1.3, "color": "#7f7f7f"})
    chart.update_xaxes(title_text="Share that churned", tickformat=".0%")
    chart.update_xaxes(rangemode="tozero")
    return chart


def part_name(row: dict[str, Any]) -> str:
    """Return what to call a part of the base."""
    return escaped(f"{str(row['part']).replace('_', ' ')}: {row['value']}")


def _survival_caption(kpis: dict[str, Any]) -> str:
    found = kpis.get("survival") or {}
    curve = found.get("curve")
    if not curve:
        return ""
    year = [row for row in curve if row["tenure_days"] <= 365]
    parts = []
    if year and curve[-1]["tenure_days"] >= 365:
        share, low, high = (percent(year[-1][k]) for k in ("survival", "low", "high"))
        parts.append(f"{share} ({low} to {high}) of customers stay longer than a year.")
    median = found.get("median_days")
    if median is not None:
        parts.append(f"Half have left after {number(median)} days.")
    else:
        parts.append("Fewer than half have left in the time that was seen.")
    return " ".join(parts)


def _hazard_caption(kpis: dict[str, Any]) -> str:
    rows = _exposed(kpis.get("survival") or {})
    if not rows:
        return ""
    # by the lower bound: a month in which two of six left is no pattern
    worst = max(rows, key=lambda row: row["low"])
    start = worst["from_days"]
    span = (kpis.get("survival") or {}).get("period_days", 30)
    return (
        f"Leaving is most common between day {number(start)} and day "
        f"{number(start + span)}: {percent(worst['hazard'])} of "
        f"{plural(round(worst['n_exposed']), 'contract')} seen then."
    )


def _parts_caption(kpis: dict[str, Any]) -> str:
    rows = kpis.get("by_part") or []
    if not rows:
        return ""
    worst = max(rows, key=lambda row: row["churn_rate"])
    whole = percent(kpis["summary"]["churn_rate"])
    return (
        f"{worst['part'].replace('_', ' ')}: {worst['value']} loses most, "
        f"{percent(worst['churn_rate'])} of "
        f"{plural(worst['n_customers'], 'customer')}; the dashed line is the whole "
        f"table, {whole}."
    )


CHARTS: dict[str, Callable[[dict[str, Any]], go.Figure | None]] = {
    "survival": survival_chart,
    "hazard": hazard_chart,
    "parts": parts_chart,
}
CAPTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "survival": _survival_caption,
    "hazard": _hazard_caption,
    "parts": _parts_caption,
}
