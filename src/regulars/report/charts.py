"""Every chart of the report by name.

Results come in, Plotly figures go out: the page draws them, and tracking may log them
beside a run's numbers. Charts whose numbers were not written are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report import kinds_charts
from regulars.report.backtest_charts import FROM_BACKTEST
from regulars.report.history_charts import (
    activity_chart,
    cohort_chart,
    retention_chart,
    revenue_chart,
    timeline_chart,
)
from regulars.report.model_charts import (
    gains_chart,
    importance_chart,
    lift_chart,
    reliability_chart,
    roc_chart,
)
from regulars.report.offer_charts import profit_chart
from regulars.report.process_charts import (
    alive_chart,
    frequency_chart,
    spend_chart,
    tracking_chart,
)
from regulars.report.results import has_own_worth
from regulars.report.score_charts import risk_chart, value_chart

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from regulars.report.results import Results

FROM_KPIS: dict[str, Callable[[dict[str, Any]], go.Figure | None]] = {
    "retention": retention_chart,
    "activity": activity_chart,
    "revenue": revenue_chart,
    "cohorts": cohort_chart,
}
FROM_TRAINING: dict[str, Callable[[dict[str, Any]], go.Figure | None]] = {
    "roc": roc_chart,
    "gains": gains_chart,
    "lift": lift_chart,
    "reliability": reliability_chart,
    "importance": importance_chart,
    "tracking": tracking_chart,
    "by_frequency": frequency_chart,
    "alive": alive_chart,
    "spend": spend_chart,
    "timeline": timeline_chart,
}


def render_charts(results: Results) -> dict[str, go.Figure]:
    """Draw every chart whose numbers are there.

    Parameters
    ----------
    results : Results
        What a run has written; any part may be None.

    Returns
    -------
    dict of str to plotly.graph_objects.Figure
        Name to figure.

    See Also
    --------
    regulars.report.page.render_report : The page around them.

    Examples
    --------
    >>> from regulars.report.results import Results
    >>> months = [{"month": "1997-01", "n_new": 3, "n_returning": 1, "revenue": 9.5}]
    >>> sorted(render_charts(Results(kpis={"monthly": months})))
    ['activity', 'revenue']
    """
    of_kpis = FROM_KPIS | kinds_charts.CHARTS
    drawn = {name: draw(results.kpis or {}) for name, draw in of_kpis.items()}
    for name, draw in FROM_TRAINING.items():
        drawn[name] = draw(results.training or {})
    drawn["profit"] = profit_chart(results.training or {}, results.currency)
    for name, draw in FROM_BACKTEST.items():
        drawn[name] = draw(results.backtest or {})
    if results.scores is not None:
        drawn["risk"] = risk_chart(results.scores)
        if "clv" in results.scores and (not results.kind or has_own_worth(results)):
            drawn["value"] = value_chart(results.scores, results.currency)
    return {name: chart for name, chart in drawn.items() if chart is not None}
