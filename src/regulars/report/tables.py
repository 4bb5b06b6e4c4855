"""The report's tables: words and figures, ready to print.

Results come in, rows of short texts go out. Sorting and picking happen here; the
template only lays out.
"""

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
from regulars.report.model_charts import series_labels

if TYPE_CHECKING:
    import pandas as pd

    from regulars.report.results import Results

TOP_CUSTOMERS = 25


def key_figures(results: Results) -> list[tuple[str, str, str]]:
    """Pick the few figures that stand at the head of the page."""
    found: list[tuple[str, str, str]] = []
    if results.scores is not None and len(results.scores):
        found += _score_figures(results, results.scores)
    elif results.kpis:
        found += _business_figures(results)
    figure = _auc_figure(results.training or {})
    return [*found, figure] if figure else found


def _business_figures(results: Results) -> list[tuple[str, str, str]]:
    """Pick figures of what has been, where nothing is predicted."""
    kpis = results.kpis or {}
    summary, months = kpis.get("summary") or {}, kpis.get("monthly") or []
    found = [(number(summary.get("n_customers")), "customers", "")]
    if summary.get("n_orders"):
        found.append((number(summary["n_orders"]), "orders", ""))
    if not is_missing(summary.get("revenue")):
        revenue = money(summary["revenue"], results.currency, short=True)
        mean = money(summary.get("aov"), results.currency)
        found.append((revenue, "revenue", f"{mean} an order"))
    over = [row for row in months if row.get("is_complete", True)]
    if over and not is_missing(over[-1].get("n_new")):
        words = f"new customers in {month(over[-1]['month'])}"
        found.append((number(over[-1]["n_new"]), words, ""))
    return found


def _score_figures(
    results: Results, scores: pd.DataFrame
) -> list[tuple[str, str, str]]:
    expected = scores["churn_probability"].sum()
    worth, at_risk = scores["clv"].sum(), scores["value_at_risk"].sum()
    share = percent(at_risk / worth) if worth > 0 else MISSING
    day = f"as of {date(scores['cutoff'].iloc[0])}" if "cutoff" in scores else ""
    return [
        (number(len(scores)), "customers scored", day),
        (
            percent(expected / len(scores)),
            "expected to stop buying",
            f"{number(expected)} of them, {results.within_horizon()}",
        ),
        (
            money(at_risk, results.currency, short=True),
            "of value at risk",
            f"{share} of {money(worth, results.currency, short=True)} in all",
        ),
    ]


def _auc_figure(training: dict[str, Any]) -> tuple[str, str, str] | None:
    own = (training.get("test") or {}).get("roc_auc")
    if is_missing(own):
        return None
    bounds = (training.get("test_intervals") or {}).get("roc_auc")
    text = interval(MEASURES[0], bounds)
    remark = f"95% interval {text}; " if text else ""
    rivals = {
        name: row["roc_auc"]
        for name, row in (training.get("baselines") or {}).items()
        if not is_missing(row.get("roc_auc"))
    }
    if rivals:
        name = max(sorted(rivals), key=lambda rival: rivals[rival])
        label = series_labels(training)[name]
        remark += f"best baseline {three(rivals[name])} ({label})"
    return (three(own), "ROC AUC on the test window", remark.removesuffix("; "))


def customers_at_risk(results: Results) -> list[dict[str, Any]]:
    """Pick the customers with the most value at risk."""
    if results.scores is None:
        return []
    worst = (
        results.scores.assign(order=results.scores["customer_id"].astype(str))
        .sort_values(["value_at_risk", "order"], ascending=[False, True])
        .head(TOP_CUSTOMERS)
    )
    return [_customer(row, results.currency) for row in worst.to_dict("records")]


def _customer(row: dict[Any, Any], currency: str) -> dict[str, Any]:
    reasons = row.get("reasons")
    return {
        "customer_id": str(row["customer_id"]),
        "churn_probability": percent(row["churn_probability"]),
        "clv": money(row["clv"], currency),
        "value_at_risk": money(row["value_at_risk"], currency),
        "expected_next_order": short_date(row.get("expected_next_order")),
        "rfm_segment": str(row.get("rfm_segment") or MISSING),
        "risk_band": str(row.get("risk_band") or ""),
        "reasons": [] if reasons is None else [str(reason) for reason in reasons],
    }


def opening(results: Results) -> str:
    """Say in a sentence what the figures rest on."""
    row = results.tables.get("transactions")
    if not row or is_missing(row.get("n_customers")):
        return ""
    orders = row.get("n_orders")
    what = "" if orders is None else f"{plural(orders, 'order')} of "
    span = ""
    if row.get("first_order") and row.get("last_order"):
        span = f", {date(row['first_order'])} to {date(row['last_order'])}"
    aside = row.get("rows_set_aside") or 0
    rest = f"{plural(aside, 'row')} set aside" if aside else "no row was set aside"
    return f"Made from {what}{plural(row['n_customers'], 'customer')}{span}; {rest}."


def segments(results: Results) -> list[dict[str, str]]:
    """Add up customers and value by named segment."""
    scores = results.scores
    if scores is None or "rfm_segment" not in scores:
        return []
    grouped = scores.groupby("rfm_segment", sort=True).agg(
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
            "seen": str(each.get("seen") or ""),
            "advice": str(each.get("advice") or ""),
            "is_warning": each.get("severity") == "warning",
        }
        for each in (results.check or {}).get("findings") or []
    ]


def _checked(name: str, row: dict[str, Any], results: Results) -> dict[str, Any]:
    reasons = [
        {
            "label": str(reason.get("label") or reason.get("reason")),
            "rows": number(reason.get("rows")),
            "share": percent(reason.get("share")),
            "kind": "fault" if reason.get("is_fault") else "by rule",
            "examples": ", ".join(str(one) for one in reason.get("examples") or [])[
                :120
            ],
        }
        for reason in row.get("reasons") or []
    ]
    return {
        "name": name,
        "rows_in": number(row.get("rows_in")),
        "rows_kept": number(row.get("rows_kept")),
        "rows_set_aside": number(row.get("rows_set_aside")),
        "facts": _facts(row, results.currency),
        "reasons": reasons,
        "notices": [str(notice) for notice in row.get("notices") or []],
    }


def _facts(row: dict[str, Any], currency: str) -> list[tuple[str, str]]:
    found = [
        ("Customers", number(row.get("n_customers"))),
        ("Orders", number(row.get("n_orders"))),
        ("Revenue", money(row.get("revenue"), currency, short=True)),
        ("First order", date(row.get("first_order"))),
        ("Last order", date(row.get("last_order"))),
    ]
    if row.get("n_returns"):
        amount = money(row.get("returns_amount"), currency, short=True)
        found.append(("Returns", f"{number(row['n_returns'])} ({amount})"))
    return [fact for fact in found if fact[1] != MISSING]


def parameters(training: dict[str, Any]) -> list[tuple[str, str]]:
    """List the parameters of the purchase-process model."""
    process = training.get("process") or {}
    rows = [
        (name, significant(value, 4) if isinstance(value, int | float) else str(value))
        for name, value in (process.get("params") or {}).items()
    ]
    if not is_missing(process.get("log_likelihood")):
        rows.append(("log-likelihood", number(process["log_likelihood"], 1)))
    return rows
