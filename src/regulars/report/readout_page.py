"""The page of a campaign's readout, for those who made the campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import (
    MINUS,
    date,
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

    from regulars.results import ReadoutResult
    from regulars.results.readout import Estimate, GroupEffect, MeasuredEffect

FILE = "readout.html"
UNKNOWN = "not determined"
MOST_NAMED = 6
EFFECTS = {
    "retention": "Customers who came back",
    "orders": "Orders a customer",
    "gain": "Margin a customer, before the offer's cost",
    "margin": "Margin a customer, after the offer's cost",
}
CONTRACT_EFFECTS = EFFECTS | {"retention": "Customers who still have a contract"}
HEADINGS = {
    "part": "Chosen for their value, and drawn at random",
    "offer": "By offer",
    "segment": "By segment",
    "risk_band": "By risk",
    "predicted": "By what was expected of them",
}
PARTS = {"best": "Chosen", "explore": "Drawn at random"}
VERDICTS = {
    "refused": "No verdict",
    "no_control": "No verdict",
    "early": "Too early",
    "pays": "It paid",
    "keeps": "It kept customers; whether it paid is open",
    "harm": "It did harm",
    "open": "Open",
}


def write_readout_page(result: ReadoutResult, folder: Path) -> Path:
    """Write the page of a readout into the campaign's folder."""
    return write_text(render_readout(result), folder / FILE)


def render_readout(result: ReadoutResult) -> str:
    """Return the page of a readout: what we did, what happened, learned, and next."""
    content = {
        "result": result,
        "verdict": VERDICTS[result.verdict.kind],
        "key_figures": _key_figures(result),
        "did": _did(result),
        "effects": [_effect(each, result) for each in result.effects],
        "groups": _groups(result),
        "promise": _promise(result),
        "methods": [_methods(each, result) for each in result.effects],
        "slope": _slope(result),
        "provenance": _provenance(result),
    }
    return render_template("readout.html", content) + "\n"


def points(value: float | None) -> str:
    """Write a difference of shares in points, with its sign."""
    return UNKNOWN if value is None else _signed(f"{100 * value:.1f}") + " points"


def _signed(text: str) -> str:
    if not text.strip("-0.,"):
        return text.lstrip("-")
    return MINUS + text[1:] if text.startswith("-") else "+" + text


def _amount(value: float | None, currency: str) -> str:
    return UNKNOWN if value is None else money(value, currency)


def _shown(found: Estimate, unit: str, currency: str) -> tuple[str, str]:
    """Return an estimate and its interval as a reader of that unit expects them."""

    def write(value: float | None) -> str:
        if unit == "retention":
            return points(value)
        if unit == "orders":
            return UNKNOWN if value is None else number(value, 3)
        return _amount(value, currency)

    if found.low is None or found.high is None:
        return write(found.value), ""
    low, high = write(found.low), write(found.high)
    return write(found.value), f"{low.removesuffix(' points')} to {high}"


def _key_figures(result: ReadoutResult) -> list[tuple[str, str, str]]:
    """Return figure, what it is, and its interval."""
    by_name = {each.name: each for each in result.effects}
    promise, currency = result.promise, result.currency or ""
    if not by_name or promise is None:
        return []
    kept, between = _shown(by_name["retention"].adjusted, "retention", currency)
    extra = by_name["retention"].adjusted.value or 0.0
    more = plural(round(abs(extra) * promise.n_offer), "customer")
    word = "more" if extra >= 0 else "fewer"
    rows = [
        (kept, "customers kept by the offer", f"{between}; about {more} {word}"),
        (
            _amount(promise.margin.value, currency),
            "margin brought, after cost",
            _shown(promise.margin, "margin", currency)[1],
        ),
    ]
    if result.roi is not None:
        rows.append(_roi(result))
    if result.cost_per_kept is not None:
        figure, ends = _shown(result.cost_per_kept, "margin", currency)
        why = ends or "whether any were kept is open"
        rows.append((figure, "cost of a customer kept", why))
    return rows


def _roi(result: ReadoutResult) -> tuple[str, str, str]:
    found = result.roi
    assert found is not None
    ends = ""
    if found.low is not None and found.high is not None:
        ends = f"{percent(found.low, 0)} to {percent(found.high, 0)}"
    figure = UNKNOWN if found.value is None else percent(found.value, 0)
    return figure, "return on its cost", ends


