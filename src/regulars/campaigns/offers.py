"""What each offer would bring and cost of each customer, and who may have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from regulars.campaigns.allocation import Limit
from regulars.campaigns.conditions import evaluate
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.campaigns.standing import Standing
    from regulars.config import Settings
    from regulars.config.campaign_sections import CampaignSettings, OfferSettings

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Basis = Literal["learned", "assumption", "nothing"]
# what is paid out of the order itself; cashback and points come later
OFF_THE_ORDER = frozenset({"discount", "birthday", "personal"})
VALUES = {"win_back": "value_at_risk", "protect": "value_to_protect"}
"""What an offer saves a share of, by goal."""


class Effects(NamedTuple):
    """Learned effects of some offers: expected incremental margin of the horizon."""

    offers: tuple[str, ...]
    gain: Floats
    standard_error: Floats
    # whether the verdict lets anything be spent on them
    is_spent: bool


@dataclass(frozen=True, eq=False)
class Offers:
    """The offers of a campaign, customer by customer."""

    names: tuple[str, ...]
    # expected margin added, and its 95% interval: NaN for an assumption
    gain: Floats
    low: Floats
    high: Floats
    # bound that the margin exceeds with 95%; half of it for an assumption
    cautious: Floats
    cost: Floats
    # who may have what
    allowed: Flags
    # what the gain of each offer rests on
    basis: tuple[Basis, ...]
    limits: tuple[Limit, ...]

    @property
    def is_causal(self) -> bool:
        """Whether every gain was learned from a randomised campaign."""
        return all(each != "assumption" for each in self.basis)


class Eligibility(NamedTuple):
    """Who may have what, and how many are left out for what."""

    allowed: Flags
    n_pressed: int
    # by offer: customers for whom its condition holds, and those of them who agreed
    n_eligible: Mapping[str, int]
    n_consenting: Mapping[str, int]


def refuse_offers(settings: Settings) -> None:
    """Refuse a campaign that offers nothing."""
    if not settings.campaign.offers:
        msg = (
            "The configuration has no offers (campaign.offers), so that there is "
            "nothing to be chosen. Name one, as in docs/campaigns.md."
        )
        raise ConfigError(msg)


def eligibility(standing: Standing, campaign: CampaignSettings) -> Eligibility:
    """Return who may have which offer: condition, consent, and how often contacted."""
    pressed = standing.number("recent_contacts") >= campaign.pressure.at_most
    allowed = np.zeros((len(standing), len(campaign.offers)), bool)
    n_eligible, n_consenting = {}, {}
    consents = {
        name: _held(channel.consent, standing, f"campaign.channels.{name}.consent")
        for name, channel in campaign.channels.items()
    }
    for place, (name, offer) in enumerate(campaign.offers.items()):
        fits = _held(offer.eligible, standing, f"campaign.offers.{name}.eligible")
        agreed = fits & consents[offer.channel] if offer.channel in consents else fits
        n_eligible[name], n_consenting[name] = int(fits.sum()), int(agreed.sum())
        allowed[:, place] = agreed & ~pressed
    return Eligibility(allowed, int(pressed.sum()), n_eligible, n_consenting)


def _held(condition: str | None, standing: Standing, where: str) -> Flags:
    if condition is None:
        return np.ones(len(standing), bool)
    return evaluate(condition, standing.table, where)[0]


def limits_of(campaign: CampaignSettings) -> tuple[Limit, ...]:
    """Return how many customers each offer and each channel may reach."""
    offers = campaign.offers
    channels = np.array([offer.channel for offer in offers.values()], object)
    own = [
        Limit(f"offer {name}", np.arange(len(offers)) == place, offer.at_most)
        for place, (name, offer) in enumerate(offers.items())
        if offer.at_most is not None
    ]
    shared = [
        Limit(f"channel {name}", channels == name, channel.at_most)
        for name, channel in campaign.channels.items()
        if channel.at_most is not None
    ]
    return (*own, *shared)


def costs_in_margin(standing: Standing, settings: Settings) -> Floats:
    """Return the part of the costs by which a measured margin is lower already.

    Logs hold what was paid: a discount has lowered it, and the margin by its share.
    """
    order = np.nan_to_num(standing.number("typical_order"))
    shares = [
        offer.cost.redemption_rate * offer.cost.share_of_order
        if offer.mechanic in OFF_THE_ORDER
        else 0.0
        for offer in settings.campaign.offers.values()
    ]
    shown: Floats = settings.value.margin * order[:, None] * np.array(shares)
    return shown


def costs(standing: Standing, settings: Settings) -> Floats:
    """Return the expected cost of each offer for each customer."""
    order = np.nan_to_num(standing.number("typical_order"))
    columns = [
        _cost(name, offer, order, settings.programme.point_value)
        for name, offer in settings.campaign.offers.items()
    ]
    return np.column_stack(columns)


def _cost(
    name: str, offer: OfferSettings, order: Floats, point_value: float | None
) -> Floats:
    cost = offer.cost
    if cost.points and point_value is None:
        msg = (
            f"campaign.offers.{name}.cost.points is {cost.points:g}, and what a point "
            "costs is not known. Set programme.point_value."
        )
        raise ConfigError(msg)
    points = cost.points * (point_value or 0.0)
    taken = cost.per_redemption + points + cost.share_of_order * order
    return cost.per_contact + cost.redemption_rate * taken


def offers_of(
    standing: Standing,
    settings: Settings,
    learned: Effects | None,
    allowed: Flags,
) -> Offers:
    """Return what the offers of a campaign would bring and cost.

    A learned effect goes before an assumption. An offer with neither is sent to nobody.
    """
    campaign = settings.campaign
    names = tuple(campaign.offers)
    shape = (len(standing), len(names))
    gain, low, high = np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.nan)
    cautious, usable = np.zeros(shape), allowed.copy()
    basis: list[Basis] = []
    shown = costs_in_margin(standing, settings)
    for place, (name, offer) in enumerate(campaign.offers.items()):
        if learned is not None and name in learned.offers:
            own = learned.offers.index(name)
            # before the cost, which is taken off whole
            effect = learned.gain[:, own] + shown[:, place]
            error = learned.standard_error[:, own]
            gain[:, place] = effect
            low[:, place], high[:, place] = effect - 1.96 * error, effect + 1.96 * error
            cautious[:, place] = effect - 1.645 * error
            usable[:, place] &= learned.is_spent
            basis.append("learned")
        elif offer.saves is not None:
            gain[:, place] = offer.saves * _value(standing, settings)
            cautious[:, place] = 0.5 * gain[:, place]
            basis.append("assumption")
        else:
            usable[:, place] = False
            basis.append("nothing")
    if all(each == "nothing" for each in basis):
        msg = (
            f"Nothing is known of what the offers do ({', '.join(names)}): no "
            "randomised campaign in 'contacts' has measured one, and none has an "
            "assumption. Give one (campaign.offers.NAME.saves), or run a campaign with "
            "a control group."
        )
        raise ConfigError(msg)
    spent = costs(standing, settings)
    bounds = limits_of(campaign)
    return Offers(names, gain, low, high, cautious, spent, usable, tuple(basis), bounds)


def _value(standing: Standing, settings: Settings) -> Floats:
    """Return what may be saved, by goal; nothing where a customer has none."""
    goal = settings.campaign.goal
    value = standing.number(VALUES[goal])
    if not np.isfinite(value).any():
        other = "win_back" if goal == "protect" else "protect"
        has_other = np.isfinite(standing.number(VALUES[other])).any()
        hint = f"set campaign.goal: {other}" if has_other else "name what they pay"
        msg = (
            f"campaign.goal is '{goal}', which counts in '{VALUES[goal]}', and the "
            f"scores of churn.kind '{settings.churn.kind}' have none of it: {hint}."
        )
        raise ConfigError(msg)
    return np.nan_to_num(value)
