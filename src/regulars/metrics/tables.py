"""Counts of churned and all customers at each distinct score: what churn metrics need.

In come outcomes and scores; out goes a table with one row a distinct score, highest
first. Every ranking and calibration metric is a short sum over it. Customers with the
same score share a row, so the order of the rows that the caller passed can never
matter, and a bootstrap resample is the same sorted table with other counts: sorted
once, summed a thousand times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.metrics.arrays import FloatArray

__all__ = ["ScoreTable", "SortedScores", "bin_sums", "equal_mass_starts"]


@dataclass(frozen=True)
class ScoreTable:
    """Customers counted by distinct score, highest score first."""

    score: FloatArray
    churned: FloatArray
    total: FloatArray

    @property
    def n_customers(self) -> float:
        """Customers in all."""
        return float(self.total.sum())

    @property
    def n_churned(self) -> float:
        """Customers who churned."""
        return float(self.churned.sum())

    def reached(self, n_contacted: NDArray[np.float64] | float) -> FloatArray:
        """Return the churned customers among the first ``n_contacted``.

        Where the limit falls among customers of equal score, the expected number under
        a random order of them is taken.
        """
        contacted = np.concatenate(([0.0], np.cumsum(self.total)))
        churned = np.concatenate(([0.0], np.cumsum(self.churned)))
        return np.asarray(np.interp(n_contacted, contacted, churned))


@dataclass(frozen=True)
class SortedScores:
    """Customers in falling order of score, ready to be counted many times."""

    order: NDArray[np.intp]
    outcome: FloatArray
    starts: NDArray[np.intp]
    score: FloatArray

    @classmethod
    def of(cls, outcome: FloatArray, score: FloatArray) -> SortedScores:
        """Sort checked arrays; O(n log n)."""
        order = np.argsort(-score, kind="stable")
        falling = score[order]
        is_first = np.concatenate(([True], falling[1:] != falling[:-1]))
        starts = np.flatnonzero(is_first)
        return cls(order, outcome[order], starts, falling[starts])

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of a customer-level quantity at each distinct score."""
        return self._by_score(values[self.order])

    def _by_score(self, falling: FloatArray) -> FloatArray:
        if self.starts.size == falling.size:  # no ties: nothing to add up
            return falling
        return np.asarray(np.add.reduceat(falling, self.starts))

    def table(self, counts: FloatArray | None = None) -> ScoreTable:
        """Count the customers at each distinct score; O(n)."""
        taken = np.ones(self.order.size) if counts is None else counts[self.order]
        churned = self._by_score(taken * self.outcome)
        return ScoreTable(self.score, churned, self._by_score(taken))


def equal_mass_starts(total: FloatArray, n_bins: int) -> NDArray[np.intp]:
    """Return the row of a table at which each bin of equally many customers begins.

    A row belongs, whole, to the bin in which the middle of its customers falls; so ties
    are never split, and a bin may be empty (it begins where the next one does).
    """
    if n_bins < 1:
        msg = f"'n_bins' is {n_bins}; at least 1 was expected."
        raise ValueError(msg)
    running = np.cumsum(total)
    middle = (running - total / 2.0) / running[-1]
    starts = np.searchsorted(middle, np.arange(n_bins) / n_bins, side="left")
    starts[0] = 0
    return starts


def bin_sums(values: FloatArray, starts: NDArray[np.intp]) -> FloatArray:
    """Return the sum of the values in each bin."""
    running = np.append(0.0, np.cumsum(values))
    return np.diff(running[np.append(starts, values.size)])
