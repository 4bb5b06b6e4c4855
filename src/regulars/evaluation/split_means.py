"""The mean of several tests of one method.

Splits of one table overlap, so figures and bounds are averaged, not worked out anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.evaluation.holdout import ChurnTest, churn_curves

if TYPE_CHECKING:
    from collections.abc import Sequence


def mean_test(tests: Sequence[ChurnTest]) -> ChurnTest:
    """Return the mean of tests of the same forecasts.

    Figures are means, bounds the means of the tests' own bounds, and the curves those
    of all rows together.
    """
    if len(tests) == 1:
        return tests[0]
    churned = np.concatenate([test.churned for test in tests])
    forecasts = {
        name: np.concatenate([test.forecasts[name] for test in tests])
        for name in tests[0].forecasts
    }
    return ChurnTest(
        metrics={
            name: mean_figures([test.metrics[name] for test in tests])
            for name in forecasts
        },
        intervals={
            name: _mean_bounds([test.intervals[name] for test in tests])
            for name in forecasts
        },
        curves={name: churn_curves(churned, each) for name, each in forecasts.items()},
        churned=churned,
        forecasts=forecasts,
    )


def mean_figures(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of each figure; None where a test could not say."""
    means: dict[str, Any] = {"cutoff": figures[0]["cutoff"]}
    for name in figures[0]:
        values = [row[name] for row in figures]
        if name == "cutoff":
            continue
        if any(value is None for value in values):
            means[name] = None
        elif name == "n_customers":
            means[name] = round(float(np.mean(values)))
        else:
            means[name] = float(np.mean(values))
    return means


def _mean_bounds(bounds: Sequence[dict[str, list[float]]]) -> dict[str, list[float]]:
    return {
        name: [float(np.mean([b[name][side] for b in bounds])) for side in (0, 1)]
        for name in bounds[0]
        if all(None not in b[name] for b in bounds)
    }
