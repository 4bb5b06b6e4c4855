"""What the loyalty programme brings and what one more point would: words and tables.

The page and the terminal show the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.report.formats import MINUS, MISSING, date, money, number, percent

if TYPE_CHECKING:
    from regulars.results import KpiResult
    from regulars.results.kpis import Programme, ProgrammeEffect

OUTCOME_WORDS = {
    "bought": "Bought at all",
    "orders": "Orders",
    "spend": "Spend",
    "order_value": "Mean order",
    "nps": "Net promoter score",
}
LEVER_WORDS = {
    "retention": "Customers kept: one point more",
    "frequency": "Orders a buyer: 1% more",
    "order_value": "Mean order: 1% more",
}
BALANCED = 0.1  # a standardised difference that is usually taken as small


def programme_section(kpis: KpiResult) -> dict[str, Any] | None:
    """Return what the page says of the programme; None where nothing was worked out."""
    found = kpis.programme
    if found is None:
        if kpis.no_programme is None:
            return None
        return {"why": kpis.no_programme, "rows": [], "money": [], "notes": []}
    effect = found.effect
    return {
        "why": found.no_effect,
        "intro": None if effect is None else _intro(effect),
        "rows": [] if effect is None else outcome_rows(effect, kpis.currency),
        "trust": [] if effect is None else _trust(effect),
        "assumptions": () if effect is None else effect.assumptions,
        "money": money_rows(found, kpis.currency),
        "notes": found.notes,
    }


def outcome_rows(effect: ProgrammeEffect, currency: str) -> list[dict[str, str]]:
    """Return a row an outcome: members, comparable, difference, naive difference."""
    return [
        {
            "label": OUTCOME_WORDS[each.outcome],
            "members": _of_unit(each.members, each.unit, currency),
            "comparable": _of_unit(each.comparable, each.unit, currency),
            "difference": _signed(each.difference, each.unit, currency),
            "interval": _interval(each.low, each.high, each.unit, currency),
            "naive": _signed(each.naive, each.unit, currency),
        }
        for each in effect.outcomes
    ]


def _intro(effect: ProgrammeEffect) -> str:
    return (
        f"{number(effect.n_joined)} customers who joined from "
        f"{date(effect.joined_from)} to {date(effect.joined_to)}, in the "
        f"{effect.follow_days} days after it, beside "
        "others who were as likely to join by what was known on that day. An "
        "association, not a cause: nobody drew who may join."
    )


def _trust(effect: ProgrammeEffect) -> list[str]:
    """Return in sentences how far the comparison can be relied on."""
    sizes = [abs(each.after) for each in effect.balance]
    before = max(abs(each.before) for each in effect.balance)
    n_off = sum(size > BALANCED for size in sizes)
    words = [
        f"The largest difference between both groups in what was known is "
        f"{number(max(sizes), 2)} standard deviations, before weighing "
        f"{number(before, 2)}; {number(n_off)} of {number(len(sizes))} are above "
        f"{BALANCED:g}.",
        f"{number(effect.n_unmatched)} members have no comparable customer and are "
        f"left out, as are {number(effect.n_without_history)} who joined on the day of "
        "their first purchase or before. The comparable ones say as much as "
        f"{number(effect.effective_n)} customers of equal weight; "
        f"{percent(effect.joined_later_share)} of them joined in the days followed.",
    ]
    if effect.e_value is not None:
        words.append(
            "To explain away the difference in who bought at all, something unseen "
            "would have to multiply both joining and buying by "
            f"{number(effect.e_value, 2)} (for an interval that includes none: "
            f"{number(effect.e_value_low, 2)})."
        )
    return words


def money_rows(found: Programme, currency: str) -> list[tuple[str, str, str]]:
    """Return label, value and interval of what the programme owes, costs and brings."""
    rows = [("Members who bought lately", number(found.n_members), "")]
    if found.points is not None:
        points = found.points
        rows += [
            ("Points outstanding", number(points.outstanding), ""),
            ("Never redeemed (breakage)", percent(points.breakage), ""),
            ("Owed (liability)", money(points.liability, currency, short=True), ""),
        ]
    if found.money is not None:
        own = found.money
        ends = (own.added_margin_low, own.added_margin_high)
        roi = _interval(own.roi_low, own.roi_high, "relative", currency)
        rows += [
            ("Cost of a year", money(own.cost, currency, short=True), ""),
            (
                "Added margin of a year",
                _signed(own.added_margin, "money", currency),
                _interval(*ends, "money", currency),
            ),
            ("Return on the cost", _signed(own.roi, "relative", currency), roi),
        ]
    return rows


def what_if_section(kpis: KpiResult) -> dict[str, Any] | None:
    """Return what one more point is worth; None where nothing was worked out."""
    found = kpis.what_if
    if found is None:
        return {"why": kpis.no_what_if, "rows": []} if kpis.no_what_if else None
    return {
        "why": None,
        "notes": found.notes,
        "year": f"{date(found.start)} to {date(found.end - timedelta(days=1))}",
        "margin": percent(found.margin_rate),
        "rows": [
            {
                "label": LEVER_WORDS[each.lever],
                "now": _of_unit(each.now, each.unit, kpis.currency),
                "margin": money(each.margin, kpis.currency, short=True),
                "interval": _interval(each.low, each.high, "money", kpis.currency),
                "formula": each.formula,
            }
            for each in found.figures
        ],
    }


def _of_unit(value: float | None, unit: str, currency: str) -> str:
    if value is None:
        return MISSING
    if unit == "share":
        return percent(value)
    if unit == "relative":
        return percent(value, 0)
    if unit == "money":
        return money(value, currency, short=True)
    return number(value, 1 if unit == "points" else 2)


def _signed(value: float | None, unit: str, currency: str) -> str:
    if value is None:
        return MISSING
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    if unit == "share":
        # of a share, in points of a hundred
        return f"{sign}{number(100 * abs(value), 1)} points"
    return sign + _of_unit(abs(value), unit, currency)


def _interval(low: float | None, high: float | None, unit: str, currency: str) -> str:
    if low is None or high is None:
        return ""
    return f"{_signed(low, unit, currency)} to {_signed(high, unit, currency)}"
