"""Prediction intervals of spend by split conformal prediction.

Customers are grouped by their expected spend, and in each group the ratio of spend to
expected spend gives the bounds. Nothing is assumed but that the next window is like the
last ones; how far that holds is measured on windows that the bounds did not learn from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.metrics.value import decile_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

COVERAGE = 0.9
GROUPS = 20
FEWEST_IN_GROUP = 100
TINY = 1e-9


@dataclass(frozen=True)
class SpendBands:
    """Bounds of spend in units of expected spend, by expected spend.

    Attributes
    ----------
    edges : tuple of float
        Expected spend from which the next group begins; rising.
    low, high : tuple of float
        Bounds of each group, one more than there are edges.
    coverage : float
        Share of customers that the bounds are meant to hold for.

    References
    ----------
    .. [1] Vovk, V., Gammerman, A. and Shafer, G. (2005). Algorithmic Learning in a
       Random World. Springer. (Mondrian conformal prediction.)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> expected = rng.uniform(1, 100, 5000)
    >>> spent = expected * rng.gamma(4, 1 / 4, 5000)
    >>> bands = SpendBands.learn(expected, spent)
    >>> low, high = bands.predict(expected).T
    >>> round(float(((low <= spent) & (spent <= high)).mean()), 1)
    0.9
    """

    edges: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    coverage: float = COVERAGE

    @classmethod
    def learn(
        cls, expected: ArrayLike, spent: ArrayLike, *, coverage: float = COVERAGE
    ) -> Self:
        """Return the bounds that held for windows out of sight.

        Parameters
        ----------
        expected : array-like of shape (n_rows,)
            Forecasts for windows that the members had not seen.
        spent : array-like of shape (n_rows,)
            What was spent in them.
        coverage : float, default=0.9
            Share of customers between the bounds; in (0, 1).

        Returns
        -------
        SpendBands
        """
        forecast = np.asarray(expected, dtype=np.float64)
        ratio = np.maximum(spent, 0.0) / np.maximum(forecast, TINY)
        n_groups = int(np.clip(len(forecast) // FEWEST_IN_GROUP, 1, GROUPS))
        shares = np.arange(1, n_groups) / n_groups
        edges: Floats = np.unique(np.quantile(forecast, shares))
        group = np.searchsorted(edges, forecast, side="right")
        bounds = [_bounds(ratio[group == g], coverage) for g in range(len(edges) + 1)]
        low, high = zip(*bounds, strict=True)
        return cls(tuple(map(float, edges)), low, high, coverage)

    def predict(self, expected: ArrayLike) -> Floats:
        """Return the interval of each customer.

        Parameters
        ----------
        expected : array-like of shape (n_rows,)
            Expected spend.

        Returns
        -------
        array of shape (n_rows, 2)
            Lower and upper bound; >= 0, and never without the expected spend between
            them: where hardly anyone buys, both bounds of what is spent would be 0.
        """
        forecast = np.asarray(expected, dtype=np.float64)
        group = np.searchsorted(self.edges, forecast, side="right")
        low = np.minimum(np.take(self.low, group), 1.0)
        high = np.maximum(np.take(self.high, group), 1.0)
        bounds = np.column_stack([low, high])
        interval: Floats = np.maximum(forecast, TINY)[:, None] * bounds
        return interval

    def to_dict(self) -> dict[str, Any]:
        """Return the bounds as JSON-safe data.

        Returns
        -------
        dict
        """
        return {
            "edges": list(self.edges),
            "low": list(self.low),
            "high": list(self.high),
            "coverage": self.coverage,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the bounds that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.

        Returns
        -------
        SpendBands
        """
        edges, low, high = (tuple(data[name]) for name in ("edges", "low", "high"))
        return cls(edges, low, high, float(data["coverage"]))


def interval_figures(spent: ArrayLike, bounds: Floats) -> dict[str, float]:
    """Return how prediction intervals did.

    Parameters
    ----------
    spent : array-like of shape (n_rows,)
        What was spent.
    bounds : array of shape (n_rows, 2)
        Lower and upper bounds.

    Returns
    -------
    dict of str to float
        ``interval_coverage``: share of customers within their bounds, and
        ``interval_width``: mean distance of the bounds; empty where there are none.

    Examples
    --------
    >>> interval_figures([1.0, 9.0], np.array([[0.0, 2.0], [1.0, 5.0]]))
    {'interval_coverage': 0.5, 'interval_width': 3.0}
    """
    low, high = bounds.T
    if np.isnan(low).any():
        return {}
    money = np.maximum(spent, 0.0)
    return {
        "interval_coverage": float(((low <= money) & (money <= high)).mean()),
        "interval_width": float((high - low).mean()),
    }


