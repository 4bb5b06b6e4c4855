"""Offers, limits and control groups: what `regulars target` and `readout` follow.

A condition is a test in DuckDB's SQL over the columns of `docs/campaigns.md`: scores,
their change, attributes, tickets, points and contacts of a customer.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from regulars.config.tables import Section, Share

Amount = Annotated[float, Field(ge=0, le=1e12)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
# as `offer_id` of past contacts has it: people write "20 percent" and "Prämie"
OfferName = Annotated[str, Field(pattern=r"^\w[\w .%+&-]{0,63}$")]
Condition = Annotated[str, Field(min_length=1, max_length=2_000)]
Mechanic = Literal[
    "discount",
    "birthday",
    "personal",
    "points",
    "cashback",
    "tier",
    "early_access",
    "badge",
    "challenge",
    "recovery",
    "call",
    "referral",
    "gift",
]


class OfferCost(Section):
    """What an offer costs, in the currency of the amounts."""

    per_contact: Amount = Field(
        0.0, description="Cost of each contact, whether or not the offer is taken."
    )
    per_redemption: Amount = Field(
        0.0, description="Cost of each offer that is taken: a gift, a courier."
    )
    share_of_order: Share = Field(
        0.0,
        description="Share of the order that it is taken with: a discount, cashback. "
        "Worked out on the customer's typical order.",
    )
    points: Amount = Field(
        0.0,
        description="Points credited when it is taken, at `programme.point_value`.",
    )
    redemption_rate: Share = Field(
        0.1,
        description="Share of the customers contacted who take it, those who would "
        "have bought anyway among them; an assumption until a campaign has measured "
        "it.",
    )


class OfferSettings(Section):
    """An offer: what it is, what it costs, and who may have it."""

    mechanic: Mechanic = Field(description="What is offered.")
    channel: Name = Field("email", description="How it is offered.")
    cost: OfferCost = Field(default=OfferCost(), description="What it costs.")
    eligible: Condition | None = Field(
        None, description="Condition on the customers who may have it; null: all."
    )
    at_most: Count | None = Field(
        None, description="How many customers may have it; null: no limit."
    )
    saves: Share | None = Field(
        None,
        description="An assumption: of the customers who would go silent (goal "
        "`protect`: leave for good), the share whom it keeps. Used where no randomised "
        "campaign in `contacts` has measured the offer, and told wherever it is used. "
        "null: without a measurement nobody is sent the offer.",
    )


class ChannelSettings(Section):
    """A way to reach customers."""

    at_most: Count | None = Field(
        None, description="How many customers it reaches in a campaign; null: no limit."
    )
    consent: Condition | None = Field(
        None,
        description="Condition on the customers who agreed to be reached by it, such "
        "as an attribute of `customers`; null: all.",
    )


class PressureSettings(Section):
    """How often a customer may be contacted, over all campaigns."""

    at_most: Count = Field(2, description="Contacts at most, within `days`.")
    days: Annotated[int, Field(ge=1, le=3_660)] = Field(
        30, description="Days in which contacts are counted."
    )


class ControlSettings(Section):
    """Who is kept without an offer, so that its effect can be measured."""

    share: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = Field(
        "auto",
        description="Share of the chosen customers who are kept as control group; "
        "auto: 10%, more where that could not see the effect that is promised, and 30% "
        "where the effect is not proven.",
    )
    holdout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="Share of all customers whom no campaign of `holdout_period` "
        "contacts: measures all campaigns together.",
    )
    holdout_period: Name = Field(
        "all", description="Name of the period; another one draws anew."
    )


class ExportSettings(Section):
    """The file that an e-mail tool imports."""

    address: str | None = Field(
        None,
        description="Attribute of `customers` with the e-mail address; null: the file "
        "has the customers' ids alone.",
    )
    merge_fields: tuple[str, ...] = Field(
        (), description="Attributes of `customers` that the file takes along."
    )


class CampaignSettings(Section):
    """A campaign: its goal, its offers and its limits."""

    name: Name | None = Field(
        None,
        description="Name of the campaign; the draw of its control group hangs on it. "
        "null: the configuration's name and the cutoff.",
    )
    goal: Literal["win_back", "protect"] = Field(
        "win_back",
        description="`win_back` those who go silent (`value_at_risk`), or `protect` "
        "those who would leave for good (`value_to_protect`).",
    )
    budget: Amount | None = Field(
        None, description="What it may cost at most; null: no limit."
    )
    offers: dict[OfferName, OfferSettings] = Field(
        default={}, description="The catalogue of offers, by name."
    )
    channels: dict[Name, ChannelSettings] = Field(
        default={}, description="Limits of channels, by name."
    )
    pressure: PressureSettings = Field(
        default=PressureSettings(), description="How often customers are contacted."
    )
    control: ControlSettings = Field(
        default=ControlSettings(), description="Who is kept without an offer."
    )
    exploration_share: Share = Field(
        0.05,
        description="Share of the budget whose offers are drawn at random, so that the "
        "next campaign learns of all offers.",
    )
    learn_from: Literal["auto"] | tuple[str, ...] = Field(
        "auto",
        description="Past campaigns in `contacts` to learn the effect of offers from; "
        "auto: all whose control group was drawn at random, by its own checks.",
    )
    horizon_days: Annotated[int, Field(ge=1, le=3_660)] | None = Field(
        None,
        description="Days after the launch in which the margin counts; null: "
        "`time.horizon_days`.",
    )
    looks: Annotated[int, Field(ge=1, le=52)] = Field(
        1,
        description="How often the result is looked at before it is final; intervals "
        "are widened so that they hold at every look.",
    )
    export: ExportSettings = Field(
        default=ExportSettings(), description="The file for an e-mail tool."
    )

    @model_validator(mode="after")
    def _channels_are_used(self) -> Self:
        used = {offer.channel for offer in self.offers.values()}
        if self.offers and (unknown := self.channels.keys() - used):
            name = min(unknown)
            msg = (
                f"no offer uses the channel '{name}'; name it in an offer's 'channel', "
                f"or take it out (offers use {', '.join(sorted(used))})"
            )
            raise ValueError(msg)
        return self


class RuleSettings(Section):
    """Customers who come on a list when a condition holds for them."""

    when: Condition = Field(description="Condition on the customers who are listed.")
    action: str = Field(
        "", description="What is to be done: a sentence for those who work the list."
    )
    within_days: Annotated[int, Field(ge=0, le=366)] | None = Field(
        None, description="Days in which it is to be done; null: no time is named."
    )
    cool_down_days: Annotated[int, Field(ge=0, le=3_660)] = Field(
        30, description="Days after which a customer can be listed again."
    )
    at_most: Count | None = Field(
        None, description="Customers at most in one run, the most valuable first."
    )
    start: date | None = Field(None, description="First cutoff at which it works.")
