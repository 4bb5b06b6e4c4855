"""What the page says of a table of attributes, where there are no purchases.

Results come in, the words and figures that differ from the page of a purchase log go
out: who is most likely to leave, what was tested, and each attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import MISSING, date, money, number, percent, plural
from regulars.report.results import has_own_worth

if TYPE_CHECKING:
    import pandas as pd

    from regulars.report.results import Results

TOP_CUSTOMERS = 25


def attribute_content(results: Results) -> dict[str, Any]:
    """Return what the page lays out in place of value, months and segments."""
    training, check = results.training or {}, results.check or {}
    return {
        "opening": _opening(results),
        "key_figures": _key_figures(results),
        "customers": _customers(results),
        "columns": check.get("columns") or training.get("columns") or [],
        "test_text": _test_text(training),
        "tenures": _tenures(results),
        "parts": _parts(results),
        "has_own_worth": has_own_worth(results),
    }


def _opening(results: Results) -> str:
    if results.kind == "contractual":
        return _contracts(results)
    table = results.tables.get("customers")
    if not table or table.get("n_labelled") is None:
        return ""
    return (
        f"Made from {plural(table['rows_kept'], 'row')}, "
        f"{number(table['n_labelled'])} of them with a label: "
        f"{number(table['n_churned'])} churned ({percent(table['churn_rate'])}). "
        f"{plural(table['rows_set_aside'], 'row')} set aside."
    )


def _contracts(results: Results) -> str:
    training = results.training or {}
    found = (results.kpis or training).get("survival") or {}
    if not found.get("n_spells"):
        return ""
    running = found["n_spells"] - found["n_ended"]
    text = (
        f"Made from {plural(found['n_spells'], 'spell')} of contracts, "
        f"{number(running)} of which still run."
    )
    if results.horizon_days:
        text += (
            " Leaving means that the last contract ends "
            f"{results.within_horizon()} and no other follows on it."
        )
    return text


def _key_figures(results: Results) -> list[tuple[str, str, str]]:
    found = []
    scores = results.scores
    if scores is not None and len(scores):
        expected = scores["churn_probability"].sum()
        share = percent(expected / len(scores))
        found.append((number(len(scores)), "customers scored", ""))
        found.append((share, "expected to leave", f"{number(expected)} of them"))
        if has_own_worth(results):
            found.append(_at_risk(scores, results.currency))
    training = results.training or {}
    auc = (training.get("test") or {}).get("roc_auc")
    if auc is not None:
        bounds = (training.get("test_intervals") or {}).get("roc_auc")
        told = ""
        if bounds:
            told = f"95% interval {number(bounds[0], 3)} to {number(bounds[1], 3)}"
        found.append((number(auc, 3), "ROC AUC on rows kept apart", told))
    return found


def _at_risk(scores: pd.DataFrame, currency: str) -> tuple[str, str, str]:
    at_risk, worth = scores["value_at_risk"].sum(), scores["clv"].sum()
    share = percent(at_risk / worth) if worth > 0 else MISSING
    remark = f"{share} of {money(worth, currency, short=True)} in all"
    return (money(at_risk, currency, short=True), "of value at risk", remark)


def _customers(results: Results) -> list[dict[str, Any]]:
    """Pick those with the most value at risk, or else those likeliest to leave."""
    if results.scores is None:
        return []
    by = "value_at_risk" if has_own_worth(results) else "churn_probability"
    worst = (
        results.scores.assign(order=results.scores["customer_id"].astype(str))
        .sort_values([by, "order"], ascending=[False, True])
        .head(TOP_CUSTOMERS)
    )
    return [_customer(row, results.currency) for row in worst.to_dict("records")]


def _customer(row: dict[Any, Any], currency: str) -> dict[str, Any]:
    return {
        "customer_id": str(row["customer_id"]),
        "churn_probability": percent(row["churn_probability"]),
        "risk_band": str(row.get("risk_band") or ""),
        "worth": money(row.get("clv"), currency),
        "value_at_risk": money(row.get("value_at_risk"), currency),
        "reasons": [str(reason) for reason in row.get("reasons", ())],
    }


def _tenures(results: Results) -> list[dict[str, str]]:
    """Lay out survival and hazard by period of tenure, where there are contracts."""
    found = (results.kpis or {}).get("survival") or {}
    span = found.get("period_days", 30)
    curve = found.get("curve") or []
    rows = []
    for period in found.get("hazard", ()):
        end = period["from_days"] + span
        left = [step for step in curve if step["tenure_days"] <= end]
        rows.append(
            {
                "tenure": f"{number(period['from_days'])} to {number(end)} days",
                "exposed": number(period["n_exposed"]),
                "ended": number(period["n_ended"]),
                "hazard": _with_bounds(period, "hazard"),
                "survival": _with_bounds(left[-1], "survival") if left else "",
            }
        )
    return rows


def _parts(results: Results) -> list[dict[str, str]]:
    """Lay out who churned by part of a labelled table."""
    return [
        {
            "part": f"{str(row['part']).replace('_', ' ')}: {row['value']}",
            "n_customers": number(row["n_customers"]),
            "n_churned": number(row["n_churned"]),
            "churn_rate": percent(row["churn_rate"]),
        }
        for row in (results.kpis or {}).get("by_part") or []
    ]


def _with_bounds(row: dict[str, Any], name: str) -> str:
    if row["low"] is None:
        return percent(row[name])
    low, high = percent(row["low"]), percent(row["high"])
    return f"{percent(row[name])} ({low} to {high})"


def _test_text(training: dict[str, Any]) -> str:
    test = training.get("test") or {}
    if not test:
        return ""
    told = (
        f"{number(test.get('n_customers'))} customers, of whom "
        f"{percent(test.get('churn_rate'))} churned."
    )
    splits = training.get("test_splits") or []
    if len(splits) > 1:
        return (
            f"Tested {len(splits)} times, each on its own stratified split that the "
            f"model had not seen, and averaged: {told}"
        )
    if test.get("cutoff"):
        return f"Tested once, at the cutoff {date(test['cutoff'])}: {told}"
    return f"Tested once, on the latest rows: {told}"
