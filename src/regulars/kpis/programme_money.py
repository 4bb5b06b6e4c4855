"""What the loyalty programme owes, costs and brings in a year."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.kpis.estimates import shorten
from regulars.kpis.programme_effect import added_spend, programme_effect
from regulars.kpis.programme_points import Points, points_at
from regulars.kpis.purchases import YEAR
from regulars.kpis.what_if import margin_rate

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

NO_POINTS = "The table of the loyalty programme has no points that were earned."
NO_VALUE = (
    "The value of a point is not known (programme.point_value), so neither what is "
    "owed nor the return can be worked out."
)
NO_EFFECT = "No return: it is not known what members spend more."
NO_COST = "No return: the programme cost nothing in the year before."
NO_RUNNING = (
    "The cost of running the programme is not known (programme.running_cost_annual) "
    "and counts as 0."
)


def programme_study(
    data: KpiData, span: Span
) -> tuple[dict[str, Any] | None, str | None]:
    """Return what the programme brings, owes and costs; or why nothing can be said."""
    effect, no_effect = programme_effect(data, span)
    if not data.has("loyalty"):
        return None, no_effect
    points = points_at(data, span.end)
    n_members = members_there(data, span)
    return {
        "n_members": n_members,
        "effect": effect,
        "no_effect": no_effect,
        "points": None if points is None else _points(data, points),
        "money": _money(data, span, effect, points, n_members),
        "notes": _notes(data, effect, points),
    }, None


def members_there(data: KpiData, span: Span) -> int:
    """Count the members at the end who bought within the active days before it."""
    since = span.end - timedelta(days=data.settings.active_days)
    days = data.days.filter(
        (data.days.day < span.end) & (data.days.day >= since) & data.days.is_purchase
    )
    there = days.select("customer_id").distinct()
    members = data.known_by("loyalty", span.end).select("customer_id").distinct()
    return int(there.semi_join(members, "customer_id").count().to_pyarrow().as_py())


def _points(data: KpiData, points: Points) -> dict[str, float | None]:
    value = data.programme.point_value
    return {
        "outstanding": shorten(points.outstanding),
        "redeemed_last_year": shorten(points.redeemed_last_year),
        "redeemed_share": shorten(points.redeemed_share),
        "breakage": shorten(1 - points.redeemed_share),
        "expected": shorten(points.expected),
        "liability": None if value is None else shorten(points.expected * value),
    }


def _money(
    data: KpiData,
    span: Span,
    effect: dict[str, Any] | None,
    points: Points | None,
    n_members: int,
) -> dict[str, float | None] | None:
    """Set the added margin of a year beside what the programme costs in one."""
    running, value = data.programme.running_cost_annual, data.programme.point_value
    if effect is None or (points is not None and value is None):
        return None
    redeemed = 0.0 if points is None else points.redeemed_last_year * (value or 0.0)
    cost = redeemed + (running or 0.0)
    if cost <= 0:
        return None
    rate = margin_rate(data, span.end)
    to_year = rate * n_members * YEAR / effect["follow_days"]
    spend = added_spend(effect)
    ends = [spend[name] for name in ("difference", "low", "high")]
    margins = [None if end is None else end * to_year for end in ends]
    roi = [None if margin is None else (margin - cost) / cost for margin in margins]
    names = ("", "_low", "_high")
    figures = {
        **{f"added_margin{name}": x for name, x in zip(names, margins, strict=True)},
        **{f"roi{name}": x for name, x in zip(names, roi, strict=True)},
        "margin_rate": rate,
        "redeemed_cost": redeemed,
        "running_cost": running or 0.0,
        "cost": cost,
    }
    return {name: None if x is None else shorten(x) for name, x in figures.items()}


def _notes(
    data: KpiData, effect: dict[str, Any] | None, points: Points | None
) -> list[str]:
    settings, notes = data.programme, []
    if points is None:
        notes.append(NO_POINTS)
    elif settings.point_value is None:
        notes.append(NO_VALUE)
    if settings.running_cost_annual is None:
        notes.append(NO_RUNNING)
    if effect is None:
        notes.append(NO_EFFECT)
    is_free = not settings.running_cost_annual and (
        points is None or not points.redeemed_last_year * (settings.point_value or 1)
    )
    if is_free and effect is not None:
        notes.append(NO_COST)
    return notes
