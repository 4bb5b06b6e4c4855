"""The folder of a campaign: what was decided at its launch, and whom it was about.

``manifest.json`` is `CampaignManifest`; ``campaign.parquet`` has the columns of
`CAMPAIGN_COLUMNS`, one row a customer who was chosen or held out. `regulars target`
writes both, `regulars readout` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar, Literal

from regulars.results.base import Part, Result

CAMPAIGN_FILE = "campaign.parquet"

Role = Literal["offer", "control", "holdout"]
ROLES: tuple[Role, ...] = ("offer", "control", "holdout")
PARTS = ("best", "explore")

Kind = Literal["id", "text", "texts", "number"]

CAMPAIGN_COLUMNS: Mapping[str, Kind] = {
    "customer_id": "id",  # of the type that the scores have
    "role": "text",
    "part": "text",  # null for the holdout
    "offer": "text",  # of the control group: what they would have been sent
    "channel": "text",
    "stratum": "text",
    "p_offer": "number",  # 1 - control share of the stratum
    "draw": "number",
    "expected_gain": "number",  # margin before the offer's cost
    "expected_gain_low": "number",
    "expected_gain_high": "number",
    "expected_cost": "number",
    "churn_probability": "number",  # this and all that follow: as of the launch
    "risk_band": "text",
    "segment": "text",
    "clv_if_kept": "number",
    "clv_if_silent": "number",
    "value_at_risk": "number",
    "value_to_protect": "number",
    "expected_spend": "number",
    "risk_reasons": "texts",
}
"""Columns of ``campaign.parquet`` in order; null where a kind of churn has no such."""


class OfferTerms(Part):
    """An offer as it was configured: the content of ``campaign.offers`` of a name."""

    mechanic: str
    channel: str
    per_contact: float
    per_redemption: float
    share_of_order: float
    points: float
    redemption_rate: float
    eligible: str | None = None
    at_most: int | None = None
    saves: float | None = None


class CampaignVerdict(Part):
    """How far the effects that the campaign was chosen by are known."""

    kind: Literal["proven", "promising", "none", "assumed"]
    sentence: str


class CampaignManifest(Result):
    """What a campaign was, as of its launch.

    Examples
    --------
    >>> CampaignManifest.file
    'manifest.json'
    """

    file: ClassVar[str] = "manifest.json"
    command: ClassVar[str] = "regulars target"

    # `name` is the configuration's; this one is that of `contacts.campaign_id`
    campaign: str
    goal: Literal["win_back", "protect"]
    cutoff: date  # the day of the launch
    horizon_days: int
    # days that the expected gains count; None: those of the horizon
    gain_days: int | None = None
    looks: int
    offers: Mapping[str, OfferTerms]
    budget: float | None
    currency: str | None
    margin_rate: float  # margin on a unit of spend, 0 to 1
    control_share: float
    holdout_share: float
    holdout_period: str
    # draws below it are control, by stratum: customers who come later go by it
    thresholds: Mapping[str, float]
    is_causal: bool  # effects learned from a randomised campaign
    verdict: CampaignVerdict
    point_value: float = 0.0  # cost of a point, in the currency of the amounts
    model_version: str
    run_id: str | None
    fingerprint: str
    sha256: str  # of campaign.parquet
    created_at: datetime
    versions: Mapping[str, str]
