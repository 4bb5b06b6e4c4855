"""Bad experiences by customer and day: promises broken, tickets reopened, detractors.

The day is that on which it became one: the promised day of a ticket that was late, the
resolution of one that was reopened (whose own day no table holds).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis

from regulars.kpis.kpi_data import flag
from regulars.kpis.measures import Measure, Signal
from regulars.kpis.surveys import DETRACTOR_TO

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

BREACH, REOPENED, BAD_CSAT, DETRACTOR = (
    "sla_breach",
    "reopened",
    "bad_csat",
    "detractor",
)
WITH_TICKET = (BREACH, REOPENED, BAD_CSAT)
NO_TICKETS = (
    "There is no table of tickets (source.tickets) with due_at, reopened or csat."
)


def experiences(data: KpiData, day: Any) -> Any:
    """Return customer, day and experience known before a day; None where none can be.

    Tickets carry their department and tags.
    """
    parts = [*_of_tickets(data, day), *_of_surveys(data, day)]
    return ibis.union(*parts) if len(parts) > 1 else (parts[0] if parts else None)


def _of_tickets(data: KpiData, day: Any) -> list[Any]:
    if not data.has("tickets"):
        return []
    rows = data.known_by("tickets", day)
    resolved = ibis.null("date")
    if "resolved_date" in rows.columns:
        # what is resolved later is still open on this day
        resolved = (rows.resolved_date < day).ifelse(rows.resolved_date, resolved)
    over = ibis.coalesce(resolved, rows.opened_date)
    cases: list[tuple[str, Any, Any]] = []
    if "due_date" in rows.columns:
        cases.append((BREACH, _is_late(rows, day), rows.due_date))
    if "reopened" in rows.columns:
        cases.append((REOPENED, rows.reopened, over))
    if "csat" in rows.columns:
        cases.append((BAD_CSAT, rows.csat <= data.settings.bad_csat, over))
    return [
        _rows(rows.filter(where.fill_null(False)), name, when)
        for name, where, when in cases
    ]


def _is_late(rows: Any, day: Any) -> Any:
    """Return whether a promised time had passed before the ticket was resolved."""
    for name in ("resolved", "first_response"):
        if f"{name}_at" in rows.columns:
            done = rows[f"{name}_at"]
            return (rows.due_date < day) & (done.isnull() | (done > rows.due_at))
    return ibis.literal(False)


def _of_surveys(data: KpiData, day: Any) -> list[Any]:
    if not data.has("surveys"):
        return []
    rows = data.known_by("surveys", day)
    low = rows.filter(rows.score <= DETRACTOR_TO)
    return [_rows(low, DETRACTOR, low.answered_date)]


def _rows(rows: Any, name: str, when: Any) -> Any:
    def text(column: str) -> Any:
        has = name != DETRACTOR and column in rows.columns
        return rows[column].cast("string") if has else ibis.null("string")

    return rows.select(
        "customer_id",
        day=when,
        experience=ibis.literal(name),
        department=text("department"),
        tags=text("tags"),
    )


def forgiveness_signal(data: KpiData, span: Span) -> Signal:
    """Return who bought again after the last bad experience with a ticket."""
    kpi = "repurchase_after_bad_experience"
    known = experiences(data, span.end)
    tickets = data.has("tickets") and any(
        data.has("tickets", name) for name in ("due_at", "reopened", "csat")
    )
    if known is None or not tickets:
        return Signal(absent=((kpi, NO_TICKETS),))
    after = data.after_days
    # their days of coming back lie in the period
    first, last = (day - timedelta(days=after + 1) for day in (span.start, span.end))
    known = known.filter(known.experience.isin(WITH_TICKET))
    known = known.filter((known.day > first) & (known.day <= last))
    bad = known.group_by("customer_id").aggregate(bad_day=known.day.max())
    none = (
        f"Nobody had a bad experience from {first + timedelta(days=1)} to {last}, "
        f"early enough to be followed for {after} days by {span.end}."
    )
    return Signal(
        measures=(Measure(kpi, "share", "forgave", "had_bad", none),),
        table=came_back(data, bad, after),
        columns=(("forgave", 0), ("had_bad", 0)),
    )


def came_back(data: KpiData, bad: Any, after: int) -> Any:
    """Return whether customers bought in so many days after a day (``bad_day``)."""
    days = data.days.filter(data.days.is_purchase).select("customer_id", "day")
    pairs = bad.left_join(
        days,
        [
            bad.customer_id == days.customer_id,
            days.day > bad.bad_day,
            days.day <= bad.bad_day + ibis.interval(days=after),
        ],
        rname="{name}_bought",
    )
    return pairs.group_by("customer_id").aggregate(
        forgave=flag(~pairs.day.isnull()).max(), had_bad=flag(pairs.count() > 0)
    )
