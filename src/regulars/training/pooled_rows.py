"""The tests of several windows pooled, each row counted once.

Splits of one table overlap, and a row that counted twice would make intervals too
narrow: it counts with the forecast of the first split that tests it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

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


class ScoredTest(NamedTuple):
    """The rows of one test, what was forecast of them, and what each is worth."""

    rows: Dataset
    figures: ChurnTest
    value: Floats


def scored_test(trial: Trial) -> ScoredTest | None:
    """Return the test of a trial; None where nothing was tested."""
    rows, figures, scores = trial.window.test, trial.churn_test, trial.scores
    if rows is None or figures is None or scores is None:
        return None
    # what is won with a customer who is silent and comes back
    gain, churn = (
        scores[name].to_numpy(dtype=np.float64)
        for name in ("value_to_win_back", "churn_probability")
    )
    gain = np.divide(gain, churn, out=np.zeros(len(gain)), where=churn > 0)
    return ScoredTest(rows, figures, gain)


def pooled_rows(trials: Sequence[Trial]) -> PooledRows | None:
    """Return the rows of all tests; None where nothing was tested."""
    tests = [test for trial in trials if (test := scored_test(trial)) is not None]
    return pool(tests) if tests else None


def pool(tests: Sequence[ScoredTest]) -> PooledRows:
    """Return the rows of at least one test, each once."""
    rows = concatenated([test.rows for test in tests])
    # only forecasts that every test has
    names = set.intersection(*(set(test.figures.forecasts) for test in tests))
    forecasts = {
        name: np.concatenate([test.figures.forecasts[name] for test in tests])
        for name in tests[0].figures.forecasts
        if name in names
    }
    value = np.concatenate([test.value for test in tests])
    if rows.positions is not None:
        kept = np.unique(rows.positions, return_index=True)[1]
        rows, value = rows.take(kept), value[kept]
        forecasts = {name: found[kept] for name, found in forecasts.items()}
    return PooledRows(rows, forecasts, value if np.isfinite(value).any() else None)
