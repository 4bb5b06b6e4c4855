from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import trials
from companies import CAMPAIGN, CUTOFF

from regulars.campaigns.offers import costs_in_margin, eligibility, offers_of
from regulars.campaigns.past_campaigns import PastCampaigns
from regulars.campaigns.past_effects import as_name, effects_of, learn_effects, only
from regulars.campaigns.promise import promise_of
from regulars.campaigns.targeting import make_plan
from regulars.errors import DataError


@pytest.fixture(scope="module")
def experiment():
    return trials.experiment()


@pytest.fixture(scope="module")
def past(experiment):
    columns = tuple(f"x{i}" for i in range(experiment.features.shape[1]))
    return PastCampaigns((experiment,), trials.untouched(), ("M1",), (), columns)


def settings_of(company, offers):
    own = copy.deepcopy(CAMPAIGN)
    own["offers"] = {
        name: {"mechanic": "gift", "saves": 0.01, "cost": {"per_contact": 0.2}}
        for name in offers
    }
    own["channels"] = {}
    return company.settings(own)


def features_of(past, standing):
    rows = np.random.default_rng(0).integers(0, len(past.experiments[0]), len(standing))
    return past.experiments[0].features[rows]


def test_effects_that_were_measured_replace_the_assumption(
    company, standing, past, experiment
):
    settings = settings_of(company, experiment.offers)
    features = features_of(past, standing)
    learned = effects_of(past, features, standing, settings, math.inf)
    assert learned.verdict.kind == "proven"
    assert learned.effects.offers == experiment.offers
    assert learned.source == "learned from M1, drawn at random"
    plan = make_plan(
        standing, settings, eligibility(standing, settings.campaign), learned, 20.0
    )
    result = promise_of(plan, settings)
    assert result.is_causal
    assert result.heading == learned.source
    assert result.n_sent > 0
    assert result.cost <= 20.0
    low, high = result.gain_bounds
    assert low < result.gain < high
    assert result.gain_days == result.horizon_days
    # a proven effect needs no more than a tenth, or what sees it
    assert result.control_share >= 0.1
    np.testing.assert_array_equal(plan.offers.gain, learned.effects.gain)


def test_nobody_is_sent_what_was_measured_without_effect(
    company, standing, past, experiment
):
    rng = np.random.default_rng(5)
    null = replace(experiment, arm=rng.permutation(experiment.arm))
    harm = replace(null, margin=null.margin - 20.0 * (null.arm > 0))
    nothing = replace(past, experiments=(harm,))
    settings = settings_of(company, experiment.offers)
    features = features_of(past, standing)
    learned = effects_of(nothing, features, standing, settings, math.inf)
    assert learned.verdict.kind == "none"
    plan = make_plan(
        standing, settings, eligibility(standing, settings.campaign), learned, math.inf
    )
    result = promise_of(plan, settings)
    assert (result.n_chosen, result.cost) == (0, 0.0)
    assert result.design is None


def test_verdict_is_on_assumptions_too(company, standing, past, experiment):
    settings = settings_of(company, (*experiment.offers, "another"))
    features = features_of(past, standing)
    learned = effects_of(past, features, standing, settings, math.inf)
    assert learned.verdict.kind == "proven"
    plan = make_plan(
        standing, settings, eligibility(standing, settings.campaign), learned, 20.0
    )
    assert plan.offers.basis[-1] == "assumption"
    verdict = promise_of(plan, settings).verdict
    assert verdict.kind == "assumed"
    assert learned.verdict.sentence in verdict.sentence
    assert "Of another nothing is measured" in verdict.sentence
    assert plan.control_share >= 0.3


def test_offers_that_nobody_has_measured_stay_assumptions(company, standing, past):
    settings = settings_of(company, ("another",))
    features = features_of(past, standing)
    learned = effects_of(past, features, standing, settings, math.inf)
    assert learned.effects is None
    assert learned.verdict.kind == "assumed"
    assert "none of which is an offer of this one" in learned.notes[0]


def test_measured_effect_of_a_discount_is_that_before_its_cost(
    company, standing, past, experiment
):
    settings = settings_of(company, experiment.offers)
    learned = effects_of(past, features_of(past, standing), standing, settings, 0.0)
    # no money says nothing of whether it would pay
    assert learned.verdict.kind == "proven"
    own = copy.deepcopy(settings.model_dump(mode="json")["campaign"])
    cost = {"per_contact": 0.2, "share_of_order": 0.1, "redemption_rate": 0.5}
    for offer in own["offers"].values():
        offer |= {"mechanic": "discount", "cost": cost}
    off = company.settings(own)
    allowed = np.ones((len(standing), len(experiment.offers)), bool)
    found = offers_of(standing, off, learned.effects, allowed)
    shown = costs_in_margin(standing, off)
    assert shown.sum() > 0
    np.testing.assert_allclose(found.gain, learned.effects.gain + shown)


def test_experiment_with_some_of_its_offers_keeps_their_odds(experiment):
    name = experiment.offers[1]
    found = only(experiment, {as_name(name): name})
    assert found.offers == (name,)
    assert {*found.arm} == {0, 1}
    assert (found.arm == 1).sum() == (experiment.arm == 2).sum()
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    odds = found.shares[:, 1] / found.shares[:, 0]
    rows = np.isin(experiment.arm, [0, 2])
    whole = experiment.shares[rows]
    np.testing.assert_allclose(odds, whole[:, 2] / whole[:, 0])
    assert only(experiment, {"another": "another"}) is None


def test_offers_are_the_same_however_they_are_spelt():
    assert as_name("20 Percent!") == as_name("20-percent") == "20-percent"


def test_campaigns_that_are_asked_for_need_contacts(company, standing):
    own = {**CAMPAIGN, "learn_from": ["M1"]}
    work = company.work(own)
    tables = {n: t for n, t in work.tables.items() if n != "contacts"}
    bare = replace(work, intake=replace(work.intake, tables=tables))
    with pytest.raises(DataError, match=r"campaign\.learn_from names past campaigns"):
        learn_effects(bare, standing, math.inf)
    auto = company.work()
    bare = replace(auto, intake=replace(auto.intake, tables=tables))
    assert learn_effects(bare, standing, math.inf).effects is None
    assert pd.Timestamp(CUTOFF) == pd.Timestamp(standing.cutoff)
