from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regulars.config import TimeSettings
from regulars.errors import DataError, NotEnoughHistoryError
from regulars.timeline import (
    FEWEST_FOLDS,
    LONGEST_STRETCH,
    SHORTEST_LABEL_DAYS,
    YEAR,
    plan,
)

FIRST = date(2023, 1, 1)


@st.composite
def _cases(draw):
    settings = TimeSettings(
        horizon_days=draw(st.integers(1, 120)),
        gap_days=draw(st.integers(0, 40)),
        training_cutoffs=draw(st.just("auto") | st.integers(1, 8)),
        step_days=draw(st.integers(1, 60)),
    )
    last = FIRST + timedelta(days=draw(st.integers(1, 1200)))
    return settings, last


def _days(n):
    return timedelta(days=n)


@given(_cases())
def test_labels_are_over_when_they_are_used(case):
    settings, last = case
    line = plan(settings, FIRST, last)
    assert line.cutoff == last + _days(1)
    assert line.final.stands_at == line.cutoff
    if line.test_cutoff:
        assert line.label_window(line.test_cutoff)[1] == line.cutoff
    _assert_labels_are_over(line)
    _assert_labels_are_over(line.final)


def _assert_labels_are_over(line):
    def over(cutoff):
        return line.teaching.label_window(cutoff)[1]

    assert all(over(day) <= line.stands_at for day in line.training_cutoffs)
    assert all(over(fold.cutoff) <= line.stands_at for fold in line.folds)
    for fold in line.folds:
        assert all(over(day) <= fold.cutoff for day in fold.training_cutoffs)


@given(_cases())
def test_cutoffs_that_teach_have_a_label_horizon_of_history(case):
    settings, last = case
    line = plan(settings, FIRST, last)
    for each in (line, line.final):
        teaching = {*each.training_cutoffs}
        teaching.update(*(fold.training_cutoffs for fold in each.folds))
        assert all(day >= FIRST + _days(each.label_horizon_days) for day in teaching)


@given(_cases())
def test_label_horizon_is_shorter_only_where_that_gives_a_fold(case):
    settings, last = case
    # a line without a test says of its label horizon what the final one says
    whole = plan(settings, FIRST, last)
    line = whole if whole.test_cutoff else whole.final
    assert line.label_horizon_days <= settings.horizon_days
    assert line.teaching.horizon_days == line.label_horizon_days
    if line.is_extrapolated:
        assert line.folds
        assert line.label_horizon_days >= SHORTEST_LABEL_DAYS
        assert line.label_horizon_days * LONGEST_STRETCH >= settings.horizon_days


def test_label_horizon_is_the_longest_of_which_history_holds_three_windows():
    settings = TimeSettings(horizon_days=273, cutoff=date(1998, 7, 1))
    line = plan(settings, date(1997, 1, 1), date(1998, 6, 30))
    assert line.test_cutoff == date(1997, 10, 1)
    assert line.label_horizon_days == 91
    assert line.validation_cutoff == date(1997, 7, 2)
    assert line.folds[0].training_cutoffs == (date(1997, 4, 2),)


def test_label_horizon_is_the_one_asked_for_when_nothing_shorter_is_long_enough():
    line = plan(TimeSettings(horizon_days=90), FIRST, FIRST + _days(110))
    assert line.label_horizon_days == 90
    assert not line.is_extrapolated
    assert line.folds == ()


@given(_cases())
def test_cutoffs_fall_by_steps_and_are_no_more_than_asked(case):
    settings, last = case
    line = plan(settings, FIRST, last)
    many = [line.training_cutoffs, line.refit_cutoffs]
    many += [fold.training_cutoffs for fold in line.folds]
    for days in many:
        assert all(a > b for a, b in pairwise(days))
        if settings.training_cutoffs != "auto":
            assert len(days) <= settings.training_cutoffs
            steps = {a - b for a, b in pairwise(days)}
            assert steps <= {_days(settings.step_days)}
    assert all(fold.training_cutoffs for fold in line.folds)
    assert line.validation_cutoff == (line.folds[0].cutoff if line.folds else None)


@given(_cases())
def test_validation_windows_share_no_day_where_the_history_holds_enough(case):
    settings, last = case
    line = plan(settings, FIRST, last)
    for each in (line, line.final):
        cutoffs = [fold.cutoff for fold in each.folds]
        apart = [a - b for a, b in pairwise(cutoffs)]
        assert len(cutoffs) <= settings.validation_windows
        if len(cutoffs) > FEWEST_FOLDS:
            assert min(apart) >= _days(each.label_horizon_days)


def test_one_validation_window_lies_in_the_season_of_a_year_ago():
    settings = TimeSettings(horizon_days=14)
    line = plan(settings, FIRST, FIRST + _days(1000))
    *recent, season = [fold.cutoff for fold in line.folds]
    assert season == line.test_cutoff - YEAR
    assert recent == [line.test_cutoff - k * _days(14) for k in range(1, 6)]


def test_training_reaches_a_year_and_a_horizon_back_and_thins_out():
    line = plan(TimeSettings(horizon_days=60), FIRST, FIRST + _days(1400))
    day, cutoffs = line.test_cutoff, line.training_cutoffs
    assert day - YEAR in cutoffs
    assert cutoffs[-1] <= day - YEAR - _days(60)
    assert cutoffs[-1] > day - YEAR - _days(60 + 3 * 30)
    assert len([each for each in cutoffs if each > day - _days(60 + 6 * 30)]) == 6
    assert len(cutoffs) < 12


