"""Who would recommend us (NPS), and how far those who answer differ from the silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.kpis.kpi_data import flag
from regulars.kpis.measures import Measure, Signal

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

PROMOTER_FROM, DETRACTOR_TO = 9, 6
NO_TABLE = "There is no table of surveys (source.surveys)."
NOBODY = "No customer answered a survey from {start} to {end}."
NOBODY_ASKED = "No customer was there, or asked, from {start} to {end}."
ALL_ANSWERED = "No buyer was silent from {start} to {end}."
KPIS = (
    "nps",
    "promoter_share",
    "detractor_share",
    "survey_response_rate",
    "orders_of_answering",
    "orders_of_silent",
    "spend_of_answering",
    "spend_of_silent",
)


def survey_signal(data: KpiData, span: Span) -> Signal:
    """Return what is measured of each customer's last answer in a span."""
    if not data.has("surveys"):
        return Signal(absent=tuple((kpi, NO_TABLE) for kpi in KPIS))
    days = {"start": span.start, "end": span.end}
    nobody, unasked, silent = (
        text.format(**days) for text in (NOBODY, NOBODY_ASKED, ALL_ANSWERED)
    )
    answers = last_answers(data.within("surveys", span))
    table = answers.mutate(
        answered=ibis.literal(1),
        promoter=flag(answers.score >= PROMOTER_FROM),
        detractor=flag(answers.score <= DETRACTOR_TO),
    ).drop("score")
    asked = _asked(data, span)
    if asked is not None:
        both = table.outer_join(asked, "customer_id", rname="{name}_asked")
        ids = ibis.coalesce(both.customer_id, both.customer_id_asked)
        table = both.mutate(customer_id=ids).drop("customer_id_asked")
    return Signal(
        measures=(
            Measure("nps", "net", "net_promoter", "answered", nobody, 100.0),
            Measure("promoter_share", "share", "promoter", "answered", nobody),
            Measure("detractor_share", "share", "detractor", "answered", nobody),
            Measure(
                "survey_response_rate",
                "share",
                "answered_asked",
                "at_end" if asked is None else "asked",
                unasked,
            ),
            Measure(
                "orders_of_answering", "ratio", "answering_orders", "answering", nobody
            ),
            Measure("orders_of_silent", "ratio", "silent_orders", "silent", silent),
            Measure(
                "spend_of_answering", "ratio", "answering_spend", "answering", nobody
            ),
            Measure("spend_of_silent", "ratio", "silent_spend", "silent", silent),
        ),
        table=table,
        columns=tuple(
            (name, 0)
            for name in ("answered", "promoter", "detractor", "asked")
            if name in table.columns
        ),
        derive=_derived,
    )


def last_answers(rows: Any) -> Any:
    """Return each customer's last score; of several at once the least."""
    order = [ibis.desc("answered_at"), ibis.asc("score")]
    window = ibis.window(group_by="customer_id", order_by=order)
    rows = rows.filter(~rows.score.isnull())
    rows = rows.mutate(place=ibis.row_number().over(window))
    return rows.filter(rows.place == 0).select("customer_id", "score")


def _derived(customers: Any) -> dict[str, Any]:
    answered, bought = customers.answered, customers.bought
    # without invitations, of those who are there
    asked = customers.asked if "asked" in customers.columns else customers.at_end
    answering, silent = answered * bought, (1 - answered) * bought
    return {
        "net_promoter": customers.promoter - customers.detractor,
        "answered_asked": answered * asked,
        "answering": answering,
        "silent": silent,
        "answering_orders": answering * customers.n_orders,
        "silent_orders": silent * customers.n_orders,
        "answering_spend": answering * customers.revenue,
        "silent_spend": silent * customers.revenue,
    }


def _asked(data: KpiData, span: Span) -> Any:
    """Return the customers who were asked; None where no event says so."""
    if not data.has("events"):
        return None
    rows = data.within("events", span)
    rows = rows.filter(rows.event_type.isin(data.settings.survey_sent))
    if not int(rows.count().to_pyarrow().as_py()):
        return None
    return rows.select("customer_id").distinct().mutate(asked=1)
