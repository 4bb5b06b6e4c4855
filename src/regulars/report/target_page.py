"""The page of a campaign's plan, for those who decide on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import (
    date,
    is_missing,
    listing,
    money,
    number,
    percent,
    plural,
)
from regulars.report.layout import render_template
from regulars.results.writing import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.results import TargetResult
    from regulars.results.measures import Bounds
    from regulars.results.target import OfferPlan

FILE = "target.html"
GOALS = {
    "win_back": "Win back customers who go silent",
    "protect": "Look after customers before they leave for good",
}
VERDICTS = {
    "proven": "Proven: spend",
    "promising": "Promising: spend as a test",
    "none": "No effect is known: contact nobody",
    "assumed": "A test of an assumption",
}
# of the curve, in pixels of its own
WIDTH, HEIGHT = 600, 200


def write_target_page(result: TargetResult, folder: Path) -> Path:
    """Write the page of a plan into the campaign's folder."""
    return write_text(render_target(result), folder / FILE)


def render_target(result: TargetResult) -> str:
    """Return the page of a plan: what we propose, what it costs, what we expect."""
    content = {
        "result": result,
        "goal": GOALS[result.goal],
        "verdict": VERDICTS[result.verdict.kind],
        "mark": result.heading,
        "key_figures": _key_figures(result),
        "offers": [_offer(each, result.currency or "") for each in result.offers],
        "left": _not_contacted(result),
        "money": _money(result),
        "rivals": [
            {
                "label": each.label,
                "is_own": each.name == "plan",
                "n": number(each.n_contacts),
                "cost": money(each.cost, result.currency or ""),
                "gain": money(each.gain, result.currency or ""),
                "profit": money(each.profit, result.currency or ""),
            }
            for each in result.rivals
        ],
        "curve": _curve(result),
        "budgets": [
            {
                "budget": money(each.budget, result.currency or ""),
                "n": number(each.n_contacts),
                "cost": money(each.cost, result.currency or ""),
                "profit": money(each.profit, result.currency or ""),
                "next_unit": number(each.next_unit, 2),
            }
            for each in result.curve
        ],
        "control": _control(result),
        "design": _design(result),
        "provenance": _provenance(result),
    }
    return render_template("target.html", content) + "\n"


def _key_figures(result: TargetResult) -> list[tuple[str, str, str]]:
    currency = result.currency or ""
    allowed = "no limit" if result.budget is None else money(result.budget, currency)
    return [
        (
            number(result.n_sent),
            "customers are sent an offer",
            f"of {number(result.n_scored)} scored",
        ),
        (money(result.cost, currency), "expected cost", f"budget: {allowed}"),
        (
            money(result.gain, currency),
            "expected margin added",
            _interval(result.gain_bounds, currency) or result.heading,
        ),
        (
            number(result.n_control + result.n_holdout),
            "kept without an offer",
            f"{number(result.n_control)} as control, "
            f"{number(result.n_holdout)} held out of all campaigns",
        ),
    ]


def _interval(bounds: Bounds, currency: str) -> str:
    if any(is_missing(end) for end in bounds):
        return ""
    low, high = (money(end, currency) for end in bounds)
    return f"{low} to {high}"


def _offer(offer: OfferPlan, currency: str) -> dict[str, str]:
    basis = {
        "learned": "learned",
        "assumption": f"assumption: saves {percent(offer.saves)}",
        "nothing": "nothing is known",
    }
    return {
        "name": offer.name,
        "what": f"{offer.mechanic.replace('_', ' ')}, {offer.channel}",
        "basis": basis[offer.basis],
        "n_sent": number(offer.n_sent),
        "exploring": plural(offer.n_exploring, "drawn at random").removesuffix("s")
        if offer.n_exploring
        else "",
        "n_control": number(offer.n_control),
        "n_allowed": number(offer.n_allowed),
        "of": f"{number(offer.n_eligible)} fit, {number(offer.n_consenting)} agreed",
        "cost": money(offer.cost, currency),
        "gain": money(offer.gain, currency),
        "between": _interval(offer.gain_bounds, currency),
    }


def _not_contacted(result: TargetResult) -> list[str]:
    """Return why customers are left alone, in sentences."""
    counts = (
        (result.n_pressed, "were contacted too often of late"),
        (result.n_holdout, "are held out of all campaigns"),
        (result.n_harmed, "would be driven away by any offer that they may have"),
        (result.n_not_paying, "would cost more than an offer brings"),
    )
    return [f"{number(n)} customers {why}." for n, why in counts if n]


