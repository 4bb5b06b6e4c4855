"""The folder of a campaign: who gets what, who is control, and what was decided."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from regulars.campaigns.control import draw as control_draw
from regulars.data.queries import count_rows
from regulars.errors import ConfigError, suggestion
from regulars.results import read_result
from regulars.results.campaign_manifest import (
    CAMPAIGN_COLUMNS,
    CAMPAIGN_FILE,
    CampaignManifest,
    OfferTerms,
)
from regulars.results.files import write_result
from regulars.results.target import NOT_CAUSAL
from regulars.results.writing import make_folder, replacing
from regulars.scoring.manifest import checksum_of
from regulars.scoring.sinks.files import write_csv_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from regulars.campaigns.standing import Standing
    from regulars.campaigns.targeting import Plan
    from regulars.config import Settings
    from regulars.config.campaign_sections import ExportSettings
    from regulars.results.target import TargetResult

BASIS = b"regulars.basis"
PROMISED = ("expected_gain", "expected_gain_low", "expected_gain_high")
FOR_PEOPLE = (
    "customer_id",
    "offer",
    "channel",
    "risk_band",
    "segment",
    "churn_probability",
    "clv_if_kept",
    "value_at_risk",
    *PROMISED,
    "expected_cost",
    "risk_reasons",
)
FOR_MAIL = ("customer_id", "consent", "campaign", "offer")
CONTROL = ("customer_id", "role", "offer", "stratum", "p_offer")
_TYPES = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "number": pa.float64(),
}


def refuse_export(standing: Standing, export: ExportSettings) -> None:
    """Refuse attributes that customers do not have, or named as the file's columns."""
    names = list(map(str, standing.attributes))
    address = () if export.address is None else (export.address,)
    for name in (*address, *export.merge_fields):
        if name not in names:
            key = "address" if name in address else "merge_fields"
            there = ", ".join(names) or "none"
            msg = (
                f"campaign.export.{key} names '{name}', which is no attribute of "
                f"'customers'.{suggestion(name, names)} There are: {there}."
            )
            raise ConfigError(msg)
        if name in FOR_MAIL:
            msg = (
                f"campaign.export names the attribute '{name}', and the file for the "
                "e-mail tool has a column of that name already. Name the attribute "
                "otherwise in 'customers' (source.customers.columns)."
            )
            raise ConfigError(msg)


def refuse_other_campaign(work: Any, name: str, cutoff: date, folder: Path) -> None:
    """Refuse a folder in which another campaign lies, or one that was sent."""
    path = folder / CampaignManifest.file
    if not path.is_file():
        return
    there = read_result(CampaignManifest, path)
    if _is_sent(work.tables.get("contacts"), there.campaign):
        msg = (
            f"The campaign '{there.campaign}' in '{folder}' has been sent: 'contacts' "
            "names it. Another plan there would lose who drew which group. Name the "
            "new campaign (campaign.name), or another folder (--out)."
        )
        raise ConfigError(msg)
    if (there.campaign, there.cutoff) != (name, cutoff):
        msg = (
            f"'{folder}' holds the campaign '{there.campaign}', launched on "
            f"{there.cutoff}: writing '{name}' of {cutoff} there would lose who "
            "drew which group. Name another folder (--out) or campaign "
            "(campaign.name)."
        )
        raise ConfigError(msg)


def _is_sent(contacts: Any, campaign: str) -> bool:
    if contacts is None:
        return False
    named = contacts.filter(contacts["campaign_id"].cast("string") == campaign)
    return bool(count_rows(named.limit(1)))


def write_campaign(
    plan: Plan,
    result: TargetResult,
    settings: Settings,
    folder: Path,
    *,
    fingerprint: str,
    versions: Mapping[str, str],
) -> CampaignManifest:
    """Write the campaign's folder, the manifest last.

    `refuse_export` and `refuse_other_campaign` come before it.
    """
    make_folder(folder)
    rows = campaign_rows(plan, settings, result.heading)
    path = folder / CAMPAIGN_FILE
    with replacing(path) as temporary:
        pq.write_table(rows, temporary, compression="zstd")
    _write_csvs(plan, settings, rows, folder)
    write_result(result, folder / result.file)
    sha256 = checksum_of(path)
    manifest = _manifest(plan, result, settings, sha256, fingerprint, versions)
    write_result(manifest, folder / manifest.file)
    return manifest


