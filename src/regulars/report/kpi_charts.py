"""Charts of one period beside the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from regulars.report.formats import currency_prefix, number
from regulars.report.style import BLUE, GREEN, GREY, VERMILION, figure

if TYPE_CHECKING:
    from regulars.results import KpiResult

STEP_WORDS = {
    "before": "Before",
    "lost": "Lost",
    "kept_less": "Kept, spend less",
    "kept_more": "Kept, spend more",
    "won_back": "Won back",
    "new": "New",
    "other": "Returns of others",
    "now": "Now",
}


def waterfall_chart(kpis: KpiResult) -> go.Figure | None:
    """Draw how the revenue of one period became that of the next."""
    steps = kpis.waterfall
    if not steps:
        return None
    # Plotly paints a first amount and a total alike
    measures = {"before": "absolute", "now": "total"}
    bars = go.Waterfall(
        x=[f"{STEP_WORDS[s.step]}<br>({number(s.n_customers)})" for s in steps],
        y=[step.revenue for step in steps],
        measure=[measures.get(step.step, "relative") for step in steps],
        increasing={"marker": {"color": GREEN}},
        decreasing={"marker": {"color": VERMILION}},
        totals={"marker": {"color": BLUE}},
        connector={"line": {"color": GREY, "width": 1}},
        hovertemplate="%{x}: %{delta:,.0f}<extra></extra>",
    )
    chart = figure([bars], height=360, showlegend=False)
    return chart.update_yaxes(tickprefix=currency_prefix(kpis.currency))
