from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_expit

from regulars.errors import ConfigError
from regulars.models.churn import search, tuning
from regulars.models.churn.ensemble import Recipe
from regulars.models.churn.members import MEMBERS, PROCESS_COLUMN
from regulars.models.churn.space import PURCHASES
from regulars.models.churn.tuning import select
from regulars.models.folds import ValidationFold
from regulars.models.memo import Memo
from regulars.models.tabular.encoding import TabularEncoder


@pytest.fixture(scope="module", autouse=True)
def _short(few_trees):
    """Few trees: the search itself is what is tested."""


@pytest.fixture(scope="module")
def chosen(folds):
    done = []
    return select(folds, trials=3, random_state=1, on_trial=done.append), done


def test_weights_are_convex(chosen):
    weights = chosen[0].recipe.weights
    # these rows lack the columns of the RFM regression
    assert {*weights} == {*MEMBERS} - {"rfm_logistic"}
    assert sum(weights.values()) == pytest.approx(1.0)
    assert all(share >= 0 for share in weights.values())


def test_choice_is_the_same_when_the_seed_is_the_same(chosen, folds):
    again = select(folds, trials=3, random_state=1)
    assert again.recipe.to_dict() == chosen[0].recipe.to_dict()
    assert again.losses == chosen[0].losses


def test_blend_is_no_worse_than_its_best_member(chosen):
    losses = dict(chosen[0].losses)
    blend = losses.pop("blend")
    assert blend <= min(losses.values()) + 1e-3


def test_member_that_knows_more_outweighs_the_process(chosen):
    losses = chosen[0].losses
    assert losses["logistic"] < losses["process"] - 0.05
    assert chosen[0].recipe.weights["process"] < 0.5


def test_progress_is_reported_after_each_trial(chosen):
    assert chosen[1] == [1, 2, 3]
    assert chosen[0].n_trials == 3


def test_loss_is_the_mean_log_loss_over_the_windows(chosen, folds):
    def loss(fold):
        p = fold.valid["btyd_no_purchase_probability"].to_numpy()
        z = np.log(p / (1 - p))
        y = fold.y_valid
        return -np.mean(y * log_expit(z) + (1 - y) * log_expit(-z))

    assert chosen[0].losses["process"] == pytest.approx(np.mean([*map(loss, folds)]))


def test_only_the_named_members_are_candidates(folds):
    found = select(folds, members=["logistic"], calibration="none")
    assert found.recipe.weights == {"logistic": 1.0}
    assert found.n_trials == 0
    assert {*found.recipe.settings} == {"logistic"}
    assert found.recipe.settings["logistic"]["C"] in PURCHASES.penalties


def test_no_trial_keeps_the_first_guess(folds):
    found = select(folds, members=["lightgbm"], trials=0)
    boosted = found.recipe.settings["lightgbm"]
    kept = {key: boosted[key] for key in PURCHASES.first}
    assert kept == pytest.approx(PURCHASES.first)
    assert 1 <= boosted["n_trees"] <= search.MAX_TREES
    assert found.n_trials == 1


def test_process_stands_alone_when_it_is_the_only_member(folds):
    found = select(folds, members=["process"])
    assert found.recipe.weights == {"process": 1.0}
    assert not found.recipe.needs_fitting


@pytest.mark.parametrize("method", ["none", "sigmoid", "isotonic"])
def test_calibration_is_what_was_asked_for(folds, method):
    found = select(folds, members=["logistic"], calibration=method)
    assert found.recipe.calibrator.method == method


def test_validation_rows_teach_no_member(churn_rows, folds):
    """Other outcomes in the validation window leave the members' scores alone."""
    fold = folds[0]
    other = ValidationFold(fold.train, fold.y_train, fold.valid, 1 - fold.y_valid)
    recipe = Recipe({}, {"lightgbm": {"n_trees": 10}, "extra_trees": {"n_trees": 10}})
    for name in ("process", "logistic", "lightgbm", "extra_trees"):
        found = tuning._out_of_time(fold, name, recipe, Memo())
        changed = tuning._out_of_time(other, name, recipe, Memo())
        np.testing.assert_array_equal(found, changed)


def test_large_folds_are_thinned(monkeypatch, folds):
    monkeypatch.setattr(tuning, "TUNING_ROWS", 100)
    seen = []
    real = tuning._penalty
    monkeypatch.setattr(
        tuning,
        "_penalty",
        lambda folds, *more: (
            seen.extend(len(f.train) for f in folds) or real(folds, *more)
        ),
    )
    select(folds, members=["logistic"])
    assert seen == [100, 100]


def test_rows_without_a_purchase_process_have_none_for_a_member(folds):
    bare = [
        replace(
            fold,
            train=fold.train.drop(columns=PROCESS_COLUMN),
            valid=fold.valid.drop(columns=PROCESS_COLUMN),
        )
        for fold in folds
    ]
    members = ["process", "logistic"]
    selection = select(bare, members=members, calibration="none")
    assert selection.recipe.weights == {"logistic": 1.0}


def test_windows_that_another_selection_knew_are_not_worked_out_again(folds):
    memo, alone = Memo(), Memo()
    select(folds[1:], trials=2, memo=memo)
    before = memo.size
    shared = select(folds, trials=2, memo=memo)
    fresh = select(folds, trials=2, memo=alone)
    assert memo.size - before < alone.size
    assert shared.recipe.to_dict() == fresh.recipe.to_dict()
    assert shared.losses == fresh.losses


def test_members_that_cannot_read_the_columns_are_refused(folds):
    with pytest.raises(ConfigError, match="None of the members process, rfm_logistic"):
        select(folds, members=["process", "rfm_logistic"], encoder=TabularEncoder)