def campaign_rows(plan: Plan, settings: Settings, heading: str) -> pa.Table:
    """Return a row for everybody who was chosen or is held out, in their order."""
    draw, standing, offers = plan.draw, plan.standing, plan.offers
    rows = np.flatnonzero((draw.choice >= 0) | plan.is_held_out)
    choice = draw.choice[rows]
    is_chosen = choice >= 0
    at = np.maximum(choice, 0)
    names = np.array(offers.names, object)
    channels = np.array([o.channel for o in settings.campaign.offers.values()], object)
    is_control = draw.is_control[rows]
    chosen_role = np.where(is_control, "control", "offer").astype(object)

    def of_chosen(values: Any) -> Any:
        return pd.Series(values, dtype=object).where(is_chosen, None)

    ids = [standing.ids[row] for row in rows.tolist()]
    own: dict[str, Any] = {
        "role": np.where(is_chosen, chosen_role, "holdout"),
        "part": of_chosen(np.where(draw.explores[rows], "explore", "best")),
        "offer": of_chosen(names[at]),
        "channel": of_chosen(channels[at]),
        "stratum": of_chosen(draw.strata[rows]),
        "p_offer": np.where(is_chosen, 1.0 - plan.control_share, np.nan),
        "draw": np.where(is_chosen, control_draw(ids, plan.name), np.nan),
        "expected_gain": np.where(is_chosen, offers.gain[rows, at], np.nan),
        "expected_gain_low": np.where(is_chosen, offers.low[rows, at], np.nan),
        "expected_gain_high": np.where(is_chosen, offers.high[rows, at], np.nan),
        "expected_cost": np.where(is_chosen, offers.cost[rows, at], np.nan),
    }
    taken = standing.table.take(pa.array(rows))
    columns = {}
    for name, kind in CAMPAIGN_COLUMNS.items():
        held = own.get(name)
        type_ = _TYPES.get(kind, taken["customer_id"].type)
        found = taken[name] if held is None else pa.array(held, from_pandas=True)
        columns[name] = found.cast(type_)
    return pa.table(columns).replace_schema_metadata({BASIS: heading.encode()})


def _write_csvs(plan: Plan, settings: Settings, rows: pa.Table, folder: Path) -> None:
    frame = rows.to_pandas()
    sent, control = (frame[frame["role"] == role] for role in ("offer", "control"))
    held = frame[frame["role"] == "holdout"]
    mark = "" if plan.offers.is_causal else f" ({NOT_CAUSAL})"
    told = {name: f"{name}{mark}" for name in PROMISED}
    by_gain = sent.sort_values("expected_gain", ascending=False, kind="stable")
    _write(by_gain[[*FOR_PEOPLE]].rename(columns=told), folder / "campaign.csv")
    kept = pd.concat([control, held])[[*CONTROL]]
    _write(kept, folder / "control.csv")
    channels = {offer.channel for offer in settings.campaign.offers.values()}
    for old in folder.glob("email-*.csv"):
        # of an earlier run with other channels
        if old.stem.removeprefix("email-") not in channels:
            old.unlink()
    for channel in sorted(channels):
        own = sent[sent["channel"] == channel]
        mails = _for_mail(own, plan, settings, channel)
        _write(mails, folder / f"email-{channel}.csv")


def _for_mail(
    sent: pd.DataFrame, plan: Plan, settings: Settings, channel: str
) -> pd.DataFrame:
    """Return what an e-mail tool imports: who, consent, the offer, merge fields."""
    export = settings.campaign.export
    terms = settings.campaign.channels.get(channel)
    # nobody is sent anything for whom a consent that is asked for does not hold
    consent = "yes" if terms is not None and terms.consent is not None else "not asked"
    by_id = plan.standing.attributes.loc[sent["customer_id"]]
    fields = {name: by_id[name].to_numpy() for name in export.merge_fields}
    address = {}
    if export.address is not None:
        address = {export.address: by_id[export.address].to_numpy()}
    return pd.DataFrame(
        {
            "customer_id": sent["customer_id"].to_numpy(),
            **address,
            "consent": consent,
            "campaign": plan.name,
            "offer": sent["offer"].to_numpy(),
            **fields,
        }
    )


def _write(frame: pd.DataFrame, path: Path) -> None:
    with replacing(path) as temporary:
        write_csv_blocks([frame], temporary)


def _manifest(
    plan: Plan,
    result: TargetResult,
    settings: Settings,
    sha256: str,
    fingerprint: str,
    versions: Mapping[str, str],
) -> CampaignManifest:
    campaign, standing = settings.campaign, plan.standing
    offers = {
        name: OfferTerms(
            mechanic=offer.mechanic,
            channel=offer.channel,
            **offer.cost.model_dump(),
            eligible=offer.eligible,
            at_most=offer.at_most,
            saves=offer.saves,
        )
        for name, offer in campaign.offers.items()
    }
    return CampaignManifest(
        name=settings.name,
        kind=settings.churn.kind,
        campaign=plan.name,
        goal=campaign.goal,
        cutoff=standing.cutoff,
        horizon_days=result.horizon_days,
        gain_days=result.gain_days,
        looks=campaign.looks,
        offers=offers,
        budget=result.budget,
        currency=settings.source.currency,
        margin_rate=settings.value.margin,
        control_share=plan.control_share,
        holdout_share=campaign.control.holdout,
        holdout_period=campaign.control.holdout_period,
        thresholds=dict(plan.draw.control.thresholds),
        is_causal=result.is_causal,
        verdict=plan.learned.verdict,
        point_value=settings.programme.point_value or 0.0,
        model_version=standing.model_version,
        run_id=standing.run_id,
        fingerprint=fingerprint,
        sha256=sha256,
        created_at=datetime.now(UTC),
        versions=versions,
    )
