"""The gate in the pipeline: what a second training does to the champion."""

from __future__ import annotations

import pytest

from regulars import pipeline
from regulars.errors import DataError, LeakageError
from regulars.tracking import Store
from regulars.workspace import open_workspace


def silent(step):
    return None


def train(shop, *overrides):
    settings = shop.settings("churn.classifiers=[logistic]", *overrides)
    return pipeline.train_model(open_workspace(settings, silent), silent)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, orders, open_shop):
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
