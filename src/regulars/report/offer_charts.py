"""What an offer would have earned if a leaver is worth so much: chart, words, table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from regulars.report.formats import money, number, percent
from regulars.report.model_charts import SHARES, escaped
from regulars.report.style import MODEL, figure, line, reference

if TYPE_CHECKING:
    from regulars.report.style import Stroke
    from regulars.results.measures import Gap, OfferRule
    from regulars.results.training import Offer, ProfitCurve

# of the rules, those that one might take for one's own; everyone and nobody are ends of
# the curve
MARKS = {
    "chosen": ("star", "#009E73"),
    "above_half": ("square", "#CC79A7"),
    "riskiest_decile": ("diamond", "#E69F00"),
}


def profit_chart(offer: Offer, currency: str) -> go.Figure:
    """Draw what an offer would have earned by how many are contacted."""
    by_risk = _curve(offer.curve, "Riskiest first", MODEL)
    zero = reference([0, 1], [0, 0], "Neither gain nor loss").update(legendrank=99)
    # what is drawn last lies on top; the legend begins with it all the same
    chart = figure([zero, by_risk.update(legendrank=1)])
    for rank, (name, look) in enumerate(MARKS.items(), start=2):
        if name in offer.rules:
            mark = _mark(offer.rules[name], look, offer.n_customers)
            chart.add_trace(mark.update(legendrank=rank))
    chart.update_xaxes(title_text="Contacted", **SHARES)
    unit = f"Profit ({currency})" if currency else "Profit"
    return chart.update_yaxes(title_text=unit)


def _curve(curve: ProfitCurve, label: str, stroke: Stroke) -> go.Scatter:
    return line(
        [round(x, 5) for x in curve.share_contacted],
        [round(y, 2) for y in curve.profit],
        label,
        stroke,
    )


def _mark(rule: OfferRule, look: tuple[str, str], total: int) -> go.Scatter:
    symbol, colour = look
    return go.Scatter(
        x=[round(rule.n_contacted / total, 5)],
        y=[round(rule.profit, 2)],
        name=escaped(rule.label),
        mode="markers",
        marker={"symbol": symbol, "size": 12, "color": colour},
    )


def profit_caption(offer: Offer, currency: str) -> str:
    """Say what the chosen list earns, and what the usual rules earn."""
    above_half = money(offer.rules["above_half"].profit, currency)
    riskiest = money(offer.rules["riskiest_decile"].profit, currency)
    return (
        f"{_chosen(offer, currency)} Contacting everyone above 50% would have come to "
        f"{above_half}, and the riskiest tenth to {riskiest}. {_own(offer, currency)}"
    )


def assumed_value(offer: Offer, currency: str) -> str:
    """Say at what value of a customer all of it holds."""
    return f"If a leaver who stays is worth {money(offer.leaver_value, currency)}"


def _chosen(offer: Offer, currency: str) -> str:
    chosen, start = offer.rules["chosen"], assumed_value(offer, currency)
    if not chosen.n_contacted:
        return (
            f"{start}, no contact is expected to pay at these costs: the offer costs "
            "more than it is expected to save with any customer, so nobody is "
            "contacted."
        )
    outcome = "earned" if chosen.profit >= 0 else "lost"
    share = chosen.n_contacted / offer.n_customers
    return (
        f"{start}, contacting those whose expected profit is above 0 "
        f"({percent(share)} of the customers) would have {outcome} "
        f"{money(abs(chosen.profit), currency)}; "
        f"{money(offer.expected_profit, currency)} was expected before the outcome "
        "of the window was known."
    )


def _own(offer: Offer, currency: str) -> str:
    own = offer.own_value
    return (
        f"By each customer's own value {number(own.n_contacted)} would be contacted, "
        f"and {money(own.expected_profit, currency)} expected of them; a log cannot "
        "show whether that comes."
    )


def offer_rows(offer: Offer, currency: str) -> list[dict[str, str]]:
    """Lay out what each way to choose whom to contact would have earned."""
    return [
        {
            "label": rule.label,
            "n_contacted": number(rule.n_contacted),
            "profit": money(rule.profit, currency),
            **_ahead(name, rule.ahead, currency),
        }
        for name, rule in offer.rules.items()
    ]


def _ahead(name: str, ahead: Gap, currency: str) -> dict[str, str]:
    if name == "chosen":
        return {"ahead": "", "interval": ""}
    low, high = money(ahead.low, currency), money(ahead.high, currency)
    return {
        "ahead": money(ahead.difference, currency),
        "interval": f"{low} to {high}",
    }
