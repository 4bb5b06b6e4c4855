from __future__ import annotations

import threading
import time

import numpy as np
import pandas as pd
import pytest

from regulars.models.folds import ValidationFold, side_by_side

ROWS = pd.DataFrame({"x": np.arange(50.0)})
FOLD = ValidationFold(ROWS, np.arange(50.0), ROWS.head(7), np.arange(7.0))


def test_thinned_keeps_pairs_order_and_the_validation_rows():
    small = FOLD.thinned(10)
    assert len(small.train) == 10
    np.testing.assert_array_equal(small.train["x"], small.y_train)
    assert (np.diff(small.y_train) > 0).all()
    assert small.valid is FOLD.valid


def test_thinned_draws_the_same_rows_when_the_seed_is_the_same():
    first, again = FOLD.thinned(10, random_state=3), FOLD.thinned(10, random_state=3)
    other = FOLD.thinned(10, random_state=4)
    np.testing.assert_array_equal(first.y_train, again.y_train)
    assert first.y_train.tolist() != other.y_train.tolist()


def test_thinned_is_the_fold_itself_when_it_is_small_enough():
    assert FOLD.thinned(50) is FOLD


def test_side_by_side_keeps_the_order_when_the_first_is_the_slowest():
    def wait(seconds):
        time.sleep(seconds)
        return seconds

    assert side_by_side(wait, [0.03, 0.0, 0.01]) == [0.03, 0.0, 0.01]


def test_side_by_side_passes_on_what_the_work_raises():
    with pytest.raises(ZeroDivisionError, match="zero"):
        side_by_side(lambda k: 1 / k, [1, 0])


def test_side_by_side_works_outside_the_calling_thread():
    found = side_by_side(lambda _: threading.current_thread().name, [1])
    assert found != [threading.current_thread().name]
