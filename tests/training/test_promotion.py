"""The gate in the pipeline: what a second training does to the champion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from regulars import pipeline
from regulars.errors import DataError, LeakageError
from regulars.evaluation import compare
from regulars.kinds.non_contractual import (
    open_workspace,
    purchase_problem,
    snapshots,
)
from regulars.tracking import Store
from regulars.training import train as train_problem
from regulars.training.promotion import evaluate_challenger

pytestmark = pytest.mark.slow


def silent(step):
    return None


# six windows calibrate well enough for the gate
SIMPLE = ("churn.members=[process, logistic]", "time.validation_windows=6")


def train(shop, *overrides):
    settings = shop.settings(*SIMPLE, *overrides)
    return pipeline.train_model(open_workspace(settings, silent), silent)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, orders, open_shop, few_trees):
    """A shop in which four trainings have run, and what each of them said."""
    shop = open_shop(tmp_path_factory.mktemp("gate"), orders)
    results = [
        train(shop, "time.cutoff=2024-11-20"),
        train(shop, "time.cutoff=2024-11-20"),
        train(shop),
        train(shop, "time.cutoff=2024-11-20"),
    ]
    return shop, results


def test_first_model_is_champion(trained):
    _, (first, *_) = trained
    assert first["is_champion"]
    assert first["champion_reason"].startswith("first model under this name")


def test_champion_stays_when_the_same_training_runs_again(trained):
    _, (_, again, *_) = trained
    assert not again["is_champion"]
    assert again["champion_reason"].endswith("and no simpler")


def test_refitted_recipe_takes_over_when_it_has_newer_records(trained):
    _, (_, _, newer, _) = trained
    assert newer["is_champion"]
    assert "learnt from 11 more days" in newer["champion_reason"]


def test_older_challenger_is_not_compared(trained):
    _, (*_, older) = trained
    assert not older["is_champion"]
    assert "has seen the test window" in older["champion_reason"]


def test_tags_tell_the_history(trained):
    shop, _ = trained
    settings = shop.settings()
    store = Store(settings.tracking.uri, settings.name)
    assert store.version_tags("1")["replaced_by"] == "3"
    tags = store.version_tags("3")
    assert tags["previous_champion"] == "1"
    assert tags["champion"] == "true"
    assert tags["cutoff"] == "2024-12-01"
    assert store.version_tags("2")["reason"].endswith("and no simpler")


def test_money_and_card_are_written(trained):
    shop, _ = trained
    profit = shop.read("training.json")["profit"]
    assert profit["costs"]["accept_rate"] == 0.3
    assert set(profit["rules"]) >= {"chosen", "above_half", "riskiest_decile"}
    card = (shop.out / "model_card.md").read_text()
    assert card.startswith("# Model card: shop")
    assert shop.read("card.json")["fingerprint"] in card


def test_rollback_gives_the_alias_back(trained, command):
    shop, _ = trained
    settings = shop.settings()
    store = Store(settings.tracking.uri, settings.name)
    status, out, _ = command("rollback", shop.config)
    assert status == 0
    assert "Version 1 of 'shop' is the champion again" in out
    assert store.champion_version() == "1"
    status, _, err = command("rollback", shop.config)
    assert status == 2
    assert "took the alias from no earlier champion" in err
    status, _, _ = command("rollback", shop.config, "--to", "3")
    assert store.champion_version() == "3"
    with pytest.raises(DataError, match="Registered versions: 1, 2, 3, 4"):
        store.rollback("9")
    with pytest.raises(DataError, match="Version 3 of 'shop' is the champion"):
        store.rollback("3")


def test_rollback_is_refused_without_a_champion(shop):
    with pytest.raises(DataError, match="nothing to roll back"):
        pipeline.rollback(shop.settings())


def test_champion_does_not_score_a_day_it_has_learnt_from(trained):
    shop, _ = trained
    work = open_workspace(shop.settings("time.cutoff=2024-11-20"), silent)
    with pytest.raises(LeakageError, match="would know their own future"):
        pipeline.score(work, silent)


@pytest.fixture(scope="module")
def champion(tmp_path_factory, orders, open_shop):
    """A shop with an honest champion as of 20 November."""
    shop = open_shop(tmp_path_factory.mktemp("champion"), orders)
    train(shop, "time.cutoff=2024-11-20")
    return shop


def serving(shop):
    settings = shop.settings()
    return Store(settings.tracking.uri, settings.name).champion_version()


@pytest.fixture
def trained_on_nonsense(monkeypatch):
    """Outcomes change hands in every window but the one that is tested on."""
    honest, tested_on = snapshots.build_labels, pd.Timestamp("2024-11-03")

    def build(ledger, timeline, rows, **options):
        labels = honest(ledger, timeline, rows, **options)
        if pd.Timestamp(labels["cutoff"].iloc[0]) != tested_on:
            outcomes = ["churned", "n_purchases", "spend"]
            order = np.random.default_rng(0).permutation(len(labels))
            labels[outcomes] = labels[outcomes].to_numpy()[order]
        return labels

    monkeypatch.setattr(snapshots, "build_labels", build)


@pytest.mark.usefixtures("trained_on_nonsense")
def test_worse_challenger_is_turned_away_though_it_has_newer_records(champion):
    result = train(champion)
    assert result["test"]["cutoff"] == "2024-11-03"
    assert not result["is_champion"]
    assert result["champion_reason"].startswith("worse than the champion (log loss")
    assert serving(champion) == "1"
    # registered all the same, with the reason for whoever looks
    settings = champion.settings()
    tags = Store(settings.tracking.uri, settings.name).version_tags(
        result["model_version"]
    )
    assert tags["champion"] == "false"
    assert tags["reason"] == result["champion_reason"]


@pytest.fixture
def challenger(champion):
    """An honest training with newer records, and what it was made of."""
    settings = champion.settings(*SIMPLE)
    problem = purchase_problem(open_workspace(settings, silent), silent)
    return problem, train_problem(problem, silent)


def decided(problem, training, forecast):
    """Return what the gate says when the challenger had said `forecast`."""
    (trial,) = training.trials
    test = trial.churn_test
    forecasts = {**test.forecasts, "model": forecast}
    trial = replace(trial, churn_test=replace(test, forecasts=forecasts))
    store = Store(problem.settings.tracking.uri, problem.settings.name)
    return evaluate_challenger(problem, replace(training, trials=[trial]), store)


def test_gate_decides_by_what_the_challenger_said_of_the_window(challenger):
    problem, training = challenger
    y = training.churn_test.churned
    honest = training.churn_test.forecasts["model"]
    assert decided(problem, training, honest).is_champion

    sharper = decided(problem, training, 0.96 * y + 0.02)
    assert sharper.reason.startswith("better than the champion")

    # all is predicted but for the highest third of the value: there only its mean
    bands = training.trials[0].window.test.slices["value_band"]
    best = (bands == "highest third").to_numpy()
    uneven = decided(problem, training, np.where(best, y[best].mean(), 0.98 * y + 0.01))
    assert not uneven.is_champion
    assert uneven.reason.startswith("worse than the champion on a large part")

    # the right order and the wrong level
    level = decided(problem, training, np.where(y == 1, 0.85, 0.15))
    assert not level.is_champion
    assert "calibration error" in level.reason


def test_segments_are_reported_and_do_not_decide(challenger):
    problem, training = challenger
    (trial,) = training.trials
    test = trial.window.test
    assert [*test.slices] == ["cohort", "value_band"]
    assert [*test.segments] == ["rfm", "loyalty_map"]
    y = training.churn_test.churned
    cell = (test.segments["rfm"] == test.segments["rfm"].mode()[0]).to_numpy()
    uneven = np.where(cell, 0.5, 0.98 * y + 0.01)
    honest = training.churn_test.forecasts["model"]
    asked = compare(y, uneven, honest, labels=test.segments)
    assert asked.worse_slices[0].startswith("rfm ")
    assert "rfm" not in decided(problem, training, uneven).reason


def test_nothing_is_registered_when_the_inputs_fail_their_checks(
    champion, orders, tmp_path
):
    broken = orders.astype({"amount": object})
    broken.loc[broken.index[::8], "amount"] = "n.a."
    broken.to_csv(tmp_path / "broken.csv", index=False)
    path = f"source.transactions.path={(tmp_path / 'broken.csv').as_posix()}"
    before = serving(champion)
    with pytest.raises(DataError, match="amount"):
        train(champion, path)
    settings = champion.settings()
    store = Store(settings.tracking.uri, settings.name)
    versions = store.client.search_model_versions(f"name = '{settings.name}'")
    assert {int(each.version) for each in versions} <= {1, 2}
    assert serving(champion) == before
