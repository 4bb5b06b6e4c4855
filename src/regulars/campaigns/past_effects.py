"""What past randomised campaigns say that each offer adds to each scored customer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.campaigns.offers import Effects, costs, costs_in_margin
from regulars.campaigns.past_campaigns import FEWEST, past_campaigns
from regulars.campaigns.targeting import Learned, horizon_of, nothing_learned
from regulars.campaigns.uplift import learn_uplift
from regulars.errors import DataError
from regulars.kinds.registry import kind_of
from regulars.results.campaign_manifest import CampaignVerdict
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.campaigns.experiment import Experiment
    from regulars.campaigns.past_campaigns import PastCampaigns
    from regulars.campaigns.standing import Standing
    from regulars.campaigns.uplift import LearnedUplift
    from regulars.config import Settings

    Floats = NDArray[np.float64]

TABLE = "contacts"
NEEDED = ("campaign_id", "offer_id", "is_control", "contacted_date")
MOST_SHOWN = 3
NO_CONTROL = (
    "No campaign in 'contacts' has a control group of "
    f"{FEWEST} customers to learn from."
)


def learn_effects(work: Any, standing: Standing, budget: float) -> Learned:
    """Return what the campaigns in ``contacts`` have measured of the offers."""
    settings, tables = work.settings, work.tables
    is_auto = settings.campaign.learn_from == "auto"
    has_columns = TABLE in tables and {*NEEDED} <= {*tables[TABLE].columns}
    if not has_columns and is_auto:
        return nothing_learned()
    if not has_columns:
        msg = (
            "campaign.learn_from names past campaigns, and there are no contacts with "
            f"{', '.join(NEEDED[:3])} to learn from (source.contacts)."
        )
        raise DataError(msg)
    contacts = tables[TABLE].to_pyarrow().to_pandas()
    if is_auto and not _has_control_groups(contacts, standing.cutoff):
        return _nothing((NO_CONTROL,))
    model, _ = Store(settings.tracking.uri, settings.name).load()
    watch = kind_of(settings).watched
    assert watch is not None
    watched = watch(work, model)
    past = past_campaigns(
        contacts,
        watched,
        standing.cutoff,
        horizon_days=horizon_of(settings),
        learn_from=settings.campaign.learn_from,
    )
    if not past.experiments:
        return _nothing(past.left_out)
    now = watched.past.customers(standing.cutoff)
    given = now.customer_id
    ids = given if given is not None else now.features["customer_id"]
    known, wanted = (pd.Index([*map(str, each)]) for each in (ids, standing.ids))
    place = known.get_indexer(wanted)
    features = past.matrix(now.features.iloc[place])
    # who was scored, and is not among the customers now, has nothing known of them
    features[place < 0] = np.nan
    return effects_of(past, features, standing, settings, budget)


def _has_control_groups(contacts: pd.DataFrame, cutoff: date) -> bool:
    """Return whether a model is worth loading: some campaign may teach something."""
    is_control = contacts["is_control"].fillna(value=False).to_numpy(bool)
    before = (contacts["contacted_date"] < cutoff).to_numpy(bool)
    sizes = contacts.loc[is_control & before, "campaign_id"].value_counts()
    return bool((sizes >= FEWEST).any())


def effects_of(
    past: PastCampaigns,
    features: Floats,
    standing: Standing,
    settings: Settings,
    budget: float,
) -> Learned:
    """Return the effects that experiments teach, of the offers in the catalogue."""
    by_name = {as_name(name): name for name in settings.campaign.offers}
    offered = [only(each, by_name) for each in past.experiments]
    experiments = [each for each in offered if each is not None]
    if not experiments or past.untouched is None:
        measured = {name for each in past.experiments for name in each.offers}
        why = (
            f"Past campaigns have measured {', '.join(sorted(measured)[:MOST_SHOWN])}, "
            "none of which is an offer of this one: name it in campaign.offers as in "
            "offer_id.",
        )
        return _nothing((*why, *past.left_out))
    names = _names(experiments)
    beyond = costs(standing, settings) - costs_in_margin(standing, settings)
    every = dict(zip(settings.campaign.offers, beyond.T, strict=True))
    mean_costs = [float(every[name].mean()) for name in names]
    try:
        learnt = learn_uplift(
            experiments,
            past.untouched,
            cost=mean_costs,
            # without money it is asked whether the offers would pay if there were some
            budget=budget / len(standing) if budget else np.inf,
            seed=settings.seed,
        )
    except DataError as error:
        return _nothing((str(error), *past.left_out))
    return _learned(learnt, past, features)


def _learned(learnt: LearnedUplift, past: PastCampaigns, features: Floats) -> Learned:
    verdict = learnt.verdict
    effects = Effects(
        learnt.offers,
        learnt.effects(features),
        learnt.standard_errors(features),
        verdict.kind != "none",
    )
    ranking = (
        "That higher expected gains mean higher effects is shown"
        if learnt.ranking_holds
        else "That higher expected gains mean higher effects is not shown"
    )
    notes = (
        f"{ranking} (p = {learnt.ranking_p:.2g}).",
        *(check.sentence for check in learnt.checks if not check.holds),
        *_few(past.left_out),
    )
    return Learned(
        effects,
        CampaignVerdict(kind=verdict.kind, sentence=verdict.sentence),
        f"learned from {_listed(past.names)}, drawn at random",
        notes,
    )


def _nothing(why: Sequence[str]) -> Learned:
    return replace(nothing_learned(), notes=_few(why))


def _few(sentences: Sequence[str]) -> tuple[str, ...]:
    """Return the last of some sentences; dozens of campaigns say the same."""
    rest = len(sentences) - 1
    if rest < MOST_SHOWN:
        return tuple(sentences)
    return (f"{sentences[-1]} {rest} more past campaigns teach nothing either.",)


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _names(experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """Return the offers in the order in which they are learnt."""
    if len(experiments) == 1:
        return experiments[0].offers
    return tuple(sorted({name for each in experiments for name in each.offers}))


def as_name(offer_id: str) -> str:
    """Return an offer's name as it is compared: spellings differ between systems."""
    return re.sub(r"[\W_]+", "-", offer_id.casefold()).strip("-")


def only(experiment: Experiment, offers: Mapping[str, str]) -> Experiment | None:
    """Return an experiment with the offers of a catalogue; None where it has none.

    `offers` are their names, by the form in which they are compared.
    Among who drew one of these or control, the draw is as random as the whole.
    """
    names = [offers.get(as_name(name)) for name in experiment.offers]
    arms = [0, *(arm for arm, name in enumerate(names, 1) if name is not None)]
    if len(arms) == 1:
        return None
    rows = np.isin(experiment.arm, arms)
    own = experiment.take(rows)
    shares = own.shares[:, arms]
    return replace(
        own,
        offers=tuple(name for name in names if name is not None),
        arm=np.searchsorted(arms, own.arm),
        shares=shares / shares.sum(axis=1, keepdims=True),
    )
