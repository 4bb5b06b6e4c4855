"""The labelled kind: a column of the table says who churned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.kinds.kind import Kind
from regulars.kinds.labelled.problem import (
    customers_of_table,
    dataset_of,
    table_backtest,
    table_problem,
    watched_table,
)
from regulars.kinds.labelled.workspace import TableWorkspace, check_table
from regulars.results import KpiResult, as_result, write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[str], None]


def kpis_of_table(
    work: TableWorkspace, step: Step, *, no_scores: str | None = None
) -> dict[str, Any]:
    """Work out how many churned, by slice of the base; write ``kpis.json``."""
    step("kpis")
    dataset = dataset_of(work.table)
    churned = dataset.churned == 1
    summary: dict[str, Any] = {
        "n_customers": len(dataset),
        "n_churned": int(churned.sum()),
        "churn_rate": float(churned.mean()),
    }
    if dataset.value is not None:
        summary["value_lost"] = float(np.nansum(dataset.value[churned]))
    slices = dataset.slices
    by_slice = [
        {
            "part": kind,
            "value": str(value),
            "n_customers": int(here.sum()),
            "n_churned": int(churned[here].sum()),
            "churn_rate": float(churned[here].mean()),
        }
        for kind in ([] if slices is None else slices.columns)
        for value in sorted(slices[kind].unique())  # type: ignore[index]
        if (here := (slices[kind] == value).to_numpy()).any()  # type: ignore[index]
    ]
    settings = work.settings
    result = as_result(
        KpiResult,
        {
            "name": settings.name,
            "kind": "labelled",
            "currency": settings.source.currency,
            "summary": summary,
            "by_part": by_slice,
        },
    )
    write_result(result, settings.outputs_folder / "kpis.json")
    return summary


LABELLED = Kind(
    name="labelled",
    check=lambda settings, step: check_table(settings, step).table.summary,
    open=check_table,
    open_for_kpis=None,
    lay_out=None,
    problem=table_problem,
    backtest=table_backtest,
    customers=customers_of_table,
    kpis=kpis_of_table,
    watched=watched_table,
)
