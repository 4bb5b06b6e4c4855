"""What the page says where churn is to leave, not to stop buying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.churn_charts import part_name
from regulars.report.formats import date, number, percent, plural
from regulars.report.tables import value_at_risk

if TYPE_CHECKING:
    from regulars.report.results import Results
    from regulars.results import TrainingResult
    from regulars.results.check import ColumnCheck
    from regulars.results.survival import Survival


def churn_content(results: Results) -> dict[str, Any]:
    """Return what the page lays out in place of months, segments and a process."""
    return {
        "opening": _opening(results),
        "key_figures": _key_figures(results),
        "columns": _columns(results),
        "test_text": _test_text(results.training),
        "tenures": _tenures(results.kpis.survival) if results.kpis else [],
        "parts": _parts(results),
        "has_contracts": "subscriptions" in results.tables,
    }


def _opening(results: Results) -> str:
    source = results.kpis or results.training
    if source and source.survival:
        return _contracts(source.survival, results)
    table = results.tables.get("customers")
    if table is None or table.n_labelled is None:
        return ""
    return (
        f"Made from {plural(table.rows_kept, 'row')}, "
        f"{number(table.n_labelled)} of them with a label: "
        f"{number(table.n_churned)} churned ({percent(table.churn_rate)}). "
        f"{plural(table.rows_set_aside, 'row')} set aside."
    )


def _contracts(survival: Survival, results: Results) -> str:
    running = survival.n_spells - survival.n_ended
    text = (
        f"Made from {plural(survival.n_spells, 'spell')} of contracts, "
        f"{number(running)} of which still run."
    )
    if results.horizon_days:
        text += (
            " Leaving means that the last contract ends "
            f"{results.within_horizon()} and no other follows on it."
        )
    return text


def _key_figures(results: Results) -> list[tuple[str, str, str]]:
    figures = []
    scores, training = results.scores, results.training
    if scores is not None and len(scores):
        expected = scores["churn_probability"].sum()
        share = percent(expected / len(scores))
        figures.append((number(len(scores)), "customers scored", ""))
        figures.append((share, "expected to leave", f"{number(expected)} of them"))
        if results.has_own_value:
            figures.append(value_at_risk(scores, results.currency))
    if training and training.test and training.test.roc_auc is not None:
        bounds = (training.test_intervals or {}).get("roc_auc")
        remark = ""
        if bounds:
            remark = f"95% interval {number(bounds[0], 3)} to {number(bounds[1], 3)}"
        auc = number(training.test.roc_auc, 3)
        figures.append((auc, "ROC AUC on rows kept apart", remark))
    return figures


def _columns(results: Results) -> tuple[ColumnCheck, ...]:
    sources = (results.check, results.training)
    return next((part.columns for part in sources if part and part.columns), ())


def _tenures(survival: Survival | None) -> list[dict[str, str]]:
    """Lay out survival and hazard by period of tenure, where there are contracts."""
    if survival is None:
        return []
    rows = []
    for period in survival.hazard:
        end = period.from_days + survival.period_days
        before = [step for step in survival.curve if step.tenure_days <= end]
        last = before[-1] if before else None
        rows.append(
            {
                "tenure": f"{number(period.from_days)} to {number(end)} days",
                "exposed": number(period.n_exposed),
                "ended": number(period.n_ended),
                "hazard": _bounded(period.hazard, period.low, period.high),
                "survival": _bounded(last.survival, last.low, last.high)
                if last
                else "",
            }
        )
    return rows


def _parts(results: Results) -> list[dict[str, str]]:
    """Lay out who churned by part of a labelled table."""
    return [
        {
            "part": part_name(row),
            "n_customers": number(row.n_customers),
            "n_churned": number(row.n_churned),
            "churn_rate": percent(row.churn_rate),
        }
        for row in (results.kpis.by_part if results.kpis else ())
    ]


def _bounded(share: float, low: float | None, high: float | None) -> str:
    if low is None:
        return percent(share)
    return f"{percent(share)} ({percent(low)} to {percent(high)})"


def _test_text(training: TrainingResult | None) -> str:
    if training is None or training.test is None:
        return ""
    test, splits = training.test, training.test_splits
    who = (
        f"{number(test.n_customers)} customers, of whom "
        f"{percent(test.churn_rate)} churned."
    )
    if len(splits) > 1:
        return (
            f"Tested {len(splits)} times, each on its own stratified split that the "
            f"model had not seen, and averaged: {who}"
        )
    if test.cutoff:
        return f"Tested once, at the cutoff {date(test.cutoff)}: {who}"
    return f"Tested once, on the latest rows: {who}"
