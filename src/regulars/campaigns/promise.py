"""What a campaign costs and promises, beside simple rules and other budgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.campaigns.allocation import NOBODY, allocate, profit_curve
from regulars.campaigns.launch_design import design_of
from regulars.campaigns.rivals import LABELS, Outcome, outcome, rivals
from regulars.campaigns.targeting import gain_days, horizon_of
from regulars.results.target import (
    NOT_CAUSAL,
    BudgetPoint,
    CautiousPlan,
    LimitPrice,
    OfferPlan,
    Rival,
    TargetResult,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.campaigns.allocation import Allocation, Problem
    from regulars.campaigns.offers import Offers
    from regulars.campaigns.targeting import Plan
    from regulars.config import Settings
    from regulars.results.measures import Bounds

# budgets of the curve, as shares of the one that is asked for
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


def promise_of(plan: Plan, settings: Settings) -> TargetResult:
    """Return what a plan costs and promises, beside simple rules and other budgets."""
    campaign, standing, offers = settings.campaign, plan.standing, plan.offers
    problem = plan.problem
    best = allocate(problem)
    sent = np.where(plan.draw.is_sent, plan.draw.choice, NOBODY)
    own, bounds = outcome(problem, sent), _bounds(offers, sent)
    horizon = horizon_of(settings)
    known = offers.allowed.any(axis=1)
    harmed = known & (np.where(offers.allowed, offers.gain, -np.inf) < 0).all(axis=1)
    pays = np.isfinite(problem.net).any(axis=1)
    return TargetResult(
        name=settings.name,
        kind=settings.churn.kind,
        campaign=plan.name,
        goal=campaign.goal,
        cutoff=standing.cutoff,
        horizon_days=horizon,
        gain_days=gain_days(offers, settings),
        currency=settings.source.currency,
        model_version=standing.model_version,
        budget=_finite(problem.budget),
        heading=plan.learned.source if offers.is_causal else NOT_CAUSAL,
        is_causal=offers.is_causal,
        verdict=plan.learned.verdict,
        notes=_notes(plan, settings),
        n_scored=len(standing),
        n_holdout=int(plan.is_held_out.sum()),
        n_pressed=plan.eligible.n_pressed,
        n_harmed=int(harmed.sum()),
        n_not_paying=int((known & ~harmed & ~pays).sum()),
        n_chosen=int((plan.draw.choice >= 0).sum()),
        n_sent=own.n_contacts,
        n_control=int(plan.draw.is_control.sum()),
        cost=own.cost,
        gain=own.gain,
        gain_bounds=bounds,
        profit=own.profit,
        break_even=own.cost / own.gain if own.gain > 0 else None,
        gap=best.gap,
        price_of_budget=best.price_of_budget,
        limits=tuple(
            LimitPrice(
                name=each.name, at_most=each.at_most, price=best.prices[each.name]
            )
            for each in problem.limits
        ),
        offers=_offer_plans(plan, settings),
        rivals=_rivals(plan, best),
        curve=_curve(problem, best),
        cautious=_cautious(plan),
        control_share=plan.control_share,
        control_reason=plan.control_reason,
        strata=len(plan.draw.control.thresholds),
        design=design_of(
            plan.chosen,
            int(plan.draw.is_control.sum()),
            launch=standing.cutoff,
            horizon_days=horizon,
            looks=campaign.looks,
        ),
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _bounds(offers: Offers, choice: NDArray[np.int64]) -> Bounds:
    """Return an interval of the gain of all, as if all errors went one way."""
    rows = np.flatnonzero(choice >= 0)
    at = choice[rows]
    low, high = (ends[rows, at].sum() for ends in (offers.low, offers.high))
    return (_finite(low), _finite(high)) if len(rows) else (None, None)


def _offer_plans(plan: Plan, settings: Settings) -> tuple[OfferPlan, ...]:
    offers, draw, eligible = plan.offers, plan.draw, plan.eligible
    found = []
    for place, (name, offer) in enumerate(settings.campaign.offers.items()):
        chosen = draw.choice == place
        rows = np.flatnonzero(chosen & ~draw.is_control)
        only = np.where(chosen & ~draw.is_control, place, NOBODY)
        known = np.flatnonzero(plan.may[:, place])
        is_known = len(known) > 0 and offers.basis[place] != "nothing"
        found.append(
            OfferPlan(
                name=name,
                mechanic=offer.mechanic,
                channel=offer.channel,
                basis=offers.basis[place],
                saves=offer.saves if offers.basis[place] == "assumption" else None,
                n_eligible=eligible.n_eligible[name],
                n_consenting=eligible.n_consenting[name],
                n_allowed=len(known),
                mean_gain=float(offers.gain[known, place].mean()) if is_known else None,
                mean_cost=float(offers.cost[known, place].mean()) if is_known else None,
                n_sent=len(rows),
                n_exploring=int(draw.explores[rows].sum()),
                n_control=int((chosen & draw.is_control).sum()),
                gain=float(offers.gain[rows, place].sum()),
                gain_bounds=_bounds(offers, only),
                cost=float(offers.cost[rows, place].sum()),
            )
        )
    return tuple(found)


def _rivals(plan: Plan, best: Allocation) -> tuple[Rival, ...]:
    standing = plan.standing
    orders = {
        "highest_risk": standing.number("churn_probability"),
        "value_at_risk": standing.number("value_at_risk"),
        "value_if_kept": standing.number("clv_if_kept"),
    }
    labels = {"plan": "This plan, nobody kept as control", **LABELS}
    found = {
        "plan": Outcome(int((best.choice >= 0).sum()), best.cost, best.gain),
        **rivals(plan.problem, standing.ids, plan.name, orders),
    }
    return tuple(
        Rival(
            name=name,
            label=labels[name],
            n_contacts=each.n_contacts,
            cost=each.cost,
            gain=each.gain,
            profit=each.profit,
        )
        for name, each in found.items()
    )


def _curve(problem: Problem, best: Allocation) -> tuple[BudgetPoint, ...]:
    """Return the best plans of shares of the budget, or of what all would cost."""
    whole = problem.budget if np.isfinite(problem.budget) else best.cost
    if whole <= 0:
        return ()
    budgets = [share * whole for share in SHARES]
    return tuple(
        BudgetPoint(
            budget=budget,
            n_contacts=int((each.choice >= 0).sum()),
            cost=each.cost,
            profit=each.profit,
            next_unit=each.price_of_budget,
        )
        for budget, each in zip(budgets, profit_curve(problem, budgets), strict=True)
    )


def _cautious(plan: Plan) -> CautiousPlan:
    """Return the plan that is best by the low ends of the expected gains."""
    low = replace(plan.problem, gain=plan.offers.cautious)
    found = allocate(low)
    expected = outcome(plan.problem, found.choice)
    half = "half of what the assumption says"
    bound = "the bound that an effect exceeds with 95%"
    bases = {
        "learned": bound,
        "assumption": half,
        "nothing": "",
    }
    told = dict.fromkeys(bases[each] for each in plan.offers.basis if bases[each])
    return CautiousPlan(
        basis=", or ".join(told),
        n_contacts=expected.n_contacts,
        cost=expected.cost,
        profit=expected.profit,
        low_profit=found.profit,
    )


def _without_address(plan: Plan, settings: Settings) -> int:
    """Return how many are sent an offer whom the file cannot name an address of."""
    address = settings.campaign.export.address
    if address is None:
        return 0
    draw = plan.draw
    sent = np.flatnonzero((draw.choice >= 0) & ~draw.is_control)
    held = plan.standing.attributes[address].iloc[sent]
    return int((held.isna() | (held.astype(str).str.strip() == "")).sum())


def _notes(plan: Plan, settings: Settings) -> tuple[str, ...]:
    notes, offers = [*plan.learned.notes], plan.offers
    unknown = [
        name
        for name, basis in zip(offers.names, offers.basis, strict=True)
        if basis == "nothing"
    ]
    if unknown:
        notes.append(
            f"Nobody is sent {', '.join(unknown)}: nothing is known of what it does. "
            "Give an assumption (campaign.offers.NAME.saves), or measure it."
        )
    days, horizon = gain_days(offers, settings), horizon_of(settings)
    if days > horizon:
        notes.append(
            f"The expected margin counts {days} days, and the result {horizon}: the "
            "readout will hold it against that share of what is promised."
        )
    if not np.isfinite(plan.problem.net).any():
        notes.append(
            "Nobody is chosen: no offer is expected to bring more than it costs to "
            "anybody who may have it."
        )
    # some discount may be taken with an order that nobody can size
    unsized = ~np.isfinite(plan.standing.number("typical_order"))
    shares = [
        n for n, offer in settings.campaign.offers.items() if offer.cost.share_of_order
    ]
    if unsized.any() and shares:
        notes.append(
            f"{unsized.sum():,} customers have no order to size a discount by "
            f"({', '.join(shares)}): its share of the order counts as 0 for them."
        )
    if without := _without_address(plan, settings):
        notes.append(
            f"{without:,} of those who are sent an offer have no "
            f"{settings.campaign.export.address}: it is empty in the file for the "
            "e-mail tool, and they are counted as sent."
        )
    silent = [
        name
        for name, offer in settings.campaign.offers.items()
        if (channel := settings.campaign.channels.get(offer.channel)) is None
        or channel.consent is None
    ]
    if silent:
        notes.append(
            f"No consent is asked for of those who are sent {', '.join(silent)}: name "
            "the attribute that holds it (campaign.channels.NAME.consent)."
        )
    return tuple(notes)
