"""The tests of several windows pooled, each row counted once.

Splits of one table overlap, and a row that counted twice would make intervals too
narrow: it counts with the forecast of the first split that tests it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.training.dataset import concatenated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.evaluation.holdout import ChurnTest
    from regulars.training.dataset import Dataset
    from regulars.training.window import Trial

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PooledRows:
    """Rows of tests, with forecasts of models that had not seen them."""

    test: Dataset
    # by forecast
    forecasts: Mapping[str, Floats]
    # of each customer by the tested models; None where none is known
    value: Floats | None


def pooled_rows(trials: Sequence[Trial]) -> PooledRows | None:
    """Return the rows of all tests; None where nothing was tested."""
    known = [_test_of(trial) for trial in trials if trial.churn_test is not None]
    if not known:
        return None
    tests, figures, values = zip(*known, strict=True)
    rows = concatenated(tests)
    kept = np.arange(len(rows))
    if rows.positions is not None:
        kept = np.unique(rows.positions, return_index=True)[1]
    # only forecasts that every test has
    names = set.intersection(*(set(test.forecasts) for test in figures))
    value = np.concatenate(values)[kept]
    return PooledRows(
        rows.take(kept),
        {
            name: np.concatenate([test.forecasts[name] for test in figures])[kept]
            for name in figures[0].forecasts
            if name in names
        },
        value if np.isfinite(value).any() else None,
    )


def _test_of(trial: Trial) -> tuple[Dataset, ChurnTest, Floats]:
    test, scores = trial.window.test, trial.scores
    assert test is not None
    assert scores is not None
    assert trial.churn_test is not None
    return test, trial.churn_test, scores["clv"].to_numpy(dtype=np.float64)
