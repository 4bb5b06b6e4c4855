from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regulars.campaigns import learn_uplift
from regulars.campaigns.baseline import Baseline
from regulars.campaigns.learners import (
    Sample,
    bagged,
    dr_learner,
    residual_learner,
    scaled_ridge,
    t_learner,
    x_learner,
)
from regulars.campaigns.uplift import Verdict
from regulars.errors import DataError
from regulars.metrics import EffectEstimate

sys.path.insert(0, str(Path(__file__).parent))
import trials

LEARNERS = (t_learner, x_learner, dr_learner, residual_learner, bagged(x_learner, 2))


@pytest.fixture(scope="module")
def learnt():
    return learn_uplift(
        [trials.experiment()], trials.untouched(), cost=[0.2, 1.0], seed=3
    )


@pytest.mark.parametrize("learner", LEARNERS)
def test_learner_finds_who_is_moved(learner):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6_000, 3))
    arm = rng.choice(3, 6_000, p=trials.SHARES)
    effect = np.column_stack([np.zeros(6_000), np.sign(features[:, 0])])
    gained = np.where(arm > 0, effect[np.arange(6_000), np.maximum(arm - 1, 0)], 0.0)
    sample = Sample(features, gained + rng.normal(size=6_000), arm, 2)
    found = learner(sample, 0)(features)
    assert found.shape == (6_000, 2)
    assert np.corrcoef(found[:, 1], effect[:, 1])[0, 1] > 0.8
    assert np.abs(found[:, 0]).mean() < 0.25


def test_ridge_finds_effects_that_grow_with_a_column():
    rng = np.random.default_rng(1)
    features = rng.lognormal(size=(5_000, 1))
    arm = rng.choice(2, 5_000)
    outcome = 0.5 * features[:, 0] * arm + rng.normal(size=5_000)
    sample = Sample(features, outcome, arm, 1)
    found = scaled_ridge(sample, lambda rows: rows, np.ones(5_000))(features)
    slope = np.polyfit(features[:, 0], found[:, 0], 1)[0]
    assert slope == pytest.approx(0.5, abs=0.1)


def test_baseline_knows_margin_and_value_of_customers():
    data = trials.untouched()
    baseline = Baseline.fit(data)
    assert baseline.margin(data.features).mean() == pytest.approx(
        data.margin.mean(), rel=0.02
    )
    assert baseline.kept(data.features).mean() == pytest.approx(0.5, abs=0.03)
    value = baseline.value(data.features)
    assert np.corrcoef(value, data.features[:, 0])[0, 1] > 0.9
    assert (value > 0).all()
    assert (baseline.spread(data.features) > 0).all()


def test_effects_are_those_that_were_put_in(learnt):
    assert learnt.offers == trials.OFFERS
    later = trials.experiment(seed=7, n=4_000)
    effects = learnt.effects(later.features)
    truth = later.features[:, 0] * np.where(later.features[:, 1] > 0, 0.35, -0.15)
    assert effects.shape == (4_000, 2)
    assert np.corrcoef(effects[:, 1], truth)[0, 1] > 0.75
    assert effects[:, 1].mean() == pytest.approx(truth.mean(), abs=1.0)
    errors = learnt.standard_errors(later.features)
    assert (errors > 0).all()


def test_effect_that_is_there_is_proven_and_ranked(learnt):
    assert learnt.verdict.kind == "proven"
    assert "it pays" in learnt.verdict.sentence
    assert learnt.ranking_holds
    assert {check.name for check in learnt.checks} == {
        "sample ratio",
        "overlap",
        "balance",
    }
    assert all(check.holds for check in learnt.checks)
    assert set(learnt.values) == {"mix", "x", "t", "dr", "proportional"}


def test_same_seed_learns_the_same():
    one, two = (
        learn_uplift([trials.experiment(n=1_000)], trials.untouched(n=1_000), seed=3)
        for _ in range(2)
    )
    rows = trials.experiment(seed=7, n=100).features
    np.testing.assert_array_equal(one.effects(rows), two.effects(rows))
    assert one.verdict == two.verdict


def test_offer_that_does_nothing_is_not_proven():
    kinds = [
        learn_uplift(
            [trials.experiment(seed, n=1_200, strength=0.0)],
            trials.untouched(seed + 50, n=1_200),
            cost=[0.2, 1.0],
            seed=seed,
        ).verdict.kind
        for seed in range(3)
    ]
    assert kinds.count("proven") <= 1


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (EffectEstimate(20.0, 10.0), "proven", "it pays"),
        (EffectEstimate(10.0, 10.0), "promising", "control group of 30%"),
        (EffectEstimate(-1.0, 10.0), "none", "send nobody"),
    ],
)
def test_verdict_is_a_sentence(value, kind, words):
    assert words in Verdict(kind, value, 100).sentence


def test_campaigns_with_other_offers_are_learnt_together():
    first, second = trials.experiment(1, 3_000), trials.experiment(2, 3_000)
    # the second had the call alone: 0.4 control and 0.6 call
    arm = np.where(second.arm == 0, 0, 1)
    rng = np.random.default_rng(5)
    _, value, moved = trials.customers(np.random.default_rng(2), 3_000)
    margin, kept = trials.live(rng, value, moved, np.where(arm == 1, 2, 0), 1.0)
    alone = replace(
        second,
        offers=("call",),
        arm=arm,
        shares=np.tile([0.4, 0.6], (3_000, 1)),
        margin=margin,
        kept=kept,
    )
    learnt = learn_uplift([first, alone], trials.untouched(), cost=[1.0, 0.2])
    assert learnt.offers == ("call", "mail")
    assert learnt.mean_effect[0] > learnt.mean_effect[1]


def test_draw_that_was_not_carried_out_is_refused():
    data = trials.experiment()
    gone = (data.arm == 0) & (np.arange(len(data)) % 4 == 0)
    with pytest.raises(DataError, match="The draw was not carried out"):
        learn_uplift([data.take(~gone)], trials.untouched())


def test_too_few_customers_are_refused():
    data = trials.experiment()
    with pytest.raises(DataError, match="campaigns has 0 customers"):
        learn_uplift([data.take(data.arm != 0)], trials.untouched())


def test_groups_that_differ_are_told():
    data = trials.experiment(n=2_000)
    features = data.features.copy()
    features[data.arm > 0, 2] += 0.3
    learnt = learn_uplift([replace(data, features=features)], trials.untouched(n=2_000))
    assert not next(c for c in learnt.checks if c.name == "balance").holds


def test_campaigns_are_checked_one_by_one():
    """Other customers and another share in the second are no imbalance."""
    first, second = trials.experiment(1, 2_000), trials.experiment(2, 2_000)
    less = np.flatnonzero((second.arm > 0) | (np.arange(2_000) % 4 == 0))
    second = second.take(less)
    features = second.features.copy()
    features[:, 2] += 3.0
    drawn = np.bincount(second.arm) / len(second)
    shares = np.tile(drawn, (len(second), 1))
    other = replace(second, features=features, shares=shares, is_planned=False)
    learnt = learn_uplift([first, other], trials.untouched(n=2_000))
    assert all(check.holds for check in learnt.checks)


def test_shares_that_came_out_show_no_draw():
    data = replace(trials.experiment(n=1_200), is_planned=False)
    learnt = learn_uplift([data], trials.untouched(n=1_200))
    assert [check.name for check in learnt.checks] == ["overlap", "balance"]
