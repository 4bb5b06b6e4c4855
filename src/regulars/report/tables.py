"""The report's tables: words and figures, picked and sorted, ready to lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.comparison import MEASURES, interval, three
from regulars.report.formats import (
    MISSING,
    date,
    is_missing,
    money,
    month,
    number,
    percent,
    plural,
    short_date,
    significant,
)
from regulars.report.history_charts import complete_months
from regulars.report.model_charts import baseline_label

if TYPE_CHECKING:
    import pandas as pd

    from regulars.report.results import Results
    from regulars.results import KpiResult, TrainingResult
    from regulars.results.check import TableCheck

TOP_CUSTOMERS, EXAMPLES_LENGTH = 25, 120
SIDES = {"risk_reasons": "For leaving", "stay_reasons": "For staying"}


def key_figures(results: Results) -> list[tuple[str, str, str]]:
    """Pick the few figures that stand at the head of the page."""
    figures: list[tuple[str, str, str]] = []
    if results.scores is not None and len(results.scores):
        figures += _score_figures(results, results.scores)
    elif results.kpis:
        figures += _business_figures(results.kpis, results.currency)
    figure = _auc_figure(results.training)
    return [*figures, figure] if figure else figures


def _business_figures(kpis: KpiResult, currency: str) -> list[tuple[str, str, str]]:
    """Pick figures of what has been, where nothing is predicted."""
    summary = kpis.summary
    if summary is None:
        return []
    figures = [(number(summary.n_customers), "customers", "")]
    if summary.n_orders:
        figures.append((number(summary.n_orders), "orders", ""))
    if not is_missing(summary.revenue):
        revenue = money(summary.revenue, currency, short=True)
        figures.append((revenue, "revenue", f"{money(summary.aov, currency)} an order"))
    over = complete_months(kpis)
    if over:
        words = f"new customers in {month(over[-1].month)}"
        figures.append((number(over[-1].n_new), words, ""))
    return figures


def _score_figures(
    results: Results, scores: pd.DataFrame
) -> list[tuple[str, str, str]]:
    expected = scores["churn_probability"].sum()
    day = f"as of {date(scores['cutoff'].iloc[0])}" if "cutoff" in scores else ""
    return [
        (number(len(scores)), "customers scored", day),
        (
            percent(expected / len(scores)),
            "expected to stop buying",
            f"{number(expected)} of them, {results.within_horizon()}",
        ),
        value_at_risk(scores, results.currency),
    ]


def value_at_risk(scores: pd.DataFrame, currency: str) -> tuple[str, str, str]:
    """Return the value at risk, and of how much."""
    total, at_risk = scores["clv_if_kept"].sum(), scores["value_at_risk"].sum()
    share = percent(at_risk / total) if total > 0 else MISSING
    remark = f"{share} of {money(total, currency, short=True)} if all were kept"
    return (money(at_risk, currency, short=True), "of value at risk", remark)


def _auc_figure(training: TrainingResult | None) -> tuple[str, str, str] | None:
    own = MEASURES[0].of(training.test) if training and training.test else None
    if training is None or own is None:
        return None
    text = interval(MEASURES[0], (training.test_intervals or {}).get("roc_auc"))
    remark = f"95% interval {text}; " if text else ""
    rivals = {
        name: auc
        for name, row in training.baselines.items()
        if (auc := MEASURES[0].of(row)) is not None
    }
    if rivals:
        name = max(sorted(rivals), key=lambda rival: rivals[rival])
        label = baseline_label(training, name)
        remark += f"best baseline {three(rivals[name])} ({label})"
    return (three(own), "ROC AUC on the test window", remark.removesuffix("; "))


def customers_at_risk(results: Results) -> list[dict[str, Any]]:
    """Pick those with the most value at risk, or else those likeliest to leave."""
    if results.scores is None:
        return []
    by_value = results.is_of_purchases or results.has_own_value
    by = "value_at_risk" if by_value else "churn_probability"
    worst = (
        # equal values in the order of ids: the same page from the same files
        results.scores.assign(order=results.scores["customer_id"].astype(str))
        .sort_values([by, "order"], ascending=[False, True])
        .head(TOP_CUSTOMERS)
    )
    return [_customer(row, results.currency) for row in worst.to_dict("records")]


def _customer(row: dict[Any, Any], currency: str) -> dict[str, Any]:
    return {
        "customer_id": str(row["customer_id"]),
        "churn_probability": percent(row["churn_probability"]),
        "clv_if_kept": money(row.get("clv_if_kept"), currency),
        "value_at_risk": money(row.get("value_at_risk"), currency),
        "expected_next_order": short_date(row.get("expected_next_order")),
        "segment": str(row.get("segment") or MISSING),
        "risk_band": str(row.get("risk_band") or ""),
        # what speaks for leaving stands first: the list is of customers at risk
        "reasons": [
            (words, said)
            for name, words in SIDES.items()
            if (said := [str(reason) for reason in row.get(name, ())])
        ],
    }


def opening(results: Results) -> str:
    """Say in a sentence what the figures rest on."""
    row = results.tables.get("transactions")
    if row is None:
        return ""
    what = "" if row.n_orders is None else f"{plural(row.n_orders, 'order')} of "
    span = ""
    if row.first_order and row.last_order:
        span = f", {date(row.first_order)} to {date(row.last_order)}"
    aside = row.rows_set_aside
    rest = f"{plural(aside, 'row')} set aside" if aside else "no row was set aside"
    return f"Made from {what}{plural(row.n_customers, 'customer')}{span}; {rest}."


def segments(results: Results) -> list[dict[str, str]]:
    """Add up customers and value by named segment."""
    scores = results.scores
    if scores is None or "segment" not in scores:
        return []
    grouped = scores.groupby("segment", sort=True).agg(
        n_customers=("customer_id", "size"),
        risk=("churn_probability", "mean"),
        clv=("clv", "sum"),
        at_risk=("value_at_risk", "sum"),
    )
    ordered = grouped.sort_values("at_risk", ascending=False, kind="stable")
    return [
        {
            "segment": str(name),
            "n_customers": number(row["n_customers"]),
            "risk": percent(row["risk"]),
            "clv": money(row["clv"], results.currency, short=True),
            "at_risk": money(row["at_risk"], results.currency, short=True),
        }
        for name, row in ordered.iterrows()
    ]


def intake(results: Results) -> list[dict[str, Any]]:
    """Lay out what was read, kept and set aside, by table."""
    return [_checked(name, row, results) for name, row in results.tables.items()]


def findings(results: Results) -> list[dict[str, Any]]:
    """Lay out what the check asks of the data."""
    return [
        {
            "seen": each.seen,
            "advice": each.advice,
            "is_warning": each.severity == "warning",
        }
        for each in (results.check.findings if results.check else ())
    ]


def _checked(name: str, row: TableCheck, results: Results) -> dict[str, Any]:
    reasons = [
        {
            "label": reason.label,
            "rows": number(reason.rows),
            "share": percent(reason.share),
            "kind": "fault" if reason.is_fault else "by rule",
            "examples": ", ".join(reason.examples)[:EXAMPLES_LENGTH],
        }
        for reason in row.reasons
    ]
    return {
        "name": name,
        "rows_in": number(row.rows_in),
        "rows_kept": number(row.rows_kept),
        "rows_set_aside": number(row.rows_set_aside),
        "facts": _facts(row, results.currency),
        "reasons": reasons,
        "notices": row.notices,
    }


def _facts(row: TableCheck, currency: str) -> list[tuple[str, str]]:
    facts = [
        ("Customers", number(row.n_customers)),
        ("Orders", number(row.n_orders)),
        ("Revenue", money(row.revenue, currency, short=True)),
        ("First order", date(row.first_order)),
        ("Last order", date(row.last_order)),
    ]
    if row.n_returns:
        amount = money(row.returns_amount, currency, short=True)
        facts.append(("Returns", f"{number(row.n_returns)} ({amount})"))
    return [fact for fact in facts if fact[1] != MISSING]


def parameters(training: TrainingResult | None) -> list[tuple[str, str]]:
    """List the parameters of the purchase-process model."""
    process = training.process if training else None
    if process is None:
        return []
    return [
        *((name, significant(value, 4)) for name, value in process.params.items()),
        ("log-likelihood", number(process.log_likelihood, 1)),
    ]
