"""Charts of the scored customers: how the risk and the value are spread.

Customers are counted into bins here, so that a page holds a few dozen numbers whatever
the number of customers.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.report.formats import money
from regulars.report.style import BLUE, GREEN, ORANGE, SKY, VERMILION, figure, fill

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

BANDS = {"low": (SKY, ""), "medium": (ORANGE, "/"), "high": (VERMILION, "x")}
N_RISK_BINS = 20


def risk_chart(scores: pd.DataFrame) -> go.Figure | None:
    """Draw how many customers stand at each probability of churn."""
    known = scores.dropna(subset=["churn_probability"])
    if known.empty:
        return None
    edges = np.linspace(0, 1, N_RISK_BINS + 1)
    parts = (
        {"": known}
        if "risk_band" not in known
        else {band: known[known["risk_band"] == band] for band in BANDS}
    )
    chart = figure([], barmode="stack", bargap=0.06, height=340)
    for band, part in parts.items():
        counts, _ = np.histogram(part["churn_probability"], bins=edges)
        colour, pattern = BANDS.get(band, (BLUE, ""))
        chart.add_bar(
            x=[round(float(x), 4) for x in (edges[:-1] + edges[1:]) / 2],
            y=counts.tolist(),
            name=f"{band.capitalize()} risk",
            marker=fill(colour, pattern),
            hovertemplate="around %{x:.0%}: %{y:,} customers",
        )
    title = "Probability of churn"
    chart.update_xaxes(title_text=title, tickformat=".0%", range=[0, 1], dtick=0.25)
    chart.update_yaxes(tickformat=",", title_text="Customers")
    return chart.update_layout(showlegend=len(parts) > 1)


def value_chart(scores: pd.DataFrame, currency: str) -> go.Figure | None:
    """Draw how customers, and their value, are spread over classes of value."""
    values = scores["clv"].dropna().to_numpy(dtype=float)
    if values.size == 0:
        return None
    edges = value_edges(values)
    classes = np.searchsorted(edges, values, side="right")
    n_classes = len(edges) + 1
    counts = np.bincount(classes, minlength=n_classes)
    amounts = np.bincount(classes, weights=values, minlength=n_classes)
    total = float(values.sum())
    chart = figure([], barmode="group", bargap=0.22, height=44 * n_classes + 60)
    for shares, name, colour, pattern in (
        (counts / values.size, "Share of customers", BLUE, ""),
        (amounts / total if total > 0 else amounts * 0, "Share of value", GREEN, "/"),
    ):
        chart.add_bar(
            y=_class_names(edges, currency),
            x=[round(float(share), 5) for share in shares],
            orientation="h",
            name=name,
            marker=fill(colour, pattern),
            hovertemplate="%{y}: %{x:.1%}",
        )
    chart.update_xaxes(tickformat=".0%", showgrid=True, rangemode="tozero")
    return chart.update_yaxes(type="category", showgrid=False)


def value_edges(values: Any) -> list[float]:
    """Return bounds of classes of value that grow as 1, 2, 5, 10."""
    array = np.asarray(values, dtype=float)
    positive = array[array > 0]
    if positive.size == 0:
        return [1.0]
    low, high = np.quantile(positive, [0.01, 0.999])
    powers = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 2)
    # rounded bounds read better than quantiles, and stay when customers are added
    steps = [m * 10.0**power for power, m in itertools.product(powers, (1, 2, 5))]
    inside = [step for step in steps if low < step < high]
    return (inside or [float(f"{high:.0e}")])[-7:]


def _class_names(edges: list[float], currency: str) -> list[str]:
    words = [money(edge, currency).removesuffix(".00") for edge in edges]
    bare = [money(edge, "").removesuffix(".00") for edge in edges]
    between = [f"{low}\u2013{high}" for low, high in zip(words, bare[1:], strict=False)]
    return [f"up to {words[0]}", *between, f"above {words[-1]}"]
