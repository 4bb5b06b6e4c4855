"""Read a campaign out: what it brought, measured against its control group."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from regulars.campaigns.learned import learned_offers
from regulars.campaigns.looks import Look
from regulars.campaigns.measured import (
    Sample,
    group_effects,
    measured_effects,
    promise_kept,
    ranking_held,
    ratios,
    sample_ratio,
)
from regulars.campaigns.outcomes import outcomes_of
from regulars.campaigns.spent import spent
from regulars.campaigns.verdict import advice, harm, lessons, notes, verdict
from regulars.results.readout import Contacted, ReadoutResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.campaigns.campaign_folder import Campaign
    from regulars.campaigns.outcomes import Outcomes, PresentLog
    from regulars.campaigns.spent import Spent

    Flags = NDArray[np.bool_]

SHOWN = 5


def read_out(
    campaign: Campaign,
    log: PresentLog,
    *,
    fingerprint: str = "",
    versions: Mapping[str, str] | None = None,
) -> ReadoutResult:
    """Measure a campaign against its control group by the present log.

    Everybody counts in the group that they drew, whether or not they were reached
    (intention to treat).
    """
    manifest = campaign.manifest
    look = Look(log.elapsed(campaign), manifest.horizon_days, manifest.looks)
    found = outcomes_of(campaign, log)
    rate = log.settings.value.margin
    costs = spent(campaign, found, margin_rate=rate, has_own_margin=log.has_own_margin)
    whole = _sample(campaign, found, costs, look, has_orders=log.ledger is not None)
    result = _opening(campaign, whole, found, costs, look)
    result = result.model_copy(
        update={"fingerprint": fingerprint, "versions": dict(versions or {})}
    )
    if not result.sample_ratio.is_alarm and whole.trial.is_measurable:
        result = result.model_copy(update=_figures(campaign, whole))
    return _in_words(result)


def _sample(
    campaign: Campaign, found: Outcomes, costs: Spent, look: Look, *, has_orders: bool
) -> Sample:
    kept = found.is_known & ~campaign.has_role("holdout")
    gain = found.margin + costs.in_margin
    outcome = {
        "retention": found.kept,
        "orders": found.orders,
        "gain": gain,
        "margin": gain - costs.cost,
        "cost": costs.cost,
        "contacted": found.contacted.astype(np.float64),
    }
    if found.has_redemptions:
        outcome["redeemed"] = found.redeemed.astype(np.float64)
    if not has_orders:
        del outcome["orders"]
    return Sample(_within_horizon(campaign), outcome, look).take(kept)


def _within_horizon(campaign: Campaign) -> pd.DataFrame:
    """Return the customers with what was expected of them within the horizon.

    An assumption counts a year's margin: of that the share of days is taken.
    """
    manifest, rows = campaign.manifest, campaign.rows
    share = manifest.horizon_days / (manifest.gain_days or manifest.horizon_days)
    promised = ("expected_gain", "expected_gain_low", "expected_gain_high")
    return rows.assign(**{name: rows[name] * min(share, 1.0) for name in promised})


def _figures(campaign: Campaign, whole: Sample) -> dict[str, object]:
    """Return all figures that rest on both groups."""
    best = whole.take((whole.rows["part"] != "explore").to_numpy())
    if not best.trial.is_measurable:
        best = whole
    roi, cost_per_kept = ratios(best)
    return {
        "effects": measured_effects(best),
        "roi": roi,
        "cost_per_kept": cost_per_kept,
        "promise": promise_kept(best),
        "ranking": ranking_held(best),
        "groups": group_effects(whole, best),
        "learned": learned_offers(campaign.manifest, whole),
    }


def _opening(
    campaign: Campaign, whole: Sample, found: Outcomes, costs: Spent, look: Look
) -> ReadoutResult:
    """Return the result without what rests on both groups."""
    manifest, rows = campaign.manifest, whole.rows
    is_in_part = rows["part"] == "explore"
    ratio = sample_ratio(rows)
    return ReadoutResult(
        name=manifest.name,
        kind=manifest.kind,
        campaign=manifest.campaign,
        goal=manifest.goal,
        currency=manifest.currency,
        launch=manifest.cutoff,
        until=manifest.cutoff + timedelta(days=look.elapsed_days),
        horizon_days=manifest.horizon_days,
        promised_days=manifest.gain_days or manifest.horizon_days,
        elapsed_days=look.elapsed_days,
        is_final=look.is_final,
        look=look.number,
        looks=look.planned,
        next_look=manifest.cutoff + timedelta(days=look.next_day),
        multiplier=look.multiplier,
        offers={n: f"{o.mechanic} by {o.channel}" for n, o in manifest.offers.items()},
        n_offer=ratio.n_offer,
        n_control=ratio.n_control,
        n_holdout=int(campaign.has_role("holdout").sum()),
        n_explore=int(is_in_part.sum()),
        n_gone=int((~found.is_known).sum()),
        is_cost_measured=costs.is_measured,
        sample_ratio=ratio,
        contacted=_contacted(campaign, found),
    )


def _contacted(campaign: Campaign, found: Outcomes) -> Contacted:
    def of(role: str) -> Flags:
        return np.asarray(found.contacted & campaign.has_role(role))

    control, offer = of("control"), of("offer")
    return Contacted(
        is_known=found.is_told,
        has_control=found.has_control,
        n_offer=int(offer.sum()),
        n_control=int(control.sum()),
        n_holdout=int(of("holdout").sum()),
        control_ids=tuple(campaign.rows["customer_id"][control][:SHOWN]),
        n_redeemed=int((found.redeemed & offer).sum())
        if found.has_redemptions
        else None,
    )


def _in_words(result: ReadoutResult) -> ReadoutResult:
    """Add what the figures say."""
    result = result.model_copy(update={"harm": harm(result)})
    result = result.model_copy(update={"verdict": verdict(result)})
    return result.model_copy(
        update={
            "lessons": lessons(result),
            "next_steps": advice(result),
            "notes": notes(result),
        }
    )
