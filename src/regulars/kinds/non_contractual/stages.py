"""The non-contractual kind: churn is a horizon without a purchase."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regulars.kinds.kind import Kind
from regulars.kinds.kpi_inputs import kpi_data, scores_at
from regulars.kinds.non_contractual.cluster import score_on_cluster
from regulars.kinds.non_contractual.problem import (
    customers_of_log,
    purchase_backtest,
    purchase_problem,
    watched_log,
)
from regulars.kinds.non_contractual.workspace import (
    lay_out,
    open_log,
    open_workspace,
)
from regulars.kinds.tables import check_tables
from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.loyalty_index import FILE as LOYALTY_FILE
from regulars.kpis.loyalty_index import loyalty_rows
from regulars.kpis.notes import kpi_notes, why_no_scores
from regulars.kpis.periods import customer_periods, days_in_bulk
from regulars.kpis.retention import monthly_kpis, summary_kpis
from regulars.kpis.spans import KpiQuestion, asked_span
from regulars.kpis.study import kpi_study
from regulars.results import KpiResult, as_result, write_result
from regulars.results.writing import replacing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from regulars.kinds.non_contractual.workspace import CheckedLog, LogWorkspace
    from regulars.kpis.kpi_data import KpiData

    Step = Callable[[str], None]


def kpis_of_log(
    work: LogWorkspace | CheckedLog,
    step: Step,
    *,
    no_scores: str | None = None,
    question: KpiQuestion | None = None,
) -> dict[str, Any]:
    """Work out the business's own figures; write ``kpis.json``."""
    step("kpis")
    cutoff, outputs = work.cutoff, work.settings.outputs_folder
    rows = customer_periods(days_in_bulk(work.ledger, cutoff)[0], "month")
    monthly = monthly_kpis(work.ledger, cutoff, rows=rows)
    summary = summary_kpis(work.ledger, cutoff, monthly=monthly)
    notes = kpi_notes(work.ledger, cutoff)
    # scores of an earlier run are not those of a log that teaches nothing
    scores = None if no_scores else scores_at(outputs, cutoff)
    data = kpi_data(work.settings, work.ledger, work.intake.tables, cutoff, scores)
    question = question or KpiQuestion()
    span = asked_span(question.start, question.end, data.first_day, cutoff)
    study = kpi_study(data, span, question.by)
    result = as_result(
        KpiResult,
        {
            "name": work.settings.name,
            "currency": work.settings.source.currency,
            "notes": notes,
            "no_scores": no_scores or why_no_scores(work.ledger, cutoff),
            "summary": summary,
            "monthly": monthly_records(monthly),
            "cohorts": cohort_retention(work.ledger, cutoff, rows=rows),
            **study,
        },
    )
    write_result(result, outputs / "kpis.json")
    _write_loyalty(data, outputs)
    return {**summary, "notes": notes, **study}


def _write_loyalty(data: KpiData, outputs: Path) -> None:
    """Write the index of each customer; no file of before where there is none now."""
    rows = loyalty_rows(data, data.cutoff)
    path = outputs / LOYALTY_FILE
    if rows is None:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as temporary:
        rows.drop(columns=["is_active", "revenue"]).to_parquet(temporary, index=False)


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
    watched=watched_log,
    score_on_cluster=score_on_cluster,
    has_charts=True,
    has_periods=True,
)
