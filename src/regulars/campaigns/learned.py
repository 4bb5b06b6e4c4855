"""What a campaign measured, in the form that replaces an offer's assumptions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from regulars.campaigns.measured import FEWEST_IN_GROUP, saved_share
from regulars.results.readout import OfferLearned

if TYPE_CHECKING:
    from regulars.campaigns.measured import Sample
    from regulars.results.campaign_manifest import CampaignManifest, OfferTerms
    from regulars.results.readout import Estimate


def learned_offers(
    manifest: CampaignManifest, sample: Sample
) -> tuple[OfferLearned, ...]:
    """Return each offer's measured effect; nothing to paste before the horizon ends."""
    found = []
    for name, terms in manifest.offers.items():
        part = sample.take((sample.rows["offer"] == name).to_numpy())
        if part.trial.fewest >= FEWEST_IN_GROUP:
            found.append(_learned(manifest, name, terms, part))
    return tuple(found)


def _learned(
    manifest: CampaignManifest, name: str, terms: OfferTerms, part: Sample
) -> OfferLearned:
    treated, saves = part.trial.treated, saved_share(part)
    rate = _redemption_rate(part)
    is_over = part.look.is_final and saves.value is not None
    return OfferLearned(
        offer=name,
        n_offer=int(treated.sum()),
        n_control=int((~treated).sum()),
        saves=saves,
        assumed_saves=terms.saves,
        redemption_rate=rate,
        assumed_redemption_rate=terms.redemption_rate,
        yaml=snippet(manifest, name, saves, rate) if is_over else None,
    )


def _redemption_rate(part: Sample) -> float | None:
    """Return the share of those contacted who took the offer; None where untold."""
    taken = part.outcome.get("redeemed")
    sent = part.trial.treated & (part.outcome["contacted"] > 0)
    return float(taken[sent].mean()) if taken is not None and sent.any() else None


def snippet(
    manifest: CampaignManifest, name: str, saves: Estimate, rate: float | None
) -> str:
    """Return the lines of the configuration that hold what was measured."""
    assert saves.value is not None
    assert saves.low is not None
    assert saves.high is not None
    measured = (
        f"measured by {manifest.campaign}, launched {manifest.cutoff}: "
        f"{saves.low:.3f} to {saves.high:.3f}"
    )
    if saves.low <= 0 <= saves.high:
        measured += "; no effect is possible"
    # an offer that drives customers away keeps none
    lines = [
        "campaign:",
        "  offers:",
        f"    {_key(name)}:",
        f"      saves: {min(max(saves.value, 0.0), 1.0):.4f}  # {measured}",
    ]
    if rate is not None:
        lines += ["      cost:", f"        redemption_rate: {rate:.4f}  # measured"]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    """Return a name as a key of YAML: in quotes where it would not be a text."""
    return name if yaml.safe_load(name) == name else json.dumps(name)
