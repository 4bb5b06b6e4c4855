"""What a campaign brought: the content of ``readout.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal

from regulars.results.base import Part, Result

VerdictKind = Literal["refused", "no_control", "early", "pays", "keeps", "harm", "open"]


class Estimate(Part):
    """A figure with its interval; without ends it is not determined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class MeasuredEffect(Part):
    """What the offer changed, a customer, by four estimates of the same thing."""

    name: Literal["retention", "orders", "gain", "margin"]
    meaning: str
    offer_mean: float
    control_mean: float
    adjusted: Estimate  # the headline: regression with interactions (Lin 2013)
    stratified: Estimate
    cuped: Estimate
    plain: Estimate
    smallest: float  # effect that was seen in 80 of 100 such campaigns


class GroupEffect(Part):
    """The effect among some of the customers."""

    by: Literal["part", "offer", "segment", "risk_band", "predicted"]
    name: str
    n_offer: int
    n_control: int
    retention: Estimate
    margin: Estimate  # less the offer's cost
    promised: float | None  # a customer, less the cost
    is_harm: bool = False  # surely below nought, all groups of the kind considered


class SampleRatio(Part):
    """Whether both groups are as large as they were drawn."""

    n_offer: int
    n_control: int
    expected_control: float
    p_value: float
    is_alarm: bool


class Contacted(Part):
    """Who was contacted, by the table of contacts."""

    is_known: bool  # whether the table names the campaign at all
    has_control: bool  # whether it lists the control group, as held out
    n_offer: int
    n_control: int
    n_holdout: int
    control_ids: tuple[str, ...] = ()  # some of them
    n_redeemed: int | None = None


class RankingHeld(Part):
    """Whether the effect was larger where more of it had been expected."""

    slope: Estimate  # 1: as predicted, 0: no difference
    p_value: float  # one-sided, of a slope over the ranks of the prediction
    verdict: Literal["held", "open", "reversed"]


class PromiseKept(Part):
    """All customers who were sent an offer: what was expected, and what came."""

    n_offer: int
    expected_gain: float
    expected_gain_low: float | None
    expected_gain_high: float | None
    expected_cost: float
    gain: Estimate
    cost: float
    margin: Estimate  # gain less cost


class OfferLearned(Part):
    """What replaces the assumption of an offer in the configuration."""

    offer: str
    n_offer: int
    n_control: int
    saves: Estimate
    assumed_saves: float | None
    redemption_rate: float | None
    assumed_redemption_rate: float
    yaml: str | None  # to paste; None: nothing was measured


class ReadoutVerdict(Part):
    """The answer in words."""

    kind: VerdictKind
    sentence: str


class ReadoutResult(Result):
    """What a campaign brought, measured against its control group.

    Examples
    --------
    >>> ReadoutResult.file
    'readout.json'
    """

    file: ClassVar[str] = "readout.json"
    command: ClassVar[str] = "regulars readout"

    campaign: str
    goal: Literal["win_back", "protect"]
    currency: str | None
    launch: date
    until: date  # the day after the last that counts
    horizon_days: int
    promised_days: int  # that the plan's expected gains counted
    elapsed_days: int
    is_final: bool
    look: int
    looks: int
    next_look: date
    multiplier: float  # standard errors on either side of an estimate
    offers: Mapping[str, str]  # name: mechanic and channel
    n_offer: int
    n_control: int
    n_holdout: int
    n_explore: int
    n_gone: int
    is_cost_measured: bool
    sample_ratio: SampleRatio
    contacted: Contacted
    # what rests on both groups: empty where they cannot be compared
    effects: tuple[MeasuredEffect, ...] = ()
    roi: Estimate | None = None  # margin after cost, on cost
    cost_per_kept: Estimate | None = None
    promise: PromiseKept | None = None
    ranking: RankingHeld | None = None
    groups: tuple[GroupEffect, ...] = ()
    learned: tuple[OfferLearned, ...] = ()
    # the same in words
    verdict: ReadoutVerdict = ReadoutVerdict(kind="early", sentence="")
    harm: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""
    versions: Mapping[str, str] = {}
