"""What the page says of a table of attributes, where there are no purchases.

Results come in, the words and figures that differ from the page of a purchase log go
out: who is most likely to leave, what was tested, and each attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import date, number, percent, plural

if TYPE_CHECKING:
    from regulars.report.results import Results

TOP_CUSTOMERS = 25


def attribute_content(results: Results) -> dict[str, Any]:
    """Return what the page lays out in place of value, months and segments.

    Parameters
    ----------
    results : Results
        What a run has written.

    Returns
    -------
    dict
        ``opening``, ``key_figures``, ``customers``, ``columns``, ``tenures`` and
        ``test_text``.

    Examples
    --------
    >>> import pandas as pd
    >>> from regulars.report.results import Results
    >>> scores = pd.DataFrame({"customer_id": [7, 8], "churn_probability": [0.1, 0.9]})
    >>> attribute_content(Results(scores=scores))["customers"][0]["customer_id"]
    '8'
    """
    training, check = results.training or {}, results.check or {}
    return {
        "opening": _opening(results),
        "key_figures": _key_figures(results),
        "customers": _customers(results),
        "columns": check.get("columns") or training.get("columns") or [],
        "test_text": _test_text(training),
        "tenures": _tenures(results),
    }


def _opening(results: Results) -> str:
    table = results.tables.get("customers")
    if not table or table.get("n_labelled") is None:
        return ""
    return (
        f"Made from {plural(table['rows_kept'], 'row')}, "
        f"{number(table['n_labelled'])} of them with a label: "
        f"{number(table['n_churned'])} churned ({percent(table['churn_rate'])}). "
        f"{plural(table['rows_set_aside'], 'row')} set aside."
    )


def _key_figures(results: Results) -> list[tuple[str, str, str]]:
    found = []
    scores = results.scores
    if scores is not None and len(scores):
        expected = scores["churn_probability"].sum()
        share = percent(expected / len(scores))
        found.append((number(len(scores)), "customers scored", ""))
        found.append((share, "expected to leave", f"{number(expected)} of them"))
    training = results.training or {}
    auc = (training.get("test") or {}).get("roc_auc")
    if auc is not None:
        bounds = (training.get("test_intervals") or {}).get("roc_auc")
        told = ""
        if bounds:
            told = f"95% interval {number(bounds[0], 3)} to {number(bounds[1], 3)}"
        found.append((number(auc, 3), "ROC AUC on rows kept apart", told))
    return found


def _customers(results: Results) -> list[dict[str, Any]]:
    if results.scores is None:
        return []
    worst = (
        results.scores.assign(order=results.scores["customer_id"].astype(str))
        .sort_values(["churn_probability", "order"], ascending=[False, True])
        .head(TOP_CUSTOMERS)
    )
    return [
        {
            "customer_id": str(row["customer_id"]),
            "churn_probability": percent(row["churn_probability"]),
            "risk_band": str(row.get("risk_band") or ""),
            "reasons": [str(reason) for reason in row.get("reasons", ())],
        }
        for row in worst.to_dict("records")
    ]


def _tenures(results: Results) -> list[dict[str, str]]:
    """Lay out survival and hazard by period of tenure, where there are contracts."""
    found = (results.kpis or {}).get("survival") or {}
    curve = {row["at"]: row for row in found.get("curve", ())}
    rows = []
    for period in found.get("hazard", ()):
        end = period["from_days"] + 30
        left = curve.get(end)
        rows.append(
            {
                "tenure": f"{number(period['from_days'])} to {number(end)} days",
                "exposed": number(period["n_exposed"]),
                "ended": number(period["n_ended"]),
                "hazard": _with_bounds(period, "hazard"),
                "survival": "" if left is None else _with_bounds(left, "survival"),
            }
        )
    return rows


def _with_bounds(row: dict[str, Any], name: str) -> str:
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
