"""How the business's own figures are counted: who is there, who is loyal."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from regulars.config.sections import Days
from regulars.config.tables import Section, Share

Weight = Annotated[float, Field(ge=0, le=1_000)]


class LoyaltyWeights(Section):
    """Weight of each component in the loyalty index; 0 leaves it out.

    A customer without a component (who never answered a survey) has the others' weights
    shared out.
    """

    recommendation: Weight = Field(
        3.0, description="The last answer to 'would you recommend us?', 0 to 10."
    )
    referrals: Weight = Field(1.0, description="Customers brought in the last year.")
    full_price: Weight = Field(
        1.0, description="Share of orders without a discount in the last year."
    )
    forgiveness: Weight = Field(
        1.0, description="Bought again after the last bad experience."
    )
    programme: Weight = Field(
        1.0, description="Takes part in the loyalty programme, and redeems."
    )
    tenure: Weight = Field(1.0, description="Days since the first purchase.")
    breadth: Weight = Field(
        1.0, description="Categories (else products) bought in the last year."
    )

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        if not sum(self.model_dump().values()):
            msg = "all weights are 0; give at least one component a weight above 0"
            raise ValueError(msg)
        return self


class KpiSettings(Section):
    """How `regulars kpis` counts."""

    active_days: Days = Field(
        365,
        description="A customer is there at a day if they bought within so many days "
        "before it.",
    )
    second_purchase_days: Days = Field(
        90, description="Within how many days a second purchase is looked for."
    )
    after_days: Days | None = Field(
        None,
        description="Days in which customers buy again after a bad experience, or do "
        "not; null: `time.horizon_days`.",
    )
    staying_below: Share = Field(
        0.5,
        description="churn_probability below which a customer counts as staying, "
        "where there are scores.",
    )
    loyal_from: float = Field(
        50.0,
        ge=0,
        le=100,
        description="Loyalty index from which a customer counts as loyal.",
    )
    bad_csat: float = Field(
        2.0, description="Satisfaction with a ticket at or below which it was bad."
    )
    price_rise: Share = Field(
        0.05, description="Rise of a product's mean unit price that counts as one."
    )
    price_window_days: Days = Field(
        90, description="Windows between which prices and buyers are compared."
    )
    survey_sent: tuple[str, ...] = Field(
        ("survey_sent",),
        description="Values of `event_type` that say a customer was asked.",
    )
    loyalty_weights: LoyaltyWeights = Field(
        default=LoyaltyWeights(), description="What makes the loyalty index."
    )


class ProgrammeSettings(Section):
    """What the loyalty programme costs, for what it owes and returns."""

    point_value: float | None = Field(
        None,
        ge=0,
        description="What a redeemed point costs, in the currency of the amounts; "
        "null: not known, and then neither what is owed nor the return is shown.",
    )
    running_cost_annual: float | None = Field(
        None,
        ge=0,
        description="What running the programme costs in a year beside the points: "
        "staff, software, rewards; null: not known, counts as 0 and is noted.",
    )
