from __future__ import annotations

from datetime import date, timedelta
from math import comb

import numpy as np
import pandas as pd
import pytest

from regulars.models.folds import ValidationFold
from regulars.models.memo import Memo
from regulars.models.spend import select_spend, selection
from regulars.models.spend.regressor import KINDS, MEANS, PROCESS

DAY = timedelta(days=1)


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
            "tweedie_deviance": 0.0,
            "decile_error": 0.0,
            "total_error": 0.0,
            "total_ratio": 1.0,
        }
    )


def test_trees_are_chosen_when_the_process_is_wrong():
    found = select_spend([_fold(k, process=lambda y: 0 * y + 500) for k in (1, 2)])
    recipe, figures = found.recipe, found.figures
    assert {*recipe.members} <= {*MEANS}
    assert {*recipe.n_trees} == {*recipe.members, *recipe.typical}
    means = {n: f["tweedie_deviance"] for n, f in figures.items() if "median" not in n}
    assert means["+".join(recipe.members)] == min(means.values())
    errors = {name: row["mae"] for name, row in figures.items()}
    assert errors["+".join(recipe.typical)] == min(errors.values())


def test_every_mean_of_few_members_is_a_candidate_and_errors_are_mean_absolute():
    fold = _fold(1, process=lambda y: y + 7)
    figures = select_spend([fold]).figures
    sizes = range(1, selection.MOST_MEMBERS + 1)
    assert len(figures) == sum(comb(1 + len(KINDS), size) for size in sizes)
    assert figures[PROCESS]["mae"] == pytest.approx(7.0)


def _say(monkeypatch, **by_kind):
    """Have the members say what is given of every window; the others say nonsense."""

    def forecasts(fold, kind, random_state):
        said = by_kind.get(kind, lambda spent: np.full(len(spent), 1e4))
        return dict.fromkeys(selection.TREES, said(fold.y_valid))

    monkeypatch.setattr(selection, "_forecasts", forecasts)


def _window(spent, process, **more):
    rows = pd.DataFrame({"btyd_expected_spend": process})
    return ValidationFold(rows, spent, rows, spent, **more)


SPENT = np.repeat([0.0, 100.0], [600, 400])


def test_what_is_nearest_is_typical_and_what_adds_up_is_expected(monkeypatch):
    # who spends is not to be known: the median is 0, the mean 40
    _say(monkeypatch, median=lambda spent: 0 * spent)
    found = select_spend([_window(SPENT, np.full(1000, 40.0))])
    assert found.figures["median"]["mae"] < found.figures[PROCESS]["mae"]
    assert found.recipe.members == (PROCESS,)
    assert found.recipe.typical == ("median",)


def test_no_mean_with_the_median_is_expected_even_where_it_has_the_least_deviance(
    monkeypatch,
):
    _say(monkeypatch, median=lambda spent: spent)
    found = select_spend([_window(SPENT, np.full(1000, 40.0))])
    losses = {name: row["tweedie_deviance"] for name, row in found.figures.items()}
    assert min(losses, key=losses.get) == "median"
    assert found.recipe.members == (PROCESS,)


def test_total_that_windows_miss_becomes_the_level(monkeypatch):
    _say(monkeypatch)
    short = [
        _window(SPENT, np.full(1000, 28.0), cutoff=day, known_at=day + 60 * DAY)
        for day in (date(2024, 5, 1), date(2024, 3, 1), date(2024, 1, 1))
    ]
    found = select_spend(short)
    assert found.figures[PROCESS]["total_ratio"] == pytest.approx(0.7)
    assert 28 * found.recipe.level.of() == pytest.approx(40, rel=0.05)
    # intervals are those of what is expected after all
    assert found.recipe.bands.edges[0] == pytest.approx(28 * found.recipe.level.of())


def test_season_of_the_windows_is_part_of_the_level(monkeypatch):
    _say(monkeypatch)
    days = (date(2024, 5, 1), date(2024, 3, 1), date(2024, 1, 1))
    gaps = (0.7, -0.5, 0.4)
    folds = [
        _window(
            SPENT * np.exp(gap),
            np.full(1000, 40.0),
            cutoff=day,
            known_at=day + 60 * DAY,
            season=gap,
        )
        for gap, day in zip(gaps, days, strict=True)
    ]
    recipe = select_spend(folds).recipe
    for gap in gaps:
        expected = 40 * recipe.standing_at(gap).level.of()
        assert expected == pytest.approx(40 * np.exp(gap), rel=0.1)
    assert recipe.standing_at(None).level.of() == recipe.level.factor


def test_choice_is_the_same_when_the_seed_is_the_same():
    folds = [_fold(k, process=lambda y: y[::-1]) for k in (1, 2)]
    assert select_spend(folds, random_state=3) == select_spend(folds, random_state=3)


def test_window_teaches_once_whatever_it_is_chosen_with():
    first, second, third = (_fold(k, process=lambda y: y[::-1]) for k in (1, 2, 3))
    memo = Memo()
    select_spend([first, second], memo=memo)
    known = memo.size
    found = select_spend([second, third], memo=memo)
    assert memo.size == known + known // 2
    assert found == select_spend([second, third])


def test_outcomes_of_a_window_teach_no_member():
    fold = _fold(1, process=lambda y: y)
    other = ValidationFold(fold.train, fold.y_train, fold.valid, 0 * fold.y_valid)
    for kind in KINDS:
        found = selection._forecasts(fold, kind, 0)
        changed = selection._forecasts(other, kind, 0)
        for n_trees in found:
            np.testing.assert_array_equal(found[n_trees], changed[n_trees])
