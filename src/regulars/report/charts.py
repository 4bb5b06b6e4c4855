"""Every chart of the report by name; those whose numbers are not there are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.report import churn_charts
from regulars.report.backtest_charts import FROM_BACKTEST
from regulars.report.history_charts import (
    activity_chart,
    cohort_chart,
    retention_chart,
    revenue_chart,
    timeline_chart,
)
from regulars.report.kpi_charts import waterfall_chart
from regulars.report.model_charts import (
    gains_chart,
    importance_chart,
    lift_chart,
    reliability_chart,
    roc_chart,
)
from regulars.report.monitoring_section import FROM_WATCH
from regulars.report.offer_charts import profit_chart
from regulars.report.process_charts import (
    alive_chart,
    frequency_chart,
    spend_chart,
    tracking_chart,
)
from regulars.report.score_charts import risk_chart, value_chart

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from regulars.report.results import Results
    from regulars.results import KpiResult, TrainingResult

FROM_KPIS: dict[str, Callable[[KpiResult], go.Figure | None]] = {
    "retention": retention_chart,
    "activity": activity_chart,
    "revenue": revenue_chart,
    "cohorts": cohort_chart,
    "waterfall": waterfall_chart,
}
FROM_TRAINING: dict[str, Callable[[TrainingResult], go.Figure | None]] = {
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
    >>> import pandas as pd
    >>> from regulars.report.results import Results
    >>> scores = pd.DataFrame({"churn_probability": [0.2, 0.9], "clv": [10.0, 30.0]})
    >>> sorted(render_charts(Results(scores=scores)))
    ['risk', 'value']
    """
    drawn: dict[str, go.Figure | None] = {}
    if results.kpis:
        of_kpis = FROM_KPIS | churn_charts.CHARTS
        drawn |= {name: draw(results.kpis) for name, draw in of_kpis.items()}
    if results.training:
        training, offer = results.training, results.training.profit
        drawn |= {name: draw(training) for name, draw in FROM_TRAINING.items()}
        drawn["profit"] = profit_chart(offer, results.currency) if offer else None
    if results.backtest:
        backtest = results.backtest
        drawn |= {name: draw(backtest) for name, draw in FROM_BACKTEST.items()}
    if results.monitoring:
        watch = results.monitoring
        drawn |= {name: draw(watch) for name, draw in FROM_WATCH.items()}
    if results.scores is not None:
        drawn["risk"] = risk_chart(results.scores)
        # one value for all customers is no spread
        has_value = results.has_own_value or results.is_of_purchases
        if "clv" in results.scores and has_value:
            drawn["value"] = value_chart(results.scores, results.currency)
    return {name: chart for name, chart in drawn.items() if chart is not None}
