"""Whom to offer what: the plan of a campaign, with its control group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.campaigns.allocation import Problem
from regulars.campaigns.control import in_holdout
from regulars.campaigns.drawing import Lot, drawn
from regulars.campaigns.launch_design import Chosen, enough_share
from regulars.campaigns.offers import offers_of
from regulars.results.campaign_manifest import CampaignVerdict
from regulars.results.target import NOT_CAUSAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.campaigns.drawing import Draw
    from regulars.campaigns.offers import Effects, Eligibility, Offers
    from regulars.campaigns.standing import Standing
    from regulars.config import Settings

    Flags = NDArray[np.bool_]

PROVEN_SHARE, TEST_SHARE = 0.1, 0.3


@dataclass(frozen=True, eq=False)
class Learned:
    """What past randomised campaigns have measured."""

    # by customer of the standing; None: no such campaign
    effects: Effects | None
    verdict: CampaignVerdict
    # which campaigns, in words; empty without one
    source: str = ""
    # what a reader has to know of them
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """A campaign before it is launched."""

    name: str
    standing: Standing
    offers: Offers
    problem: Problem
    draw: Draw
    chosen: Chosen
    learned: Learned
    eligible: Eligibility
    control_share: float
    control_reason: str
    # who is contacted by no campaign of the period
    is_held_out: Flags
    # who may have what, whatever is known of it
    may: Flags


def campaign_name(settings: Settings, standing: Standing) -> str:
    """Return the campaign's name: the stated one, or configuration and cutoff."""
    return settings.campaign.name or f"{settings.name}-{standing.cutoff}"


def nothing_learned() -> Learned:
    """Return what is known without a randomised campaign."""
    sentence = (
        f"Effects are {NOT_CAUSAL}. No randomised campaign has measured them, so the "
        "campaign is sent as a test: its control group will measure them."
    )
    return Learned(None, CampaignVerdict(kind="assumed", sentence=sentence))


def _with_assumptions(learned: Learned, offers: Offers) -> Learned:
    """Return what was learned with a verdict on all offers: some may be assumptions."""
    if learned.effects is None or offers.is_causal:
        return learned
    named = {
        kind: ", ".join(
            name
            for name, basis in zip(offers.names, offers.basis, strict=True)
            if basis == kind
        )
        for kind in ("learned", "assumption")
    }
    sentence = (
        f"Of {named['learned']}: {learned.verdict.sentence} "
        f"Of {named['assumption']} nothing is measured: effects are {NOT_CAUSAL}, sent "
        "as a test."
    )
    return replace(learned, verdict=CampaignVerdict(kind="assumed", sentence=sentence))


def make_plan(
    standing: Standing,
    settings: Settings,
    eligible: Eligibility,
    learned: Learned,
    budget: float,
) -> Plan:
    """Choose offers for customers, and draw the control group."""
    campaign, name = settings.campaign, campaign_name(settings, standing)
    held = in_holdout(
        standing.ids,
        campaign.control.holdout,
        name=settings.name,
        period=campaign.control.holdout_period,
    )
    # held out before anything else: no allocation sees them
    may = eligible.allowed & ~held[:, None]
    offers = offers_of(standing, settings, learned.effects, may)
    learned = _with_assumptions(learned, offers)
    problem = Problem(offers.gain, offers.cost, offers.allowed, budget, offers.limits)
    lot = Lot(
        key=name,
        ids=standing.ids,
        names=offers.names,
        bands=_bands(standing),
        control_share=_base_share(settings, learned),
        exploration=campaign.exploration_share,
    )
    found = drawn(problem, lot)
    chosen = _chosen(standing, offers, found, settings)
    reason = _reason(settings, learned)
    if campaign.control.share == "auto":
        share = enough_share(chosen, campaign.looks, lot.control_share)
        if share > lot.control_share:
            lot = replace(lot, control_share=share)
            found = drawn(problem, lot)
            chosen = _chosen(standing, offers, found, settings)
            reason = "so that the expected effect can be seen"
    return Plan(
        name,
        standing,
        offers,
        problem,
        found,
        chosen,
        learned,
        eligible,
        lot.control_share,
        reason,
        held,
        may,
    )


def gain_days(offers: Offers, settings: Settings) -> int:
    """Return the days whose margin the expected gains count."""
    if "assumption" in offers.basis:
        return settings.value.clv_horizon_days
    return horizon_of(settings)


def horizon_of(settings: Settings) -> int:
    """Return the days after the launch that count."""
    return settings.campaign.horizon_days or settings.time.horizon_days


def _chosen(
    standing: Standing, offers: Offers, found: Draw, settings: Settings
) -> Chosen:
    """Return what those chosen are like, within the days that count."""
    rows, horizon = np.flatnonzero(found.choice >= 0), horizon_of(settings)
    spend = standing.number("recent_spend")[rows] / settings.time.horizon_days
    # an assumption counts more days than the result: of it their share, spread evenly
    of_assumption = min(1.0, horizon / settings.value.clv_horizon_days)
    part = [of_assumption if each == "assumption" else 1.0 for each in offers.basis]
    choice = found.choice[rows]
    return Chosen.of(
        standing.number("churn_probability")[rows],
        spend * horizon * settings.value.margin,
        offers.gain[rows, choice] * np.array(part)[choice],
    )


def _bands(standing: Standing) -> NDArray[np.str_]:
    bands = standing.table["value_band"].to_pandas()
    found: NDArray[np.str_] = bands.fillna("all").to_numpy(str)
    return found


def _base_share(settings: Settings, learned: Learned) -> float:
    stated = settings.campaign.control.share
    if stated != "auto":
        return stated
    return PROVEN_SHARE if learned.verdict.kind == "proven" else TEST_SHARE


def _reason(settings: Settings, learned: Learned) -> str:
    """Say why the control group is as large as it is."""
    if settings.campaign.control.share != "auto":
        return "as the configuration says (campaign.control.share)"
    if learned.verdict.kind == "proven":
        return "enough to go on watching an effect that is proven"
    return "because the effect is not proven and the campaign is a test of it"
