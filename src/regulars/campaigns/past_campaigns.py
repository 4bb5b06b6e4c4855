"""Past campaigns in `contacts`: which of them can teach what an offer adds.

A campaign teaches if a control group was drawn at random, its customers were sent the
offer within a week, and its horizon is over. Features are those as of its launch; the
baseline is learnt on the horizon before it, where the data reach back so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from regulars.campaigns.control import draw
from regulars.campaigns.draw_checks import groups_differ
from regulars.campaigns.experiment import Experiment, Untouched
from regulars.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from numpy.typing import NDArray

    from regulars.kinds.kind import Watched

    Floats = NDArray[np.float64]

LAUNCH_DAYS = 7
MOST = 12
"""Campaigns that are learnt from: the latest, as the world changes."""

FEWEST = 20
"""Customers in each group of a campaign, without whom the draw cannot be checked."""

NAMELESS = "offer"
CONTROL = 0


@dataclass(frozen=True, eq=False)
class PastCampaigns:
    """What past campaigns have to teach."""

    experiments: tuple[Experiment, ...]
    # of the horizons before their launches; None: there is no experiment
    untouched: Untouched | None
    # of the experiments; and why others teach nothing, a sentence each
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    # of the features
    columns: tuple[str, ...]

    def matrix(self, features: pd.DataFrame) -> Floats:
        """Return features of customers as the experiments have them."""
        return _numbers(features, self.columns)


class _Campaign(NamedTuple):
    """A campaign's rows, one a customer: who, and which offer; 0 is control."""

    name: str
    launch: date
    offers: tuple[str, ...]
    ids: pd.Index
    arm: NDArray[np.int64]


class _Day(NamedTuple):
    """Customers as of a day, with what they brought in the horizon after it."""

    features: pd.DataFrame
    ids: pd.Index
    margin: Floats


_Found: TypeAlias = tuple[_Campaign, _Day, "NDArray[np.intp]"]


class _Unusable(Exception):  # noqa: N818 (no fault: it is caught and told)
    """Why a campaign teaches nothing."""


def past_campaigns(
    contacts: pd.DataFrame,
    watched: Watched,
    cutoff: date,
    *,
    horizon_days: int,
    learn_from: Literal["auto"] | Sequence[str] = "auto",
) -> PastCampaigns:
    """Return the campaigns that teach, and why others do not.

    A campaign that `learn_from` names and that cannot teach is an error.
    """
    rows = contacts.assign(
        customer_id=contacts["customer_id"].astype(str),
        contacted_date=pd.to_datetime(contacts["contacted_date"]),
    )
    rows = rows[rows["contacted_date"] < pd.Timestamp(cutoff)]
    # contacts of no campaign were drawn for none
    names = rows["campaign_id"].dropna().astype(str).reindex(rows.index)
    latest = rows.groupby(names)["contacted_date"].max().sort_values(ascending=False)
    asked = [*map(str, latest.index)] if learn_from == "auto" else [*learn_from]
    days = _Days(watched, horizon_days)
    found: list[_Found] = []
    left_out = []
    for name in asked:
        if learn_from == "auto" and len(found) == MOST:
            break
        try:
            campaign = _read(name, rows[names == name], cutoff, horizon_days)
            found.append((campaign, *_experiment(campaign, days)))
        except _Unusable as reason:
            if learn_from != "auto":
                near = suggestion(name, names.dropna().unique())
                msg = f"campaign.learn_from: '{name}' {reason}.{near}"
                raise ConfigError(msg) from reason
            left_out.append(f"The campaign '{name}' {reason}.")
    if not found:
        return PastCampaigns((), None, (), tuple(left_out), ())
    found = _once_each(found)
    before = [_untouched(campaign, rows, days) for campaign, *_ in found]
    columns = _shared([day.features for _, day, _ in found] + [f for f, _ in before])
    experiments = tuple(
        _with(campaign, day, place, columns) for campaign, day, place in found
    )
    untouched = Untouched(
        np.concatenate([_numbers(frame, columns) for frame, _ in before]),
        margin := np.concatenate([margin for _, margin in before]),
        margin > 0,
    )
    used = tuple(campaign.name for campaign, *_ in found)
    return PastCampaigns(experiments, untouched, used, tuple(left_out), columns)


@dataclass(frozen=True)
class _Days:
    """Customers of the data as of any day."""

    watched: Watched
    horizon_days: int

    def at(self, day: date) -> _Day:
        """Return them as of a day, with what they brought after it."""
        margin = self.watched.margin
        if margin is None:
            msg = "cannot be measured: these data hold no purchases"
            raise _Unusable(msg)
        customers = self.watched.past.customers(day)
        given = customers.customer_id
        ids = given if given is not None else customers.features["customer_id"]
        brought = margin(day, self.horizon_days)
        return _Day(customers.features, pd.Index([*map(str, ids)]), brought)

    @property
    def first(self) -> date | None:
        """First day of the data."""
        return self.watched.past.first_day


