"""What a campaign proposes and promises: the content of ``target.json``."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from regulars.results.base import Part, Result
from regulars.results.campaign_manifest import CampaignVerdict
from regulars.results.measures import Bounds

NOT_CAUSAL = "not causal: an assumption"
"""What stands wherever a gain is told that no randomised campaign has measured."""


class OfferPlan(Part):
    """One offer: who may have it, who gets it, what it costs and brings."""

    name: str
    mechanic: str
    channel: str
    basis: Literal["learned", "assumption", "nothing"]
    saves: float | None  # the assumption, where the basis is one
    n_eligible: int  # by its condition
    n_consenting: int  # of them, those who agreed to the channel
    n_allowed: int  # of them, those not held out nor contacted too often
    mean_gain: float | None  # of those who may have it
    mean_cost: float | None
    n_sent: int
    n_exploring: int  # of them, those whose offer was drawn at random
    n_control: int
    gain: float  # of those sent
    gain_bounds: Bounds
    cost: float


class Rival(Part):
    """What a rule would choose with the same budget, by the same expected gains."""

    name: str
    label: str
    n_contacts: int
    cost: float
    gain: float
    profit: float


class BudgetPoint(Part):
    """The best plan of a budget, before the control group."""

    budget: float
    n_contacts: int
    cost: float
    profit: float
    next_unit: float  # what one more unit of budget would add to the profit


class CautiousPlan(Part):
    """The plan that is best if effects are as low as they may well be."""

    basis: str
    n_contacts: int
    cost: float
    profit: float  # by the expected gains
    low_profit: float  # by the low ones


class LimitPrice(Part):
    """A limit, and what one more customer would add to the profit."""

    name: str
    at_most: float
    price: float


class CampaignDesign(Part):
    """What the control group lets see, four times in five, and when."""

    known_on: date  # the day after the last that counts
    looks: int
    kept_rate: float  # expected without an offer
    smallest_kept: float  # difference of shares
    promised_gain: float  # margin a customer who is sent an offer
    gain_spread: float | None  # standard deviation of a customer's margin
    smallest_gain: float | None  # difference of margin a customer
    # customers chosen, with this share of control, that would see what is promised
    needed: int | None


class TargetResult(Result):
    """A campaign's plan.

    Examples
    --------
    >>> TargetResult.file
    'target.json'
    """

    file: ClassVar[str] = "target.json"
    command: ClassVar[str] = "regulars target"

    campaign: str
    goal: Literal["win_back", "protect"]
    cutoff: date
    horizon_days: int
    gain_days: int  # days whose margin the expected gains count
    currency: str | None
    model_version: str
    budget: float | None
    heading: str  # "not causal: an assumption", or what the gains were learned from
    is_causal: bool
    verdict: CampaignVerdict
    notes: tuple[str, ...] = ()
    n_scored: int
    n_holdout: int
    n_pressed: int  # contacted too often of late
    n_harmed: int  # whom every offer they may have would cost margin
    n_not_paying: int  # whom some offer would help, but none by more than it costs
    n_chosen: int
    n_sent: int
    n_control: int
    cost: float
    gain: float
    gain_bounds: Bounds
    profit: float
    # share of the expected gains at which the campaign pays for itself
    break_even: float | None
    gap: float  # share of the best plan's profit that is at most missing
    price_of_budget: float
    limits: tuple[LimitPrice, ...]
    offers: tuple[OfferPlan, ...]
    rivals: tuple[Rival, ...]  # the plan first
    curve: tuple[BudgetPoint, ...]
    cautious: CautiousPlan
    control_share: float
    control_reason: str
    strata: int
    design: CampaignDesign | None  # None: there is no control group, or nobody is sent
