from __future__ import annotations

import json

import numpy as np
import optuna
import pytest

from regulars.kinds.non_contractual import open_workspace
from regulars.kinds.non_contractual.snapshots import Snapshots
from regulars.kinds.non_contractual.window import PurchaseWindow
from regulars.metrics import CampaignCosts
from regulars.models.churn import Objective
from regulars.models.folds import known_before
from regulars.models.memo import Memo
from regulars.training import select as selection
from regulars.training.select import choose, study_file


def silent(step):
    return None


class KilledError(Exception):
    """What ends a training from outside."""


def _kill_at(step):
    def on_step(name):
        if name == step:
            raise KilledError

    return on_step


@pytest.fixture
def open_window(shop):
    """A function from overrides to a window with BG/NBD, and the settings."""

    def call(*overrides):
        settings = shop.settings("churn.members=[process, lightgbm]", *overrides)
        work = open_workspace(settings, silent)
        snapshots = Snapshots.of(work.ledger, work.timeline, settings, work.features)
        return PurchaseWindow(work, snapshots, {}), settings

    return call


def _n_trials(shop):
    storage = f"sqlite:///{shop.folder / 'store' / 'tuning.db'}"
    names = optuna.get_all_study_names(storage)
    return [len(optuna.load_study(study_name=n, storage=storage).trials) for n in names]


@pytest.mark.usefixtures("few_trees")
def test_killed_training_goes_on_where_it_stopped_and_ends_the_same(
    shop, open_window, monkeypatch, tmp_path
):
    parts = open_window("churn.tuning_trials=3")
    with pytest.raises(KilledError):
        choose(*parts, _kill_at("selection 2/3"), Memo())
    assert _n_trials(shop) == [2]
    steps = []
    resumed = choose(*parts, steps.append, Memo())
    assert steps == ["selection 3/3", "spend"]
    assert _n_trials(shop) == [3]
    monkeypatch.setattr(selection, "study_file", lambda _: tmp_path / "anew.db")
    whole = choose(*parts, silent, Memo())
    assert json.dumps(resumed.churn.recipe.to_dict()) == json.dumps(
        whole.churn.recipe.to_dict()
    )
    assert resumed.churn.losses == whole.churn.losses


@pytest.mark.usefixtures("few_trees")
def test_profit_is_judged_with_each_customers_own_value(open_window, monkeypatch):
    window, settings = open_window(
        "churn.objective=profit", "profit.incentive_cost=4", "features.choose=false"
    )
    seen = {}
    real = selection.select

    def select(folds, **options):
        seen.update(folds=folds, **options)
        return real(folds, **options)

    monkeypatch.setattr(selection, "select", select)
    found = choose(window, settings, silent, Memo())
    assert found.churn.objective == "profit"
    assert found.churn.group_gains == {}
    assert seen["objective"] == Objective(
        "profit", CampaignCosts(contact_cost=1.0, incentive_cost=4.0, accept_rate=0.3)
    )
    assert seen["groups"] is None
    for fold, known in zip(seen["folds"], window.timeline.folds, strict=True):
        features = window.snapshots.features(known.cutoff)
        assert len(fold.value) == len(fold.y_valid) == len(features)
        assert (fold.value >= 0).all()
        assert np.corrcoef(fold.value, features["revenue"])[0, 1] > 0.3


# `catch_warnings` of one thread undoes another's
@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
@pytest.mark.usefixtures("few_trees")
def test_window_still_open_at_a_cutoff_teaches_it_no_calibration(
    open_window, monkeypatch
):
    window, settings = open_window(
        "features.choose=false", "time.step_days=10", "time.horizon_days=75"
    )
    seen = []
    real = selection.select
    monkeypatch.setattr(
        selection,
        "select",
        lambda folds, **more: seen.extend(folds) or real(folds, **more),
    )
    choose(window, settings, silent, Memo())
    assert len(seen) > 1
    timeline = window.timeline
    for fold, known in zip(seen, timeline.folds, strict=True):
        assert fold.cutoff == known.cutoff
        assert fold.known_at == timeline.label_window(known.cutoff)[1]
    assert known_before(seen) == [[] for _ in seen]


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