def _read(name: str, rows: pd.DataFrame, cutoff: date, horizon_days: int) -> _Campaign:
    """Return a campaign's customers and their groups."""
    if rows.empty:
        msg = "is not in 'contacts' before the cutoff"
        raise _Unusable(msg)
    sent = rows["contacted_date"]
    launch = sent.min().date()
    if (sent.max().date() - launch).days >= LAUNCH_DAYS:
        msg = f"went on for more than {LAUNCH_DAYS} days from {launch}"
        raise _Unusable(msg)
    if launch + timedelta(days=horizon_days) > cutoff:
        msg = f"was launched on {launch}, and its {horizon_days} days are not over"
        raise _Unusable(msg)
    is_control = rows["is_control"].fillna(value=False).to_numpy(bool)
    offer = rows["offer_id"].astype("string").fillna(NAMELESS).to_numpy(str)
    offers = tuple(sorted({*offer[~is_control].tolist()}))
    place = {each: number for number, each in enumerate(offers, 1)}
    arms = [0 if c else place[o] for c, o in zip(is_control, offer, strict=True)]
    drawn = pd.DataFrame({"id": rows["customer_id"].to_numpy(), "arm": arms})
    # who is in two groups was drawn into neither
    drawn = drawn.drop_duplicates().drop_duplicates("id", keep=False)
    sizes = np.bincount(drawn["arm"], minlength=len(offers) + 1)
    if not sizes[CONTROL]:
        msg = "has no control group: what its offers added cannot be told"
        raise _Unusable(msg)
    if sizes.min() < FEWEST:
        msg = f"has a group of {sizes.min():,} customers; {FEWEST} are needed"
        raise _Unusable(msg)
    arm = drawn["arm"].to_numpy(np.int64)
    return _Campaign(name, launch, offers, pd.Index(drawn["id"]), arm)


def _experiment(campaign: _Campaign, days: _Days) -> tuple[_Day, NDArray[np.intp]]:
    """Return the day of the launch, and where the campaign's customers are in it."""
    day = days.at(campaign.launch)
    place = day.ids.get_indexer(campaign.ids)
    known = place >= 0
    sizes = np.bincount(campaign.arm[known], minlength=len(campaign.offers) + 1)
    if sizes.min() < FEWEST:
        msg = (
            f"has {known.sum():,} of {len(known):,} customers who had bought before it;"
            " too few to learn from"
        )
        raise _Unusable(msg)
    columns = _shared([day.features])
    features = _numbers(day.features.iloc[place[known]], columns)
    if groups_differ(features, campaign.arm[known] == CONTROL):
        msg = (
            "was not drawn at random: its control group differs from the others in what"
            " was known before it"
        )
        raise _Unusable(msg)
    return day, place


def _once_each(found: list[_Found]) -> list[_Found]:
    """Leave each customer in one campaign, drawn at random: rows have to be alone.

    Errors would be too small if a customer counted several times.
    """
    ids = np.concatenate([campaign.ids for campaign, *_ in found])
    number = np.repeat(np.arange(len(found)), [len(c.ids) for c, *_ in found])
    order = np.concatenate(
        [draw(c.ids.tolist(), f"teaches {c.name}") for c, *_ in found]
    )
    chosen = pd.Series(order).groupby(ids).transform("min").to_numpy() == order
    kept = []
    for each, (campaign, day, place) in enumerate(found):
        rows = chosen[number == each]
        own = campaign._replace(ids=campaign.ids[rows], arm=campaign.arm[rows])
        kept.append((own, day, place[rows]))
    return kept


def _with(
    campaign: _Campaign, day: _Day, place: NDArray[np.intp], columns: Sequence[str]
) -> Experiment:
    known = place >= 0
    arm, rows = campaign.arm[known], place[known]
    # contacts do not note what was planned
    share = np.bincount(arm, minlength=len(campaign.offers) + 1) / len(arm)
    margin = day.margin[rows]
    return Experiment(
        campaign.offers,
        _numbers(day.features.iloc[rows], columns),
        arm,
        np.tile(share, (len(arm), 1)),
        margin,
        margin > 0,
        is_planned=False,
    )


def _untouched(
    campaign: _Campaign, contacts: pd.DataFrame, days: _Days
) -> tuple[pd.DataFrame, Floats]:
    """Return customers whom nobody contacted in the horizon before a launch."""
    start = campaign.launch - timedelta(days=days.horizon_days)
    if days.first is not None and start <= days.first:
        start = campaign.launch
    day = days.at(start)
    sent, begin = contacts["contacted_date"], pd.Timestamp(start)
    is_in = (sent >= begin) & (sent < begin + pd.Timedelta(days=days.horizon_days))
    held_out = contacts["is_control"].fillna(value=False).to_numpy(bool)
    if start < campaign.launch:
        is_in &= ~held_out
    rows = ~day.ids.isin(contacts.loc[is_in, "customer_id"])
    return day.features[rows], day.margin[rows]


def _shared(frames: Sequence[pd.DataFrame]) -> tuple[str, ...]:
    """Return the columns of numbers that all frames have."""

    def numbers(frame: pd.DataFrame) -> Iterable[str]:
        chosen = frame.select_dtypes(["number", "bool"]).columns
        return (str(name) for name in chosen if name != "customer_id")

    common = set.intersection(*(set(numbers(frame)) for frame in frames))
    return tuple(name for name in numbers(frames[0]) if name in common)


def _numbers(frame: pd.DataFrame, columns: Sequence[str]) -> Floats:
    return frame.reindex(columns=[*columns]).to_numpy(np.float64, na_value=np.nan)
