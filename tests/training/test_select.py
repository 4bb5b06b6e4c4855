from __future__ import annotations

import json

import numpy as np
import optuna
import pytest

from regulars.features.matrix import FEATURES
from regulars.kinds.non_contractual.workspace import open_workspace
from regulars.metrics import CampaignCosts
from regulars.models.churn import Objective, Recipe
from regulars.models.folds import known_before
from regulars.models.retention import RetentionModel
from regulars.models.spend import SpendRecipe
from regulars.training import select as choices
from regulars.training.select import choose_recipes, feature_groups, study_file
from regulars.training.snapshots import Snapshots


def silent(step):
    return None


class KilledError(Exception):
    """What ends a training from outside."""


def _kill_at(step):
    def told(name):
        if name == step:
            raise KilledError

    return told


@pytest.fixture
def open_choices(shop):
    """A function from overrides to settings, timeline and snapshots."""

    def call(*overrides):
        settings = shop.settings("churn.classifiers=[lightgbm]", *overrides)
        work = open_workspace(settings, silent)
        snapshots = Snapshots(work.ledger, work.timeline, settings, work.features)
        return snapshots, work.timeline, settings

    return call


def _n_trials(shop):
    storage = f"sqlite:///{shop.folder / 'store' / 'tuning.db'}"
    names = optuna.get_all_study_names(storage)
    return [len(optuna.load_study(study_name=n, storage=storage).trials) for n in names]


@pytest.mark.usefixtures("few_trees")
def test_killed_training_goes_on_where_it_stopped_and_ends_the_same(
    shop, open_choices, monkeypatch, tmp_path
):
    parts = open_choices("churn.tuning_trials=3")
    with pytest.raises(KilledError):
        choose_recipes(*parts, _kill_at("selection 2/3"))
    assert _n_trials(shop) == [2]
    told = []
    resumed = choose_recipes(*parts, told.append)
    assert told == ["selection 3/3", "spend"]
    assert _n_trials(shop) == [3]
    monkeypatch.setattr(choices, "study_file", lambda _: tmp_path / "anew.db")
    whole = choose_recipes(*parts, silent)
    assert json.dumps(resumed.churn.recipe.to_dict()) == json.dumps(
        whole.churn.recipe.to_dict()
    )
    assert resumed.churn.losses == whole.churn.losses


@pytest.mark.usefixtures("few_trees")
def test_profit_is_judged_with_each_customers_own_value(open_choices, monkeypatch):
    snapshots, timeline, settings = open_choices(
        "churn.objective=profit", "profit.incentive_cost=4", "features.choose=false"
    )
    seen = {}
    real = choices.select

    def select(folds, **options):
        seen.update(folds=folds, **options)
        return real(folds, **options)

    monkeypatch.setattr(choices, "select", select)
    found = choose_recipes(snapshots, timeline, settings, silent)
    assert found.churn.objective == "profit"
    assert found.churn.group_gains == {}
    assert seen["objective"] == Objective(
        "profit", CampaignCosts(contact_cost=1.0, incentive_cost=4.0, accept_rate=0.3)
    )
    assert seen["groups"] is None
    for fold, known in zip(seen["folds"], timeline.folds, strict=True):
        features = snapshots.features(known.cutoff)
        assert len(fold.value) == len(fold.y_valid) == len(features)
        assert (fold.value >= 0).all()
        assert np.corrcoef(fold.value, features["revenue"])[0, 1] > 0.3


@pytest.mark.usefixtures("few_trees")
def test_window_still_open_at_a_cutoff_teaches_it_no_calibration(
    open_choices, monkeypatch
):
    snapshots, timeline, settings = open_choices(
        "features.choose=false", "time.step_days=10"
    )
    seen = []
    real = choices.select
    monkeypatch.setattr(
        choices,
        "select",
        lambda folds, **more: seen.extend(folds) or real(folds, **more),
    )
    choose_recipes(snapshots, timeline, settings, silent)
    assert len(seen) > 1
    for fold, known in zip(seen, timeline.folds, strict=True):
        assert fold.cutoff == known.cutoff
        assert fold.known_at == timeline.label_window(known.cutoff)[1]
    assert known_before(seen) == [[] for _ in seen]


def test_every_feature_has_one_group_and_the_process_has_none():
    columns = [*FEATURES, "p_alive", "btyd_no_purchase_probability", "n_pets"]
    groups = feature_groups(columns)
    named = [name for names in groups.values() for name in names]
    assert sorted(named) == sorted([*FEATURES, "n_pets"])
    assert groups["own"] == ["n_pets"]
    assert "own" not in feature_groups(list(FEATURES))


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:///models/mlflow.db", "models/tuning.db"),
        ("sqlite:////data/store.db?mode=rwc", "/data/tuning.db"),
        ("sqlite:///", "out/x/tuning.db"),
        ("postgresql://u:p@host/db", "out/x/tuning.db"),
        ("mlruns", "out/x/tuning.db"),
    ],
)
def test_study_lies_beside_the_store_or_in_the_outputs(shop, uri, file):
    settings = shop.settings(f"tracking.uri={uri}", "outputs=out/x")
    assert study_file(settings).as_posix() == file


def test_model_without_a_group_is_saved_and_scores_as_before(open_choices, tmp_path):
    snapshots, timeline, _ = open_choices()
    gone = tuple(feature_groups(snapshots.features(timeline.cutoff).columns)["rhythm"])
    recipe = Recipe(
        {"lightgbm": 0.5, "logistic": 0.5},
        boosted={"n_trees": 5},
        logistic={"C": 0.1},
        left_out={"rhythm": gone},
    )
    current = snapshots.features(timeline.cutoff)
    rows = snapshots.stacked(timeline.refit_cutoffs, known_at=timeline.cutoff)
    model = RetentionModel(
        snapshots.horizon, snapshots.process(timeline.cutoff), recipe, SpendRecipe()
    ).fit(rows, current)
    assert not {*gone} & {*model.churn_.features_}
    model.save(tmp_path / "model")
    kept = RetentionModel.load(tmp_path / "model")
    assert kept.churn.left_out == {"rhythm": gone}
    spoilt = current.assign(**dict.fromkeys(gone, 1e9))
    for rows_now in (current, spoilt):
        np.testing.assert_array_equal(
            kept.predict(rows_now)["churn_probability"],
            model.predict(current)["churn_probability"],
        )
