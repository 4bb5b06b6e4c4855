"""What a retention offer would have earned: a chart, a sentence, a table.

The ``profit`` part of ``training.json`` comes in as a dictionary, as
`regulars.evaluation.offer` wrote it; what the page and the model card show of it goes
out. Where no contact pays at the costs of the settings, the sentence says so.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from regulars.report.formats import money, number, percent
from regulars.report.model_charts import SHARES, escaped
from regulars.report.style import BASELINES, MODEL, figure, line, reference

MARKS = {
    "chosen": ("star", "#009E73"),
    "best_threshold": ("circle", "#D55E00"),
    "above_half": ("square", "#CC79A7"),
    "riskiest_decile": ("diamond", "#E69F00"),
}


def profit_chart(training: dict[str, Any], currency: str) -> go.Figure | None:
    """Draw what an offer would have earned by how many are contacted."""
    profit = training.get("profit") or {}
    curve = profit.get("curve") or {}
    if not curve.get("share_contacted"):
        return None
    drawn = line(
        [round(x, 5) for x in curve["share_contacted"]],
        [round(y, 2) for y in curve["profit"]],
        "Riskiest first",
        MODEL,
    )
    by_value = profit.get("curve_by_value") or {}
    others = []
    if by_value.get("share_contacted"):
        others = [
            line(
                [round(x, 5) for x in by_value["share_contacted"]],
                [round(y, 2) for y in by_value["profit"]],
                "Highest expected profit first",
                BASELINES[1],
            ).update(legendrank=2)
        ]
    zero = reference([0, 1], [0, 0], "Neither gain nor loss").update(legendrank=99)
    chart = figure([zero, *others, drawn.update(legendrank=1)])
    total = profit["n_customers"]
    for rank, (name, symbol) in enumerate(MARKS.items(), start=3):
        rule = profit["rules"].get(name)
        if rule:
            chart.add_trace(_mark(rule, symbol, total).update(legendrank=rank))
    chart.update_xaxes(title_text="Contacted", **SHARES)
    unit = f"Profit ({currency})" if currency else "Profit"
    chart.update_yaxes(title_text=unit)
    return chart


def _mark(rule: dict[str, Any], look: tuple[str, str], total: int) -> go.Scatter:
    symbol, colour = look
    return go.Scatter(
        x=[round(rule["n_contacted"] / total, 5)],
        y=[round(rule["profit"], 2)],
        name=escaped(rule["label"]),
        mode="markers",
        marker={"symbol": symbol, "size": 12, "color": colour},
    )


def profit_caption(training: dict[str, Any], currency: str) -> str:
    """Say what the chosen list earns, and what the usual rules earn."""
    profit = training.get("profit") or {}
    rules = profit.get("rules") or {}
    if "chosen" not in rules:
        return ""
    earned = {name: money(rule["profit"], currency) for name, rule in rules.items()}
    return (
        f"{_chosen(profit, currency)} Contacting everyone above 50% would have come to "
        f"{earned['above_half']}, and the riskiest tenth to "
        f"{earned['riskiest_decile']}."
    )


def _chosen(profit: dict[str, Any], currency: str) -> str:
    chosen = profit["rules"]["chosen"]
    if not chosen["n_contacted"]:
        return (
            "At these costs no contact is expected to pay: the offer costs more than "
            "it is expected to save with any customer, so nobody is contacted."
        )
    outcome = "earned" if chosen["profit"] >= 0 else "lost"
    share = chosen["n_contacted"] / profit["n_customers"]
    return (
        f"Contacting those whose own expected profit is above 0 ({percent(share)} of "
        f"the customers) would have {outcome} "
        f"{money(abs(chosen['profit']), currency)}; "
        f"{money(profit['expected_profit'], currency)} was expected before the outcome "
        "of the window was known."
    )


def offer_rows(training: dict[str, Any], currency: str) -> list[dict[str, str]]:
    """Lay out what each way to choose whom to contact would have earned."""
    rules = (training.get("profit") or {}).get("rules") or {}
    return [
        {
            "label": rule["label"],
            "n_contacted": number(rule["n_contacted"]),
            "profit": money(rule["profit"], currency),
            **_ahead(name, rule["ahead"], currency),
        }
        for name, rule in rules.items()
    ]


def _ahead(name: str, ahead: dict[str, float], currency: str) -> dict[str, str]:
    if name == "chosen":
        return {"ahead": "", "interval": ""}
    low, high = money(ahead["low"], currency), money(ahead["high"], currency)
    return {
        "ahead": money(ahead["difference"], currency),
        "interval": f"{low} to {high}",
    }