@given(_cases())
def test_snapshots_are_every_cutoff_once_and_in_order(case):
    settings, last = case
    line = plan(settings, FIRST, last)
    needed = {line.stands_at, *line.training_cutoffs}
    for fold in line.folds:
        needed |= {fold.cutoff, *fold.training_cutoffs}
    assert line.snapshots == tuple(sorted(needed))


@given(_cases(), st.integers(1, 500))
def test_all_cutoffs_shift_with_the_log(case, shift):
    settings, last = case
    here = plan(settings, FIRST, last)
    there = plan(settings, FIRST + _days(shift), last + _days(shift))
    assert there.snapshots == tuple(day + _days(shift) for day in here.snapshots)


@given(_cases(), st.integers(0, 300))
def test_records_after_the_cutoff_change_nothing(case, more):
    settings, last = case
    assume(last - FIRST > _days(1))
    stated = settings.model_copy(update={"cutoff": last})
    assert plan(stated, FIRST, last) == plan(stated, FIRST, last + _days(more))


@given(_cases(), st.integers(0, 1200), st.integers(10, 90))
def test_labels_are_over_when_windows_are_passed_over(case, start, length):
    settings, last = case
    shut = (FIRST + _days(start), FIRST + _days(start + length))
    line = plan(settings, FIRST, last, shut=lambda day: [shut])
    _assert_labels_are_over(line)
    _assert_labels_are_over(line.final)


def test_windows_on_days_without_an_open_door_teach_nothing():
    settings = TimeSettings(horizon_days=30, step_days=30, training_cutoffs=3)
    last = date(2024, 12, 31)
    shut = (date(2024, 9, 1), date(2024, 11, 1))
    asked = []

    def known(day):
        asked.append(day)
        return [shut]

    line = plan(settings, FIRST, last, shut=known)
    open_days = plan(settings, FIRST, last)
    assert line.test_cutoff == open_days.test_cutoff == date(2024, 12, 2)
    assert date(2024, 10, 3) in open_days.training_cutoffs
    assert len(line.training_cutoffs) == 3
    for day in (*line.training_cutoffs, *(fold.cutoff for fold in line.folds)):
        begin, end = line.label_window(day)
        assert (min(end, shut[1]) - max(begin, shut[0])).days <= 6
    # the choice for the test window rests on what was known when it began
    assert {*asked} == {line.test_cutoff, line.cutoff}


def test_spoilt_windows_teach_when_there_are_no_others():
    settings = TimeSettings(horizon_days=30)
    always = [(FIRST, FIRST + _days(400))]
    last = FIRST + _days(300)
    assert plan(settings, FIRST, last, shut=lambda day: always) == plan(
        settings, FIRST, last
    )


def test_label_window_is_half_open_and_begins_after_the_gap():
    settings = TimeSettings(horizon_days=28, gap_days=7)
    line = plan(settings, FIRST, date(2024, 1, 1))
    start, end = line.label_window(date(2023, 6, 1))
    assert (start, end) == (date(2023, 6, 8), date(2023, 7, 6))
    assert line.window_days == 35


def test_plan_follows_the_design_when_history_is_long():
    line = plan(
        TimeSettings(cutoff=date(1998, 7, 1)), date(1997, 1, 1), date(1998, 6, 30)
    )
    assert line.test_cutoff == date(1998, 4, 2)
    assert line.refit_cutoffs[0] == line.test_cutoff
    assert line.training_cutoffs[0] == date(1998, 1, 2)


def test_plan_has_neither_test_nor_training_when_the_log_is_short():
    line = plan(TimeSettings(), FIRST, FIRST + _days(30))
    assert line.test_cutoff is None
    assert line.folds == line.training_cutoffs == line.refit_cutoffs == ()
    assert line.validation_cutoff is None
    assert line.snapshots == (line.cutoff,)


def test_plan_refuses_when_there_is_one_day_only():
    with pytest.raises(NotEnoughHistoryError, match=r"one day only \(2023-01-01\)"):
        plan(TimeSettings(), FIRST, FIRST)


def test_plan_refuses_when_the_cutoff_is_not_after_the_first_record():
    with pytest.raises(DataError, match="2023-01-01 is not after the first record"):
        plan(TimeSettings(cutoff=FIRST), FIRST, FIRST + _days(9))


def test_plan_refuses_when_a_whole_window_would_be_silence():
    last = FIRST + _days(99)
    edge = last + _days(30)
    settings = TimeSettings(horizon_days=28, gap_days=2)
    assert plan(settings.model_copy(update={"cutoff": edge}), FIRST, last)
    with pytest.raises(DataError, match=r"30 days after the last record.*2023-04-11"):
        plan(settings.model_copy(update={"cutoff": edge + _days(1)}), FIRST, last)


@pytest.mark.parametrize("asked", ["auto", 4])
def test_season_of_a_year_ago_is_passed_over_where_the_shop_was_shut(asked):
    settings = TimeSettings(horizon_days=30, training_cutoffs=asked)
    last = FIRST + _days(1100)
    season = plan(settings, FIRST, last).test_cutoff - YEAR
    shut = (season, season + _days(30))
    line = plan(settings, FIRST, last, shut=lambda day: [shut])
    assert season not in line.training_cutoffs
    assert season not in [fold.cutoff for fold in line.folds]
    assert all(season not in fold.training_cutoffs for fold in line.folds)
    if asked == "auto":
        assert season in plan(settings, FIRST, last).training_cutoffs


def test_season_takes_the_place_of_the_earliest_window():
    line = plan(TimeSettings(horizon_days=55), FIRST, FIRST + _days(1400))
    cutoffs = [fold.cutoff for fold in line.folds]
    assert len(cutoffs) == 6
    assert cutoffs[-1] == line.test_cutoff - YEAR
    assert min(a - b for a, b in pairwise(cutoffs)) >= _days(55)