def _money(result: TargetResult) -> list[str]:
    """Return what the money does, in sentences."""
    currency = result.currency or ""
    said = []
    if result.break_even is not None:
        share = percent(result.break_even)
        said.append(
            f"The campaign pays for itself if {share} of the expected margin comes."
        )
    if result.price_of_budget:
        one = money(1, currency)
        said.append(
            f"One more {one} of budget would add "
            f"{money(result.price_of_budget, currency)} of profit."
        )
    elif any(each.price for each in result.limits):
        said.append("More budget would add nothing: the places are taken.")
    else:
        said.append("More budget would add nothing: everybody who pays is chosen.")
    prices = [
        f"one more customer for the {each.name} would add {money(each.price, currency)}"
        for each in result.limits
        if each.price
    ]
    if prices:
        text = listing(prices)
        said.append(f"{text[:1].upper()}{text[1:]}.")
    cautious = result.cautious
    if cautious.basis:
        said.append(
            f"A cautious plan counts {cautious.basis}: it would contact "
            f"{number(cautious.n_contacts)} customers for "
            f"{money(cautious.cost, currency)}, and bring at least "
            f"{money(cautious.low_profit, currency)} after cost if effects are so low."
        )
    if result.gap >= 0.0005:
        gap = percent(result.gap)
        said.append(f"No plan within the limits could bring more than {gap} more.")
    return said


def _curve(result: TargetResult) -> dict[str, Any] | None:
    """Lay out profit by budget as points of a line."""
    if len(result.curve) < 2:
        return None
    most = max(each.budget for each in result.curve)
    top = max((each.profit for each in result.curve), default=0.0)
    if top <= 0:
        return None
    pairs = [(0.0, 0.0), *((each.budget, each.profit) for each in result.curve)]
    points = [
        (round(WIDTH * x / most, 1), round(HEIGHT * (1 - y / top), 1)) for x, y in pairs
    ]
    currency = result.currency or ""
    asked = None if result.budget is None else round(WIDTH * result.budget / most, 1)
    return {
        "points": " ".join(f"{x},{y}" for x, y in points),
        "marks": points[1:],
        "asked": asked,
        "most": money(most, currency),
        "top": money(top, currency),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _control(result: TargetResult) -> list[str]:
    said = [
        f"{number(result.n_control)} of the {number(result.n_chosen)} chosen "
        f"({percent(result.control_share)}) are kept without an offer, "
        f"{result.control_reason}.",
        f"They were drawn by chance within {plural(result.strata, 'group')} of like "
        "offer and value. Nobody may send them anything of this campaign: only "
        "against them can be seen what the offer did.",
    ]
    if result.n_holdout:
        said.append(
            f"{number(result.n_holdout)} more are held out of every campaign, and "
            "measure all of them together."
        )
    exploring = sum(each.n_exploring for each in result.offers)
    if exploring:
        said.append(
            f"{plural(exploring, 'customer')} were sent an offer drawn at random, so "
            "that the next campaign learns of all offers."
        )
    return said


def _design(result: TargetResult) -> list[str]:
    """Return which effect the campaign can see, and how long it takes."""
    found, currency = result.design, result.currency or ""
    if found is None:
        return ["Nobody is kept as control, so that no effect can be seen."]
    ends = date(found.known_on)
    said = [
        f"The result is known on {ends}, {plural(result.horizon_days, 'day')} after "
        "the launch.",
        "A difference in customers kept can be seen, four times in five, from "
        f"{number(100 * found.smallest_kept, 1)} points on; the rate without an offer "
        f"is about {percent(found.kept_rate)}.",
    ]
    if found.smallest_gain is not None:
        said.append(
            "A difference in margin can be seen from "
            f"{money(found.smallest_gain, currency)} a customer on; what is expected "
            f"is {money(found.promised_gain, currency)} a customer within these days "
            f"({result.heading})."
        )
    if found.needed is not None:
        said.append(
            f"To see what is expected, {number(found.needed)} customers would have to "
            f"be chosen; {number(result.n_chosen)} are."
        )
    return said


def _provenance(result: TargetResult) -> list[tuple[str, str]]:
    rows = [
        ("Campaign", result.campaign),
        ("Launched", date(result.cutoff)),
        ("Effects", result.heading),
        ("Expected margin counts", plural(result.gain_days, "day")),
        ("Result counts", plural(result.horizon_days, "day")),
        ("Model version", result.model_version),
    ]
    return [(what, figure) for what, figure in rows if figure]
