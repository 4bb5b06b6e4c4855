"""What an offer really cost, and how much of that the margin of the log shows already.

The amounts of the log are what was paid, so that a discount has lowered them: by all of
it where lines carry their own cost, by the margin's share of it where the margin is a
share of the amount. What the margin shows already is added back, so that gain and cost
are told apart and nothing counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.campaigns.offers import OFF_THE_ORDER

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.campaigns.campaign_folder import Campaign
    from regulars.campaigns.outcomes import Outcomes
    from regulars.results.campaign_manifest import OfferTerms

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spent:
    """Costs by customer."""

    # of contact and offer, in currency; 0 for who was not sent anything
    cost: Floats
    # the part of it by which the log's margin is lower already
    in_margin: Floats
    # whether the contacts tell who took the offer; else the rate is assumed
    is_measured: bool


def spent(
    campaign: Campaign, outcomes: Outcomes, *, margin_rate: float, has_own_margin: bool
) -> Spent:
    """Return what each customer's offer cost."""
    manifest, rows = campaign.manifest, campaign.rows

    def of(read: Callable[[OfferTerms], float]) -> Floats:
        by_name = {name: read(terms) for name, terms in manifest.offers.items()}
        return _mapped(rows["offer"], by_name)

    # who was contacted by mistake cost as much as the others
    is_sent = outcomes.contacted if outcomes.is_told else campaign.has_role("offer")
    contact = of(lambda terms: terms.per_contact)
    fixed = of(lambda terms: terms.per_redemption + terms.points * manifest.point_value)
    share = of(lambda terms: terms.share_of_order)
    off = of(lambda terms: float(terms.mechanic in OFF_THE_ORDER)) > 0
    is_measured = outcomes.has_redemptions or not (fixed + share).any()
    if is_measured:
        # of what was paid; a discount is a share of what it was before
        gross = np.where(off, share / np.clip(1 - share, 0.01, None), share)
        taken = outcomes.redeemed * fixed
        of_order = outcomes.redeemed * gross * outcomes.order_amount
    else:
        taken = fixed * of(lambda terms: terms.redemption_rate)
        expected = rows["expected_cost"].fillna(0.0).to_numpy(np.float64)
        of_order = np.clip(expected - contact - taken, 0.0, None)
    paid = outcomes.contact_cost
    contact = np.where(np.isfinite(paid), paid, contact)
    shown = off * of_order * (1.0 if has_own_margin else margin_rate)
    return Spent(
        is_sent * (contact + taken + of_order), is_sent * shown, bool(is_measured)
    )


def _mapped(names: pd.Series, by_name: dict[str, float]) -> Floats:
    return np.asarray(names.map(by_name).fillna(0.0), dtype=np.float64)
