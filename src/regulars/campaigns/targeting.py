"""Whom to offer what: the plan of a campaign, with its control group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.campaigns.allocation import Problem
from regulars.campaigns.control import in_holdout
from regulars.campaigns.drawing import Lot, drawn
from regulars.campaigns.offers import eligibility, offers_of, refuse_offers
from regulars.results.campaign_manifest import CampaignVerdict
from regulars.results.target import NOT_CAUSAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regulars.campaigns.drawing import Draw
    from regulars.campaigns.offers import Effects, Eligibility, Offers
    from regulars.campaigns.standing import Standing
    from regulars.config import Settings

    Flags = NDArray[np.bool_]

PROVEN_SHARE, TEST_SHARE = 0.1, 0.3


@dataclass(frozen=True, eq=False)
class Learned:
    """What past randomised campaigns have measured.

    Attributes
    ----------
    effects : Effects or None
        By customer of the standing; None: no such campaign.
    verdict : CampaignVerdict
    source : str
        Which campaigns, in words; empty without one.
    """

    effects: Effects | None
    verdict: CampaignVerdict
    source: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """A campaign before it is launched.

    Attributes
    ----------
    name : str
        The campaign's.
    standing : Standing
    offers : Offers
    problem : Problem
    draw : Draw
    learned : Learned
    eligible : Eligibility
    control_share, control_reason : float, str
    is_held_out : array of bool of shape (n_customers,)
        Who is contacted by no campaign of the period.
    may : array of bool of shape (n_customers, n_offers)
        Who may have what, whatever is known of it.
    """

    name: str
    standing: Standing
    offers: Offers
    problem: Problem
    draw: Draw
    learned: Learned
    eligible: Eligibility
    control_share: float
    control_reason: str
    is_held_out: Flags
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


def make_plan(
    standing: Standing, settings: Settings, learned: Learned, budget: float
) -> Plan:
    """Choose offers for customers, and draw the control group.

    Parameters
    ----------
    standing : Standing
        Where the customers stand.
    settings : Settings
        Goal, offers and limits.
    learned : Learned
        What past campaigns have measured.
    budget : float
        What may be spent; infinite where there is no limit.

    Raises
    ------
    ConfigError
        There are no offers, nothing is known of them, or a condition is none.
    """
    refuse_offers(settings)
    campaign, name = settings.campaign, campaign_name(settings, standing)
    eligible = eligibility(standing, campaign)
    held = in_holdout(
        standing.ids,
        campaign.control.holdout,
        name=settings.name,
        period=campaign.control.holdout_period,
    )
    # held out before anything else: no allocation sees them
    may = eligible.allowed & ~held[:, None]
    offers = offers_of(standing, settings, learned.effects, may)
    problem = Problem(offers.gain, offers.cost, offers.allowed, budget, offers.limits)
    share, reason = _control_share(settings, learned)
    lot = Lot(
        key=name,
        ids=standing.ids,
        names=offers.names,
        bands=_bands(standing),
        control_share=share,
        exploration=campaign.exploration_share,
    )
    return Plan(
        name,
        standing,
        offers,
        problem,
        drawn(problem, lot),
        learned,
        eligible,
        share,
        reason,
        held,
        may,
    )


def _bands(standing: Standing) -> NDArray[np.str_]:
    bands = standing.table["value_band"].to_pandas()
    found: NDArray[np.str_] = bands.fillna("all").to_numpy(str)
    return found


def _control_share(settings: Settings, learned: Learned) -> tuple[float, str]:
    """Return the share of the chosen who are control, and why it is so large."""
    stated = settings.campaign.control.share
    if stated != "auto":
        return stated, "as the configuration says (campaign.control.share)"
    if learned.verdict.kind == "proven":
        return PROVEN_SHARE, "the effect is proven: enough to go on watching it"
    return TEST_SHARE, "the effect is not proven: the campaign is a test of it"
