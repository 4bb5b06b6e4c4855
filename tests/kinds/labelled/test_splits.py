from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.errors import DataError
from regulars.kinds.labelled.splits import (
    dated_split,
    dated_windows,
    folds,
    forward_pairs,
    parts_in_turn,
    random_splits,
)


def rows(n, seed=0, span=200):
    rng = np.random.default_rng(seed)
    days = pd.Series(
        pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, span, n), "D")
    )
    return days, (np.arange(n) % 3 == 0).astype(float)


def is_known(days, part, start, label_days):
    return (days.iloc[part] + pd.Timedelta(days=label_days) <= start).all()


@given(seed=st.integers(0, 99), label_days=st.integers(0, 40))
def test_no_row_learns_whose_label_was_not_known(seed, label_days):
    days, churned = rows(400, seed)
    for split in dated_windows(days, churned, 0.2, 3, label_days=label_days):
        start = pd.Timestamp(split.name)
        assert is_known(days, split.train, start, label_days)
        assert (days.iloc[split.train] < start).all()
        assert (days.iloc[split.test] >= start).all()
        for train, valid in forward_pairs(
            days, churned, split.train, label_days=label_days
        ):
            assert set(train) | set(valid) <= set(split.train)
            # rows of too few days to look ahead in are dealt at random: all of them
            if len(train) + len(valid) < len(split.train):
                assert is_known(days, train, days.iloc[valid].min(), label_days)


def test_choices_look_forward_when_there_are_days_enough():
    days, churned = rows(400)
    pairs = forward_pairs(days, churned, np.arange(400), label_days=10)
    assert len(pairs) == 3
    for train, valid in pairs:
        assert is_known(days, train, days.iloc[valid].min(), 10)


@given(seed=st.integers(0, 99))
def test_windows_do_not_overlap(seed):
    days, churned = rows(300, seed)
    windows = dated_windows(days, churned, 0.2, 3)
    tested = np.concatenate([split.test for split in windows])
    assert len(tested) == len(set(tested))
    assert [w.name for w in windows] == sorted((w.name for w in windows), reverse=True)


def test_rows_without_a_known_label_neither_learn_nor_test():
    days, churned = rows(400)
    split = dated_split(days, churned, 0.2, label_days=30)
    assert len(split.train) + len(split.test) < 400


@given(seed=st.integers(0, 20), count=st.integers(2, 5))
def test_every_row_tests_once_in_turn(seed, count):
    _, churned = rows(200)
    splits = parts_in_turn(churned, count, random_state=seed)
    assert sorted(np.concatenate([s.test for s in splits])) == list(range(200))
    for split in splits:
        assert not set(split.train) & set(split.test)
        for train, valid in split.pairs:
            assert set(train) | set(valid) <= set(split.train)


def test_random_splits_keep_the_share_of_churners():
    _, churned = rows(300)
    for split in random_splits(churned, 0.2, 3):
        assert churned[split.test].mean() == pytest.approx(1 / 3, abs=0.02)
        assert len(folds(churned, split.train)) == 3


def test_days_that_hold_one_class_are_refused():
    days, _ = rows(100)
    churned = (days < days.median()).astype(float).to_numpy()
    with pytest.raises(DataError, match="do not hold both churned and stayed"):
        dated_split(days, churned, 0.2)
