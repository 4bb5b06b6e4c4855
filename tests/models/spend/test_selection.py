from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest

from regulars.models.folds import ValidationFold
from regulars.models.spend import select_spend, selection
from regulars.models.spend.regressor import KINDS, PROCESS


@pytest.fixture(scope="module", autouse=True)
def _short(few_trees):
    """Few trees: the choice itself is what is tested."""


def _fold(seed, *, process):
    """A window; `process` maps what will be spent to what the process expects."""
    rng = np.random.default_rng(seed)

    def rows(n_rows):
        usual = rng.gamma(3, 10, n_rows)
        spend = usual * rng.uniform(0.9, 1.1, n_rows)
        frame = pd.DataFrame({"usual": usual, "btyd_expected_spend": process(spend)})
        return frame, spend

    return ValidationFold(*rows(300), *rows(200))


def test_process_is_chosen_when_it_is_right():
    found = select_spend([_fold(k, process=lambda y: y) for k in (1, 2)])
    assert found.recipe.members == (PROCESS,)
    assert found.recipe.n_trees == {}
    assert found.figures[PROCESS] == pytest.approx(
        {
            "mae": 0.0,
            "rmse": 0.0,
            "normalized_gini": 1.0,
            "spearman": 1.0,
            "decile_error": 0.0,
            "total_error": 0.0,
            "total_ratio": 1.0,
        }
    )


def test_trees_are_chosen_when_the_process_is_wrong():
    found = select_spend([_fold(k, process=lambda y: 0 * y + 500) for k in (1, 2)])
    recipe, errors = found.recipe, {n: f["mae"] for n, f in found.figures.items()}
    assert PROCESS not in recipe.members
    assert {*recipe.members} <= {*KINDS}
    assert {*recipe.n_trees} == {*recipe.members}
    assert errors["+".join(recipe.members)] == min(errors.values())


def test_every_mean_of_few_members_is_a_candidate_and_errors_are_mean_absolute():
    fold = _fold(1, process=lambda y: y + 7)
    figures = select_spend([fold]).figures
    sizes = range(1, selection.MOST_MEMBERS + 1)
    assert len(figures) == sum(comb(1 + len(KINDS), size) for size in sizes)
    assert figures[PROCESS]["mae"] == pytest.approx(7.0)


RISING = np.arange(1.0, 101.0)
SPENDERS = np.repeat([0.0, 100.0], [60, 40])
SKEWED = np.where(RISING <= 50, RISING / 2, RISING + 12.75)


@pytest.mark.parametrize(
    ("spent", "nearest"),
    [
        pytest.param(SPENDERS, 0 * SPENDERS, id="total"),
        pytest.param(RISING, SKEWED, id="deciles"),
    ],
)
def test_nearest_candidate_is_passed_over_when_it_misses_the(
    spent, nearest, monkeypatch
):
    level = np.full(100, spent.mean())
    rows = pd.DataFrame({"btyd_expected_spend": level})
    fold = ValidationFold(rows, spent, rows, spent)

    def forecasts(fold, kind, random_state):
        found = nearest if kind == "median" else level
        return dict.fromkeys(selection.TREES, found)

    monkeypatch.setattr(selection, "_forecasts", forecasts)
    found = select_spend([fold])
    assert found.figures["median"]["mae"] < found.figures[PROCESS]["mae"]
    assert found.recipe.members == (PROCESS,)
    monkeypatch.setattr(selection, "SLACK", dict.fromkeys(selection.SLACK, 9.0))
    assert "median" in select_spend([fold]).recipe.members


@pytest.mark.parametrize(("last", "wins"), [(0.9, True), (1.3, False)])
def test_candidate_wins_no_mean_that_it_loses_in_a_window(last, wins, monkeypatch):
    """Off by nothing in the first window, by `last` of the process's error after."""
    spent = RISING
    rows = pd.DataFrame({"btyd_expected_spend": np.where(RISING % 2, 1.1, 0.9) * spent})
    folds = [ValidationFold(rows.assign(last=k), spent, rows, spent) for k in (0, last)]

    def forecasts(fold, kind, random_state):
        off = fold.train["last"].iloc[0] if kind == "ratio" else 9.0
        process = fold.valid["btyd_expected_spend"].to_numpy()
        return dict.fromkeys(selection.TREES, spent + off * (process - spent))

    monkeypatch.setattr(selection, "_forecasts", forecasts)
    found = select_spend(folds)
    assert found.figures["ratio"]["mae"] < found.figures[PROCESS]["mae"]
    assert found.recipe.members == (("ratio",) if wins else (PROCESS,))


def test_choice_is_the_same_when_the_seed_is_the_same():
    folds = [_fold(k, process=lambda y: y[::-1]) for k in (1, 2)]
    assert select_spend(folds, random_state=3) == select_spend(folds, random_state=3)


def test_outcomes_of_a_window_teach_no_member():
    fold = _fold(1, process=lambda y: y)
    other = ValidationFold(fold.train, fold.y_train, fold.valid, 0 * fold.y_valid)
    for kind in KINDS:
        found = selection._forecasts(fold, kind, 0)
        changed = selection._forecasts(other, kind, 0)
        for n_trees in found:
            np.testing.assert_array_equal(found[n_trees], changed[n_trees])
