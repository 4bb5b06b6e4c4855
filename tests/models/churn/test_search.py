from __future__ import annotations

from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError

from regulars.errors import ConfigError
from regulars.metrics import CampaignCosts
from regulars.models.churn import Objective, search
from regulars.models.churn.search import search_settings, study_name
from regulars.models.churn.space import PURCHASES, Space


@pytest.fixture(scope="module", autouse=True)
def _short(few_trees):
    """Few trees: that trials are kept is what is tested."""


class StoppedError(Exception):
    """What stops a search from outside."""


def _stop_after(number):
    def on_trial(done):
        if done == number:
            raise StoppedError

    return on_trial


def _trials(file, folds, goal, random_state=0):
    name = study_name(folds, goal, random_state)
    study = optuna.load_study(study_name=name, storage=f"sqlite:///{file}")
    return study.get_trials()


def _tried(file, folds, goal):
    return [
        (trial.params, trial.value, trial.intermediate_values, trial.state)
        for trial in _trials(file, folds, goal)
        if trial.state != TrialState.RUNNING
    ]


def test_search_that_was_stopped_makes_the_trials_it_would_have_made(folds, tmp_path):
    goal, n_trials = Objective(), 14
    whole = search_settings(folds, goal, trials=n_trials, file=tmp_path / "whole.db")
    file, found = tmp_path / "parts.db", None
    for stop in (1, 6, 11):
        with pytest.raises(StoppedError):
            search_settings(
                folds, goal, trials=n_trials, file=file, on_trial=_stop_after(stop)
            )
        assert len(_trials(file, folds, goal)) == stop
    found = search_settings(folds, goal, trials=n_trials, file=file)
    assert found == whole
    tried = _tried(file, folds, goal)
    assert len(tried) == n_trials
    assert tried == _tried(tmp_path / "whole.db", folds, goal)


def test_trial_that_was_killed_is_made_again(folds, tmp_path, monkeypatch):
    goal, file = Objective(), tmp_path / "tuning.db"
    real, calls = search._learning_curve, []

    def killed(*job):
        calls.append(job)
        if len(calls) == 4:
            raise StoppedError
        return real(*job)

    monkeypatch.setattr(search, "_learning_curve", killed)
    with pytest.raises(StoppedError):
        search_settings(folds, goal, trials=3, file=file)
    monkeypatch.setattr(search, "_learning_curve", real)
    resumed = search_settings(folds, goal, trials=3, file=file)
    assert resumed == search_settings(folds, goal, trials=3)
    assert len(_tried(file, folds, goal)) == 3


def test_first_guess_is_made_first_when_its_trial_was_killed(
    folds, tmp_path, monkeypatch
):
    goal, file = Objective(), tmp_path / "tuning.db"
    real = search._learning_curve

    def killed(*job):
        raise StoppedError

    monkeypatch.setattr(search, "_learning_curve", killed)
    with pytest.raises(StoppedError):
        search_settings(folds, goal, trials=1, file=file)
    monkeypatch.setattr(search, "_learning_curve", real)
    search_settings(folds, goal, trials=1, file=file)
    assert [params for params, *_ in _tried(file, folds, goal)] == [PURCHASES.first]


def test_hopeless_trials_are_given_up_after_the_latest_window(folds, tmp_path):
    file = tmp_path / "tuning.db"
    found = search_settings(folds, Objective(), trials=14, file=file)
    trials = _trials(file, folds, Objective())
    pruned = [t for t in trials if t.state == TrialState.PRUNED]
    assert found.n_pruned == len(pruned) > 0
    assert found.n_trials == 14
    kept = [t for t in trials if t.state == TrialState.COMPLETE]
    assert all({*t.intermediate_values} == {0} for t in trials)
    first_losses = [t.intermediate_values[0] for t in kept]
    assert min(t.intermediate_values[0] for t in pruned) > min(first_losses)


def test_one_window_prunes_nothing(folds):
    assert search_settings(folds[:1], Objective(), trials=8).n_pruned == 0


@pytest.mark.parametrize("name", ["average_precision", "profit"])
def test_objective_judges_trials_and_the_number_of_trees(folds, name, tmp_path):
    goal, file = Objective(name), tmp_path / "tuning.db"
    found = search_settings(folds, goal, trials=2, file=file)
    assert found.settings["n_trees"] % search.STRIDE == 0
    values = [t.value for t in _trials(file, folds, goal) if t.value is not None]
    # average precision and profit are turned round: less is better
    assert max(values) < 0