def interval_tenths(
    spent: ArrayLike,
    expected: ArrayLike,
    bounds: Floats,
    *,
    coverage: float = COVERAGE,
) -> pd.DataFrame:
    """Return spend and how intervals held, by tenth of expected spend.

    Use it to see for whom a forecast and its intervals hold: a level or a coverage that
    is right on the whole may be wrong for the many who spend little and, the other way,
    for the few who spend much.

    Parameters
    ----------
    spent : array-like of shape (n_rows,)
        What was spent.
    expected : array-like of shape (n_rows,)
        Expected spend.
    bounds : array of shape (n_rows, 2)
        Lower and upper bounds; NaN where there are none.
    coverage : float, default=0.9
        Share of customers that the bounds are meant to hold for; in (0, 1).

    Returns
    -------
    DataFrame
        As `regulars.metrics.decile_table`, with ``coverage_meant`` and
        ``coverage_held``: shares of the customers. Where more customers than
        `coverage` spend no more than expected of them, as the many who spend nothing,
        no bounds from 0 to the expectation could hold for fewer: so many are meant.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> expected = rng.uniform(1, 100, 5000)
    >>> spent = expected * rng.gamma(4, 1 / 4, 5000)
    >>> bounds = SpendBands.learn(expected, spent).predict(expected)
    >>> tenths = interval_tenths(spent, expected, bounds)
    >>> tenths["coverage_held"].round(1).unique().tolist()
    [0.9]
    """
    money = np.maximum(np.asarray(spent, dtype=np.float64), 0.0)
    forecast = np.asarray(expected, dtype=np.float64)
    table = decile_table(money, forecast)
    # the highest tenth comes first; each begins at the least forecast in it
    starts = table["predicted_low"].to_numpy()[::-1]
    row = len(starts) - np.searchsorted(starts, forecast, side="right")
    low, high = bounds.T
    within = np.where(np.isnan(low), np.nan, (low <= money) & (money <= high))
    shares = pd.DataFrame({"held": within, "short": money <= forecast}).groupby(row)
    mean = shares.mean().reindex(range(len(starts)))
    return table.assign(
        coverage_meant=np.maximum(coverage, mean["short"].to_numpy()),
        coverage_held=mean["held"].to_numpy(),
    )


def coverage_left_out(
    expected: Sequence[Floats], spent: Sequence[Floats]
) -> dict[str, float]:
    """Return how intervals do on windows that they were not learnt from.

    Parameters
    ----------
    expected : sequence of array of shape (n_customers,)
        Forecasts, window by window; at least one window.
    spent : sequence of array of shape (n_customers,)
        What was spent in them.

    Returns
    -------
    dict of str to float
        As `interval_figures`, each window measured with the bounds of the others
        and counted alike, and ``interval_gap``: by how much the coverage of the worst
        tenth of expected spend differs from what it is meant to be, all windows taken
        together. A window that is alone is split into two halves.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spent = [rng.gamma(4, 5, 4000) for _ in range(2)]
    >>> figures = coverage_left_out([np.full(4000, 20.0)] * 2, spent)
    >>> round(figures["interval_coverage"], 1)
    0.9
    """
    if len(expected) == 1:
        expected = [expected[0][::2], expected[0][1::2]]
        spent = [spent[0][::2], spent[0][1::2]]
    bounds = [
        SpendBands.learn(
            np.concatenate([each for k, each in enumerate(expected) if k != place]),
            np.concatenate([each for k, each in enumerate(spent) if k != place]),
        ).predict(forecast)
        for place, forecast in enumerate(expected)
    ]
    windows = [interval_figures(*pair) for pair in zip(spent, bounds, strict=True)]
    means = {key: float(np.mean([each[key] for each in windows])) for key in windows[0]}
    together = (np.concatenate(each) for each in (spent, expected, bounds))
    tenths = interval_tenths(*together)
    gap = tenths["coverage_held"] - tenths["coverage_meant"]
    return {**means, "interval_gap": float(gap.abs().max())}


def _bounds(ratio: Floats, coverage: float) -> tuple[float, float]:
    """Return the order statistics that a new customer falls between."""
    if not len(ratio):
        return 0.0, 0.0
    ranked = np.sort(ratio)
    n = len(ranked)
    below = int(np.floor((1.0 - coverage) / 2 * (n + 1))) - 1
    low = float(ranked[below]) if below >= 0 else 0.0
    # nobody spends less than a lower bound of 0: all misses may lie above; of n that
    # are known, k + 1 in n + 1 new ones lie below the value at place k
    missed = (int(np.searchsorted(ranked, low)) + (low > 0)) / (n + 1)
    above = min(int(np.ceil((coverage + missed) * (n + 1))) - 1, n - 1)
    return low, float(ranked[above])
