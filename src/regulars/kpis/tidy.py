"""All KPIs of a result as one tidy table: a row a KPI, segment and period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from regulars.results import KpiResult

COLUMNS = (
    "kpi",
    "segment",
    "period",
    "value",
    "low",
    "high",
    "n",
    "change",
    "before",
    "unit",
    "why_absent",
)


def tidy_kpis(result: KpiResult) -> pd.DataFrame:
    """Return a row a KPI and segment; those that cannot be had say why.

    Parameters
    ----------
    result : KpiResult
        As ``kpis.json`` holds it.

    Returns
    -------
    DataFrame of shape (n_figures, 11)
        ``kpi``, ``segment`` (empty: everybody), ``period``, ``value``, ``low`` and
        ``high`` (95% interval), ``n`` (customers behind it), ``change`` on ``before``,
        ``unit``, ``why_absent``.

    Examples
    --------
    >>> from regulars.results import KpiResult
    >>> absent = [{"kpi": "nps", "why": "There is no table of surveys."}]
    >>> result = KpiResult(name="shop", currency="EUR", absent=absent)
    >>> tidy_kpis(result)[["kpi", "why_absent"]]
       kpi                     why_absent
    0  nps  There is no table of surveys.
    """
    rows = [each.model_dump() for each in result.figures]
    period = "" if result.period is None else _label(result)
    rows += [
        {"kpi": each.kpi, "period": period, "segment": "", "why_absent": each.why}
        for each in result.absent
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"n": "Int64"})


def _label(result: KpiResult) -> str:
    assert result.period is not None
    return f"{result.period.start}/{result.period.end}"