def test_staged_losses_end_where_the_whole_booster_stands(folds):
    fold, goal = folds[0], Objective("average_precision")
    model = search.LightGBMChurn(40, **PURCHASES.first).fit(fold.train, fold.y_train)
    staged = search._staged(model.booster_, goal, fold, 2)
    assert len(staged) == 2
    assert staged[-1] == goal.loss(model.decision_function(fold.valid), fold)


def test_study_has_another_name_when_anything_differs(folds):
    goal = Objective()
    worth = [replace(f, value=np.ones(len(f.y_valid))) for f in folds]
    names = [
        study_name(folds, goal, 0),
        study_name(folds, goal, 1),
        study_name(folds[:1], goal, 0),
        study_name(folds[::-1], goal, 0),
        study_name(worth, goal, 0),
        study_name(folds, Objective("profit"), 0),
        study_name(folds, Objective("profit", CampaignCosts(contact_cost=3)), 0),
    ]
    assert len({*names}) == len(names)
    assert names[0] == study_name(folds, Objective(), 0)


@pytest.mark.parametrize("maker", ["lightgbm", "optuna"])
def test_study_has_another_name_when_what_makes_the_trials_is_released_anew(
    folds, monkeypatch, maker
):
    before = study_name(folds, Objective(), 0)
    monkeypatch.setattr(getattr(search, maker), "__version__", "99.0")
    assert study_name(folds, Objective(), 0) != before


def test_folder_of_the_file_is_made(folds, tmp_path):
    file = tmp_path / "new" / "folder" / "tuning.db"
    search_settings(folds, Objective(), trials=1, file=file)
    assert file.is_file()


def test_another_space_is_searched_within_its_bounds_and_under_its_own_name(
    folds, tmp_path
):
    file, goal = tmp_path / "tuning.db", Objective()
    first = {"num_leaves": 5, "lambda_l2": 2.0}
    space = Space(first, {"num_leaves": (3, 6), "lambda_l2": (1.0, 4.0)})
    found = search_settings(folds, goal, trials=6, space=space, file=file)
    assert {*found.settings} == {"num_leaves", "lambda_l2", "n_trees", "random_state"}
    name = study_name(folds, goal, 0, space)
    assert name != study_name(folds, goal, 0)
    tried = optuna.load_study(study_name=name, storage=f"sqlite:///{file}").get_trials()
    assert tried[0].params == first
    for trial in tried:
        assert trial.params["num_leaves"] in range(3, 7)
        assert 1.0 <= trial.params["lambda_l2"] <= 4.0


def test_fewer_trials_than_the_file_holds_choose_as_if_it_held_no_more(folds, tmp_path):
    goal, file = Objective(), tmp_path / "tuning.db"
    search_settings(folds, goal, trials=14, file=file)
    few = search_settings(folds, goal, trials=4, file=file)
    assert few == search_settings(folds, goal, trials=4)


def test_damaged_file_is_reported_in_a_sentence(folds, tmp_path):
    file = tmp_path / "tuning.db"
    file.write_bytes(b"no database" * 100)
    with pytest.raises(ConfigError, match=r"tuning.db': .*not a database.* Delete"):
        search_settings(folds, Objective(), trials=1, file=file)


def test_folder_that_cannot_be_made_is_reported_in_a_sentence(folds, tmp_path):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ConfigError, match="Cannot keep trials in"):
        search_settings(folds, Objective(), trials=1, file=tmp_path / "models/t.db")


@pytest.mark.parametrize("name", ["why?.db", "50%25.db", "{x}.db"])
def test_file_has_the_name_that_it_was_given(folds, tmp_path, name):
    search_settings(folds, Objective(), trials=1, file=tmp_path / name)
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_file_that_another_search_is_making_is_opened_once_it_is_made(
    folds, tmp_path, monkeypatch
):
    calls = []

    class Late(optuna.storages.RDBStorage):
        def __init__(self, address):
            calls.append(address)
            if len(calls) == 1:
                raise IntegrityError("INSERT", {}, Exception("UNIQUE"))
            super().__init__(address)

    monkeypatch.setattr(search, "OPENING_PAUSE", 0.0)
    monkeypatch.setattr(optuna.storages, "RDBStorage", Late)
    found = search_settings(folds, Objective(), trials=1, file=tmp_path / "tuning.db")
    assert (len(calls), found.n_trials) == (2, 1)
