"""A readout in words: the verdict, what was learned, what harmed, and what next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from scipy.stats import norm

from regulars.results.readout import Estimate, ReadoutVerdict

if TYPE_CHECKING:
    from regulars.results.readout import (
        MeasuredEffect,
        ReadoutResult,
        VerdictKind,
    )

# an interval of 97.5% beside one of 95%
SECOND = float(norm.ppf(0.9875) / norm.ppf(0.975))
KINDS = {
    "part": "part of the campaign",
    "offer": "offer",
    "segment": "segment",
    "risk_band": "risk",
    "predicted": "prediction",
}


def money(value: float | None, currency: str | None) -> str:
    """Write an amount with its currency; cents below a hundred."""
    if value is None:
        return "not determined"
    digits = 2 if abs(value) < 100 else 0
    text = f"{value:,.{digits}f}"
    return f"{text} {currency}" if currency else text


def points(value: float | None) -> str:
    """Write a difference of shares in percentage points."""
    return "not determined" if value is None else f"{100 * value:+.1f} points"


def effect_named(result: ReadoutResult, name: str) -> MeasuredEffect | None:
    """Return one of the measured effects."""
    return next((each for each in result.effects if each.name == name), None)


def is_above(estimate: Estimate) -> bool:
    """Return whether an estimate is surely above nought."""
    return estimate.low is not None and estimate.low > 0


def is_below(estimate: Estimate) -> bool:
    """Return whether an estimate is surely below nought."""
    return estimate.high is not None and estimate.high < 0


def verdict(result: ReadoutResult) -> ReadoutVerdict:
    """Return the answer to whether the campaign paid."""
    kind = _kind(result)
    return ReadoutVerdict(kind=kind, sentence=_SENTENCES[kind](result))


def _kind(result: ReadoutResult) -> VerdictKind:
    if result.sample_ratio.is_alarm:
        return "refused"
    kept, margin = effect_named(result, "retention"), effect_named(result, "margin")
    if kept is None or margin is None:
        return "no_control"
    found = proven_kind(kept.adjusted, margin.adjusted) if result.look else None
    return found or ("open" if result.is_final else "early")


def proven_kind(kept: Estimate, margin: Estimate) -> VerdictKind | None:
    """Return what is beyond doubt, of margin after cost and customers kept, if any.

    Margin is the first question. Customers kept alone are a second one, which needs an
    interval of 97.5%: asked as loosely as the first, one campaign without effect in
    thirteen would claim something.
    """
    surer = _widened(kept)
    if is_above(margin):
        return "pays"
    if is_below(margin) or is_below(surer):
        return "harm"
    return "keeps" if is_above(surer) else None


def _widened(found: Estimate) -> Estimate:
    if found.value is None or found.low is None or found.high is None:
        return found
    reach = SECOND * (found.high - found.low) / 2
    return Estimate(
        value=found.value, low=found.value - reach, high=found.value + reach
    )


def _refused(result: ReadoutResult) -> str:
    ratio = result.sample_ratio
    return (
        f"No verdict: {ratio.n_control:,} customers are in the control group where "
        f"{ratio.expected_control:,.0f} were drawn (p = {ratio.p_value:.1g}). The "
        "groups are not what was drawn, and cannot be compared. Find out who is "
        "missing from the log or from the file before anything else."
    )


def _no_control(result: ReadoutResult) -> str:
    return (
        f"No verdict: {result.n_offer:,} customers were to be sent an offer and "
        f"{result.n_control:,} kept without one, so that there is nobody to compare "
        "with. What customers did after an offer does not say what it changed."
    )


def _early(result: ReadoutResult) -> str:
    when = f"on {result.next_look}"
    first = (
        "It is too early for a verdict"
        if result.look == 0
        else f"No effect is beyond doubt at look {result.look} of {result.looks}"
    )
    return (
        f"{first}: {result.elapsed_days} of {result.horizon_days} days have passed. "
        f"The next look is due {when}."
    )


def _margin_words(result: ReadoutResult) -> str:
    found = effect_named(result, "margin")
    assert found is not None
    low, high = found.adjusted.low, found.adjusted.high
    return (
        f"{money(found.adjusted.value, result.currency)} a customer after the offer's "
        f"cost ({money(low, result.currency)} to {money(high, result.currency)})"
    )


def _kept_words(result: ReadoutResult) -> str:
    found = effect_named(result, "retention")
    assert found is not None
    each = found.adjusted
    return (
        f"{points(each.value)} of the customers ({points(each.low)} to "
        f"{points(each.high)})"
    )


def _so_far(result: ReadoutResult) -> str:
    if result.is_final:
        return ""
    return f" This holds at look {result.look} of {result.looks} already."


def _pays(result: ReadoutResult) -> str:
    return f"The campaign paid: it brought {_margin_words(result)}.{_so_far(result)}"


def _keeps(result: ReadoutResult) -> str:
    return (
        f"The campaign kept customers, {_kept_words(result)}, but whether it paid is "
        f"open: {_margin_words(result)}.{_so_far(result)}"
    )


def _harmed(result: ReadoutResult) -> str:
    kept = effect_named(result, "retention")
    assert kept is not None
    if is_below(kept.adjusted):
        what = f"It drove customers away: {_kept_words(result)}"
    else:
        what = f"It lost money: {_margin_words(result)}"
    return f"The campaign did harm. {what}.{_so_far(result)}"


def _open(result: ReadoutResult) -> str:
    kept = effect_named(result, "retention")
    assert kept is not None
    nearly = is_above(kept.adjusted) or is_below(kept.adjusted)
    more = (
        " Customers kept alone, without margin, need an interval of 97.5% that leaves "
        "nought out, and this one does not."
    )
    return (
        f"Whether the campaign worked is open: {_kept_words(result)} and "
        f"{_margin_words(result)}.{more if nearly else ''} It could have seen an "
        f"effect of {points(kept.smallest)} or more four times in five."
    )


_SENTENCES = {
    "refused": _refused,
    "no_control": _no_control,
    "early": _early,
    "pays": _pays,
    "keeps": _keeps,
    "harm": _harmed,
    "open": _open,
}


def harm(result: ReadoutResult) -> tuple[str, ...]:
    """Return who was surely harmed."""
    found = []
    for each in result.effects:
        if each.name in ("retention", "margin") and is_below(each.adjusted):
            words = _kept_words if each.name == "retention" else _margin_words
            found.append(f"All customers: {words(result)}.")
    found += [
        f"{KINDS[each.by].capitalize()} '{each.name}': {points(each.retention.value)} "
        f"of {each.n_offer:,} customers kept, and "
        f"{money(each.margin.value, result.currency)} a customer."
        for each in result.groups
        if each.is_harm
    ]
    return tuple(found)


def lessons(result: ReadoutResult) -> tuple[str, ...]:
    """Return what was learned, in sentences."""
    found = [_promise_words(result), _ranking_words(result)]
    if result.effects:
        found.append(_harm_words(result))
    return tuple(each for each in found if each)


def _harm_words(result: ReadoutResult) -> str:
    if not result.harm:
        return "No group of customers was surely harmed."
    return f"Contact did harm. {' '.join(result.harm)}"


def _promise_words(result: ReadoutResult) -> str:
    kept = result.promise
    if kept is None or kept.margin.value is None:
        return ""
    currency, days = result.currency, result.horizon_days
    promised = kept.expected_gain - kept.expected_cost
    measured = (
        f"measured so far are {money(kept.margin.value, currency)}"
        if not result.is_final
        else f"measured are {money(kept.margin.value, currency)}"
    )
    low, high = kept.margin.low, kept.margin.high
    assert low is not None
    assert high is not None
    within = "lies within" if low <= promised <= high else "lies outside"
    said = "" if not result.is_final else f"; the promise {within} that interval"
    return (
        f"Promised were {money(promised, currency)} after cost for the "
        f"{kept.n_offer:,} customers sent an offer, within {days} days; {measured} "
        f"({money(low, currency)} to {money(high, currency)}){said}."
    )


def _ranking_words(result: ReadoutResult) -> str:
    held = result.ranking
    if held is None:
        return ""
    return {
        "held": "The ranking held: those of whom more was expected brought more.",
        "reversed": "The ranking was upside down: those of whom more was expected "
        "brought less.",
        "open": "Whether those of whom more was expected brought more cannot be told "
        f"from this campaign (one-sided p = {held.p_value:.2f}).",
    }[held.verdict]


def advice(result: ReadoutResult) -> tuple[str, ...]:
    """Return what to do next."""
    found = list(_ADVICE[result.verdict.kind](result))
    if result.contacted.n_control:
        found.append(
            "Find out how customers of the control group came to be contacted, before "
            "the next campaign."
        )
    if any(each.yaml for each in result.learned):
        found.append(
            "Put the measured effects into the configuration, in place of the "
            "assumptions."
        )
    if result.n_control and result.is_final and not result.contacted.has_control:
        found.append(
            "Enter the control group into the table of contacts too (campaign_id "
            f"'{result.campaign}', is_control 1): the next campaign then learns from "
            "this one."
        )
    return tuple(found)


def _after_pays(result: ReadoutResult) -> list[str]:
    again = "Repeat it, with a control group again: effects wear off."
    left = ["Leave the groups named under harm alone."] if result.harm else []
    return [again, *left]


def _after_keeps(result: ReadoutResult) -> list[str]:
    return [
        "Look at what the offer costs: it works on customers, not yet surely on "
        "margin. A cheaper one, or a larger control group, would decide it."
    ]


def _after_harm(result: ReadoutResult) -> list[str]:
    return ["Stop it, and do not send this offer to these customers again."]


def _after_open(result: ReadoutResult) -> list[str]:
    return [
        "Do not spend more on it as it is. Repeat it with more customers or a larger "
        "control group, or try another offer."
    ]


def _after_early(result: ReadoutResult) -> list[str]:
    return [f"Wait, change nothing, and read it out again on {result.next_look}."]


def _after_refused(result: ReadoutResult) -> list[str]:
    return ["Put the groups of the launch back, and read it out again."]


def _after_no_control(result: ReadoutResult) -> list[str]:
    return ["Keep a control group in the next campaign (campaign.control.share)."]


_ADVICE = {
    "refused": _after_refused,
    "no_control": _after_no_control,
    "early": _after_early,
    "pays": _after_pays,
    "keeps": _after_keeps,
    "harm": _after_harm,
    "open": _after_open,
}


def notes(result: ReadoutResult) -> tuple[str, ...]:
    """Return what a reader has to know of these figures."""
    contacted = result.contacted
    said = [
        _early_note(result),
        _control_note(result),
        "The table of contacts does not name the campaign: all who were to be sent an "
        "offer are taken to have been."
        if not contacted.is_known
        else "",
        f"{contacted.n_holdout:,} customers of the holdout were contacted all the same."
        if contacted.n_holdout
        else "",
        f"{result.n_gone:,} customers are no longer in the log, and are left out."
        if result.n_gone
        else "",
        "The contacts do not say who took the offer: its cost rests on the assumed "
        "rate."
        if not result.is_cost_measured
        else "",
        f"The plan counted the margin of {result.promised_days} days; what is called "
        f"promised here is the share of it that falls in {result.horizon_days}."
        if result.promised_days > result.horizon_days
        else "",
        _explore_note(result),
    ]
    return tuple(each for each in said if each)


def _early_note(result: ReadoutResult) -> str:
    if result.is_final:
        return ""
    end = result.launch + timedelta(days=result.horizon_days)
    return (
        f"This is early: {result.elapsed_days} of {result.horizon_days} days have "
        f"passed, and the result is final on {end}. Intervals are "
        f"{result.multiplier:.2f} standard errors wide on either side in place of "
        "1.96, so that looking early deceives nobody."
    )


def _control_note(result: ReadoutResult) -> str:
    contacted = result.contacted
    if not contacted.n_control:
        return ""
    share = contacted.n_control / max(result.n_control, 1)
    return (
        f"{contacted.n_control:,} customers of the control group ({share:.1%}) were "
        f"contacted all the same (customers {', '.join(contacted.control_ids)}). They "
        "count as control, so that the effect is told too small rather than too large."
    )


def _explore_note(result: ReadoutResult) -> str:
    if not result.n_explore:
        return ""
    return (
        f"{result.n_explore:,} customers belong to the part whose offers were drawn at "
        "random; the figures above are without them, and theirs stand apart."
    )