def _did(result: ReadoutResult) -> list[str]:
    """Return what was done, in sentences."""
    names = [f"{name} ({what})" for name, what in result.offers.items()]
    more = len(names) - MOST_NAMED
    shown = names[:MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    said = [
        f"Launched on {date(result.launch)}; what customers did within "
        f"{plural(result.horizon_days, 'day')} counts."
        f" The figures are of {plural(result.elapsed_days, 'day')}, up to but not "
        f"including {date(result.until)}.",
        f"{plural(result.n_offer, 'customer')} were to be sent an offer: "
        f"{listing(shown)}.",
        f"{plural(result.n_control, 'customer')} were drawn at random to be left "
        "without one: the control group. What they did is what the others would have "
        "done.",
    ]
    if result.contacted.is_known:
        taken = result.contacted.n_redeemed
        took = "" if taken is None else f", and {number(taken)} of them took the offer"
        said.append(
            f"{number(result.contacted.n_offer)} of those who were to be sent an offer "
            f"were contacted{took}."
        )
    if result.promise is not None:
        cost = _amount(result.promise.cost, result.currency or "")
        said.append(f"The offers cost {cost} in all.")
    return said


def _effect(each: MeasuredEffect, result: ReadoutResult) -> dict[str, str]:
    currency = result.currency or ""
    figure, ends = _shown(each.adjusted, each.name, currency)
    plain, plain_ends = _shown(each.plain, each.name, currency)
    return {
        "name": _named(each, result),
        "offer": _level(each.offer_mean, each.name, currency),
        "control": _level(each.control_mean, each.name, currency),
        "figure": figure,
        "ends": ends,
        "plain": plain,
        "plain_ends": plain_ends,
    }


def _named(each: MeasuredEffect, result: ReadoutResult) -> str:
    names = EFFECTS if result.kind == "non_contractual" else CONTRACT_EFFECTS
    return names[each.name]


def _level(value: float, unit: str, currency: str) -> str:
    if unit == "retention":
        return percent(value)
    return number(value, 3) if unit == "orders" else money(value, currency)


def _groups(result: ReadoutResult) -> list[dict[str, Any]]:
    """Return a table a kind of group; one group alone says nothing new."""
    tables = []
    for by, heading in HEADINGS.items():
        rows = [each for each in result.groups if each.by == by]
        if len(rows) > 1:
            scale = max((_reach(each) for each in rows), default=0.0)
            shown = [_group(each, result.currency or "", scale) for each in rows]
            tables.append({"heading": heading, "rows": shown})
    return tables


def _reach(group: GroupEffect) -> float:
    ends = (group.margin.low, group.margin.high)
    return max(abs(end) for end in ends if end is not None)


def _group(group: GroupEffect, currency: str, scale: float) -> dict[str, Any]:
    kept, kept_ends = _shown(group.retention, "retention", currency)
    margin, margin_ends = _shown(group.margin, "margin", currency)
    at = {"low": 0.0, "value": 0.0, "high": 0.0}
    if scale > 0:
        # of a drawing 100 wide, with nought in its middle
        at = {
            name: round(50 + 46 * (getattr(group.margin, name) or 0.0) / scale, 1)
            for name in at
        }
    return {
        "name": PARTS.get(group.name, group.name),
        "n": f"{number(group.n_offer)} / {number(group.n_control)}",
        "kept": kept,
        "kept_ends": kept_ends,
        "margin": margin,
        "margin_ends": margin_ends,
        "promised": money(group.promised, currency),
        "is_harm": group.is_harm,
        "at": at,
    }


def _promise(result: ReadoutResult) -> list[tuple[str, str, str]]:
    """Return what was expected and what came: of gain, cost and both."""
    kept, currency = result.promise, result.currency or ""
    if kept is None:
        return []
    expected = money(kept.expected_gain, currency)
    if kept.expected_gain_low is not None and kept.expected_gain_high is not None:
        low, high = kept.expected_gain_low, kept.expected_gain_high
        expected += f" ({money(low, currency)} to {money(high, currency)})"
    promised = kept.expected_gain - kept.expected_cost
    return [
        ("Margin before cost", expected, _with_ends(kept.gain, currency)),
        ("Cost", money(kept.expected_cost, currency), money(kept.cost, currency)),
        (
            "Margin after cost",
            money(promised, currency),
            _with_ends(kept.margin, currency),
        ),
    ]


def _with_ends(found: Estimate, currency: str) -> str:
    figure, ends = _shown(found, "margin", currency)
    return f"{figure} ({ends})" if ends else figure


def _methods(each: MeasuredEffect, result: ReadoutResult) -> tuple[str, list[str]]:
    currency = result.currency or ""
    found = (each.adjusted, each.stratified, each.cuped, each.plain)
    cells = []
    for estimate in found:
        figure, ends = _shown(estimate, each.name, currency)
        cells.append(f"{figure} ({ends})")
    return _named(each, result), cells


def _slope(result: ReadoutResult) -> str:
    held = result.ranking
    if held is None or held.slope.low is None or held.slope.high is None:
        return ""
    return (
        f"For each unit of margin that was expected of a customer beyond the others, "
        f"{number(held.slope.value, 2)} came ({number(held.slope.low, 2)} to "
        f"{number(held.slope.high, 2)}): 1 is as expected, 0 is no ranking."
    )


def _provenance(result: ReadoutResult) -> list[tuple[str, str]]:
    ratio = result.sample_ratio
    return [
        ("Groups as drawn", f"p = {ratio.p_value:.2g} (alarm below 0.001)"),
        (
            "Control group",
            f"{number(ratio.n_control)}, drawn {number(ratio.expected_control)}",
        ),
        ("Look", f"{result.look} of {result.looks}"),
        ("Intervals", f"95%, {result.multiplier:.2f} standard errors"),
        *((name.capitalize(), text) for name, text in result.versions.items()),
    ]
