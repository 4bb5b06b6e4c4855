"""What the customers of a campaign did after its launch, by the present log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.data.ledger import MICROS
from regulars.errors import ConfigError, DataError
from regulars.kinds.contractual.value import MONTH_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.campaigns.campaign_folder import Campaign
    from regulars.config import Settings

    Floats = NDArray[np.float64]

# of the customers; more cannot be an erasure here and there
MOST_GONE = 0.01
SHOWN = 5


@dataclass(frozen=True)
class PresentLog:
    """What is known today: purchases or contracts, and contacts."""

    settings: Settings
    until: date  # the day after the last that is known
    ledger: Any = None
    spells: pd.DataFrame | None = None
    contacts: Any = None

    @classmethod
    def of(cls, work: Any) -> PresentLog:
        """Return the log of a kind's checked data."""
        settings, spells = work.settings, getattr(work, "spells", None)
        ledger = getattr(work, "ledger", None)
        if spells is None and ledger is None:
            msg = (
                f"churn.kind is '{settings.churn.kind}', whose table says once who "
                "left: what came after a launch is not in it. A readout needs "
                "purchases (transactions) or contracts (subscriptions)."
            )
            raise ConfigError(msg)
        tables = work.intake.tables if hasattr(work, "intake") else work.tables
        last = work.last_day if hasattr(work, "last_day") else work.last_record
        if ledger is not None and ledger.last_day is not None:
            last = max(last, ledger.last_day)
        until = settings.time.cutoff or last + timedelta(days=1)
        return cls(settings, until, ledger, spells, tables.get("contacts"))

    @property
    def has_own_margin(self) -> bool:
        """Whether lines carry their own cost: a discount then shows in the margin."""
        return self.ledger is not None and "margin" in self.ledger.days.columns

    def elapsed(self, campaign: Campaign) -> int:
        """Return how many of the days that count the log holds."""
        launch = campaign.manifest.cutoff
        days = (self.until - launch).days
        if days <= 0:
            msg = (
                f"The log ends on {self.until - timedelta(days=1)}, and the campaign "
                f"'{campaign.manifest.campaign}' was launched on {launch}: nothing "
                "that came after it is known yet. Read the log anew, and set "
                "time.cutoff to a later day where it is set (--set time.cutoff=null)."
            )
            raise DataError(msg)
        return min(days, campaign.manifest.horizon_days)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What each customer of a campaign did, in the order of its rows."""

    # whether the log knows the customer at all; those it does not are left out
    is_known: NDArray[np.bool_]
    # 1 where they bought within the days that count, or the contract ran on
    kept: Floats
    # of those days; margin before the offer's cost, in currency
    orders: Floats
    margin: Floats
    # by the table of contacts, for this campaign
    contacted: NDArray[np.bool_]
    redeemed: NDArray[np.bool_]
    # what the contacts cost by that table (NaN where it does not say), and what was
    # spent on the day on which the offer was taken
    contact_cost: Floats
    order_amount: Floats
    # whether that table names the campaign, when an offer was taken, and who was held
    # out
    is_told: bool
    has_redemptions: bool
    has_control: bool


def outcomes_of(campaign: Campaign, log: PresentLog) -> Outcomes:
    """Return what the customers of a campaign did."""
    launch = campaign.manifest.cutoff
    end = launch + timedelta(days=log.elapsed(campaign))
    ids = pd.Index(campaign.rows["customer_id"])
    found = _purchases(log, ids, launch, end)
    if log.spells is not None:
        found |= _contracts(log, ids, launch, end, found)
    _refuse_lost(ids, found["is_known"], campaign)
    return Outcomes(**found, **_contacts(log, ids, campaign, end))


def _refuse_lost(
    ids: pd.Index, is_known: NDArray[np.bool_], campaign: Campaign
) -> None:
    n_gone = int((~is_known).sum())
    if n_gone <= MOST_GONE * len(ids):
        return
    named = ", ".join(ids[~is_known][:SHOWN])
    msg = (
        f"The log knows nothing of {n_gone:,} of the {len(ids):,} customers of the "
        f"campaign '{campaign.manifest.campaign}' (customers {named}). Read it out of "
        "a log that holds them, with ids as they were at the launch."
    )
    raise DataError(msg)


def _purchases(
    log: PresentLog, ids: pd.Index, launch: date, end: date
) -> dict[str, Any]:
    if log.ledger is None:
        nothing = np.zeros(len(ids))
        return {
            "is_known": np.zeros(len(ids), dtype=bool),
            **dict.fromkeys(("kept", "orders", "margin"), nothing),
        }
    days = log.ledger.days
    inside = (days.day >= ibis.literal(launch)) & (days.day < ibis.literal(end))
    sums = {
        name: days[f"{name}_micros"].sum(where=inside).cast("float64") / MICROS
        for name in ("spend", "margin", "margin_amount")
        if f"{name}_micros" in days.columns
    }
    by_customer = _by_id(
        days.group_by("customer_id").agg(
            orders=days.n_orders.sum(where=inside).cast("float64"),
            days_bought=(days.is_purchase & inside).cast("int64").sum(),
            **sums,
        ),
        ids,
    )
    zero = by_customer.fillna(0.0)
    # lines without a cost of their own have the margin of the configuration
    own, rest = zero.get("margin", 0.0), zero["spend"]
    rest = rest - zero.get("margin_amount", 0.0)
    return {
        "is_known": by_customer["days_bought"].notna().to_numpy(),
        "kept": (zero["days_bought"] > 0).to_numpy(np.float64),
        "orders": zero["orders"].to_numpy(np.float64),
        "margin": (own + log.settings.value.margin * rest).to_numpy(np.float64),
    }


def _by_id(table: Any, ids: pd.Index) -> pd.DataFrame:
    """Return rows by customer, in the order of ids that are texts."""
    frame: pd.DataFrame = table.to_pyarrow().to_pandas()
    frame.index = pd.Index(frame.pop("customer_id").astype(str))
    return frame.reindex(ids)


def _contracts(
    log: PresentLog,
    ids: pd.Index,
    launch: date,
    end: date,
    purchases: Mapping[str, Floats],
) -> dict[str, Any]:
    """Return who still has a contract at the end, with its margin beside purchases'."""
    assert log.spells is not None
    spells = log.spells.assign(customer_id=log.spells["customer_id"].astype(str))
    first, last = pd.Timestamp(launch), pd.Timestamp(end)
    until = spells["ended"].where(spells["ended"] < last, last)
    since = spells["started"].where(spells["started"] > first, first)
    days = (until - since).dt.days.clip(lower=0)
    price = spells.get("monthly_amount", 0.0)
    runs_on = (spells["started"] < last) & ~(spells["ended"] < last)
    rows = pd.DataFrame(
        {
            "customer_id": spells["customer_id"],
            "kept": runs_on.astype(np.float64),
            "margin": days / MONTH_DAYS * price * log.settings.value.margin,
        }
    )
    held = rows.groupby("customer_id").agg({"kept": "max", "margin": "sum"})
    held = held.reindex(ids)
    return {
        "is_known": held["kept"].notna().to_numpy(),
        "kept": held["kept"].fillna(0.0).to_numpy(),
        "margin": held["margin"].fillna(0.0).to_numpy() + purchases["margin"],
    }


