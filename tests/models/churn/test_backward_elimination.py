from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from regulars.models.churn.backward_elimination import eliminate
from regulars.models.folds import ValidationFold

GROUPS = {"silence": ["silence"], "orders": ["orders"], "noise": ["noise"]}


def _misled(fold, seed):
    """A column that tells the outcome while learning and lies afterwards."""
    rng = np.random.default_rng(seed)
    lie = fold.y_train + rng.normal(0, 0.7, len(fold.y_train))
    later = rng.normal(0.5, 0.9, len(fold.y_valid))
    return replace(
        fold, train=fold.train.assign(lie=lie), valid=fold.valid.assign(lie=later)
    )


@pytest.fixture(scope="module")
def misled(folds):
    return [_misled(fold, seed) for seed, fold in enumerate(folds)]


def test_group_that_misleads_is_left_out(misled):
    found = eliminate(misled, {**GROUPS, "lies": ["lie"]})
    assert found.left_out == {"lies": ("lie",)}
    assert found.gains["lies"] > 0.02


def test_groups_that_help_or_do_no_harm_stay(folds):
    found = eliminate(folds, GROUPS)
    assert found.left_out == {}
    assert found.gains["silence"] < 0
    assert found.gains["orders"] < -0.05
    assert found.gains.keys() == GROUPS.keys()


def test_gain_on_one_window_alone_is_not_enough(folds, misled):
    misled_fold = misled[0]
    # in the second window the column goes on telling the outcome
    rng = np.random.default_rng(5)
    honest = _misled(folds[1], 1)
    lie = honest.y_valid + rng.normal(0, 0.7, len(honest.y_valid))
    honest = replace(honest, valid=honest.valid.assign(lie=lie))
    assert eliminate([misled_fold, honest], {**GROUPS, "lies": ["lie"]}).left_out == {}


def test_nothing_is_left_out_when_chance_cannot_be_judged(misled):
    groups = {**GROUPS, "lies": ["lie"]}
    assert eliminate(misled[:1], groups).left_out == {}
    assert eliminate(misled, groups, members=[]).left_out == {}


def test_last_group_stays_however_bad_it_is(misled):
    assert eliminate(misled, {"lies": ["lie"]}).left_out == {}


def test_validation_outcomes_are_asked_and_the_same_seed_gives_the_same(misled):
    groups = {**GROUPS, "lies": ["lie"]}
    one, again = (eliminate(misled, groups, random_state=3) for _ in range(2))
    assert one == again
    turned = [
        ValidationFold(f.train, f.y_train, f.valid, 1 - f.y_valid) for f in misled
    ]
    assert eliminate(turned, groups).gains != one.gains
