from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.models.churn.logistic import LogisticChurn
from regulars.models.inputs import features_of

ROWS = pd.DataFrame({"a": [1.0, np.nan, 3.0, 4.0], "b": [4.0, 2.0, 0.0, 1.0]})


@pytest.fixture(scope="module")
def model():
    return LogisticChurn().fit(ROWS, [0, 1, 0, 1])


@pytest.mark.parametrize("rows", [ROWS, ROWS.astype({"b": int}), ROWS[:1]])
def test_rows_are_read_as_numbers(model, rows):
    np.testing.assert_array_equal(features_of(model, rows), rows.to_numpy(float))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[["b", "a"]], "must be in the same order"),
        (ROWS[["a"]], "missing"),
        (ROWS.rename(columns={"b": "c"}), "unseen at fit time"),
        (ROWS.assign(b=np.inf), "infinity"),
        (ROWS[:0], "0 sample"),
    ],
)
def test_other_rows_are_refused(model, rows, message):
    with pytest.raises(ValueError, match=message):
        features_of(model, rows)