def _contacts(
    log: PresentLog, ids: pd.Index, campaign: Campaign, end: date
) -> dict[str, Any]:
    """Return who was contacted for the campaign, at what cost, and who took it."""
    rows = _rows_of_campaign(log, campaign, end)
    by_id = (
        rows[~rows["is_held_out"]]
        .groupby("customer_id")
        .agg(
            n=("customer_id", "size"),
            cost=("cost", lambda each: each.sum(min_count=1)),
            taken=("taken", "min"),
        )
        .reindex(ids)
    )
    is_told = bool(by_id["n"].notna().any())
    return {
        "contacted": by_id["n"].notna().to_numpy(),
        "redeemed": by_id["taken"].notna().to_numpy(),
        "contact_cost": by_id["cost"].to_numpy(np.float64),
        "order_amount": _spent_on(log, ids, by_id["taken"]),
        "is_told": is_told,
        "has_redemptions": is_told and "redeemed_date" in log.contacts.columns,
        "has_control": bool(rows["is_held_out"].any()),
    }


def _rows_of_campaign(log: PresentLog, campaign: Campaign, end: date) -> pd.DataFrame:
    """Return the contacts of the campaign within the days that count."""
    table, manifest = log.contacts, campaign.manifest
    names = ("customer_id", "is_held_out", "cost", "taken")
    if table is None:
        nothing = pd.DataFrame({name: pd.Series(dtype=object) for name in names})
        return nothing.astype({"is_held_out": bool, "taken": "datetime64[us]"})
    day = table.contacted_date
    found = table.filter(
        (table.campaign_id.cast("string") == manifest.campaign)
        & (day >= ibis.literal(manifest.cutoff))
        & (day < ibis.literal(end))
    )
    frame = found.to_pyarrow().to_pandas()
    nan = pd.Series(np.nan, frame.index)
    taken = pd.to_datetime(frame.get("redeemed_date", pd.Series(pd.NaT, frame.index)))
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"].astype(str),
            "is_held_out": frame.get("is_control", nan).fillna(0.0).astype(bool),
            "cost": frame.get("cost_amount", nan).astype(np.float64),
            # what was taken later is not known yet
            "taken": taken.where(taken < pd.Timestamp(end)),
        }
    )


def _spent_on(log: PresentLog, ids: pd.Index, day: pd.Series) -> Floats:
    """Return what each customer spent on a day of their own; 0 without one."""
    if log.ledger is None or day.isna().all():
        return np.zeros(len(ids))
    days = log.ledger.days
    wanted = [each.date() for each in day.dropna().unique()]
    table = days.filter(days.day.isin(wanted)).select("customer_id", "day", "spend")
    frame = table.to_pyarrow().to_pandas()
    keys = pd.MultiIndex.from_arrays(
        [frame["customer_id"].astype(str), pd.to_datetime(frame["day"])]
    )
    spent = pd.Series(frame["spend"].to_numpy(), keys).clip(lower=0.0)
    found = spent.reindex(pd.MultiIndex.from_arrays([ids, day]))
    return found.fillna(0.0).to_numpy(np.float64)
