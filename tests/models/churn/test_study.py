from __future__ import annotations

import optuna
import pytest

from regulars.models.churn import Objective, search
from regulars.models.churn.space import PURCHASES
from regulars.models.churn.tuning import select


@pytest.fixture(scope="module", autouse=True)
def _short(few_trees):
    """Few trees: that trials are kept is what is tested."""


def _trials(file):
    storage = f"sqlite:///{file}"
    names = optuna.get_all_study_names(storage)
    return [len(optuna.load_study(study_name=n, storage=storage).trials) for n in names]


def test_search_goes_on_where_it_stopped(folds, tmp_path):
    file, done = tmp_path / "tuning.db", []
    options = {"members": ["lightgbm"], "study": file}
    select(folds, trials=2, **options)
    assert _trials(file) == [2]
    first = select(folds, trials=3, on_trial=done.append, **options)
    assert _trials(file) == [3]
    assert done == [3]
    again = select(folds, trials=3, on_trial=done.append, **options)
    assert done == [3]
    assert again.recipe.to_dict() == first.recipe.to_dict()


def test_search_begins_anew_when_the_folds_are_others(folds, tmp_path):
    file = tmp_path / "tuning.db"
    for some in (folds, folds[:1]):
        select(some, trials=1, members=["lightgbm"], study=file)
    assert _trials(file) == [1, 1]


def test_first_guess_is_made_once_when_a_study_is_kept(folds, tmp_path):
    file = tmp_path / "tuning.db"
    select(folds, trials=2, members=["lightgbm"], study=file)
    name = search.study_name(folds, Objective(), 0)
    found = optuna.load_study(study_name=name, storage=f"sqlite:///{file}")
    assert [t.params == PURCHASES.first for t in found.trials] == [True, False]
