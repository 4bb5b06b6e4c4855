"""The non-contractual kind: churn is a horizon without a purchase."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regulars.kinds.kind import Kind
from regulars.kinds.non_contractual.problem import (
    customers_of_log,
    purchase_backtest,
    purchase_problem,
)
from regulars.kinds.non_contractual.workspace import (
    lay_out,
    open_log,
    open_workspace,
)
from regulars.kinds.tables import check_tables
from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.notes import kpi_notes, why_no_scores
from regulars.kpis.retention import monthly_kpis, summary_kpis
from regulars.results import KpiResult, as_result, write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from regulars.kinds.non_contractual.workspace import CheckedLog, LogWorkspace

    Step = Callable[[str], None]


def kpis_of_log(
    work: LogWorkspace | CheckedLog, step: Step, *, no_scores: str | None = None
) -> dict[str, Any]:
    """Work out the business's own figures; write ``kpis.json``."""
    step("kpis")
    cutoff = work.cutoff
    monthly = monthly_kpis(work.ledger, cutoff)
    summary = summary_kpis(work.ledger, cutoff)
    notes = kpi_notes(work.ledger, cutoff)
    result = as_result(
        KpiResult,
        {
            "name": work.settings.name,
            "currency": work.settings.source.currency,
            "notes": notes,
            "no_scores": no_scores or why_no_scores(work.ledger, cutoff),
            "summary": summary,
            "monthly": monthly_records(monthly),
            "cohorts": cohort_retention(work.ledger, cutoff),
        },
    )
    write_result(result, work.settings.outputs_folder / "kpis.json")
    return {**summary, "notes": notes}


def monthly_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame; missing is null, figures have ten digits."""
    text = frame.to_json(orient="records", date_format="iso")
    records: list[dict[str, Any]] = json.loads(text)
    return records


NON_CONTRACTUAL = Kind(
    name="non_contractual",
    check=check_tables,
    open=open_workspace,
    open_for_kpis=open_log,
    lay_out=lay_out,
    problem=purchase_problem,
    backtest=purchase_backtest,
    customers=customers_of_log,
    kpis=kpis_of_log,
    has_charts=True,
)
