"""The tests of several windows laid together, each row counted once.

Splits of one table overlap, and a row that counted twice would make an interval
narrower than what was seen: it stands as the first split that tests it has it.
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
    """Rows of tests, and what models that had not seen them say."""

    test: Dataset
    # by forecast
    forecasts: Mapping[str, Floats]
    # what each customer is worth by the tested models; None where nobody knows
    value: Floats | None


def pooled_rows(trials: Sequence[Trial]) -> PooledRows | None:
    """Return the rows of all tests; None where nothing was tested."""
    known = [_parts(trial) for trial in trials if trial.churn_test is not None]
    if not known:
        return None
    tests, figures, values = zip(*known, strict=True)
    rows = concatenated(tests)
    kept = np.arange(len(rows))
    if rows.positions is not None:
        kept = np.unique(rows.positions, return_index=True)[1]
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


def _parts(trial: Trial) -> tuple[Dataset, ChurnTest, Floats]:
    test, scores = trial.window.test, trial.scores
    assert test is not None
    assert scores is not None
    assert trial.churn_test is not None
    return test, trial.churn_test, scores["clv"].to_numpy(dtype=np.float64)
