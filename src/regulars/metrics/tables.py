"""Customers sorted once, so that every measure is a short sum over counts of them.

A bootstrap resample is the same sorted customers with other counts. Customers of equal
score share a row, so the order of the caller's rows can never matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.arrays import (
    as_numbers,
    check_outcome,
    check_probability,
    check_same_length,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.metrics.arrays import FloatArray


@dataclass(frozen=True)
class ScoreTable:
    """Customers counted by distinct score, highest score first.

    Of several resamples at once, counts have a row for each, and so have figures.
    """

    score: FloatArray
    churned: FloatArray
    total: FloatArray

    @property
    def n_customers(self) -> FloatArray:
        """Customers in all."""
        return np.asarray(self.total.sum(axis=-1))

    @property
    def n_churned(self) -> FloatArray:
        """Customers who churned."""
        return np.asarray(self.churned.sum(axis=-1))

    def reached(self, n_contacted: FloatArray | float) -> FloatArray:
        """Return the churned customers among the first ``n_contacted``.

        Where the limit falls among customers of equal score, the expected number under
        a random order of them is taken. Of several resamples at once, ``n_contacted``
        is one number for each.
        """
        contacted, churned = _running(self.total), _running(self.churned)
        if contacted.ndim == 1:
            return np.asarray(np.interp(n_contacted, contacted, churned))
        rows = zip(np.asarray(n_contacted), contacted, churned, strict=True)
        return np.array([np.interp(*row) for row in rows])


@dataclass(frozen=True)
class SortedScores:
    """Outcomes in falling order of score, ready to be counted many times."""

    order: NDArray[np.intp]
    outcome: FloatArray  # in that order
    starts: NDArray[np.intp]  # where each distinct score begins in it
    score: FloatArray  # distinct

    @classmethod
    def of(cls, outcome: FloatArray, score: FloatArray) -> SortedScores:
        """Sort checked arrays; O(n log n)."""
        order = np.argsort(-score, kind="stable")
        falling = score[order]
        is_first = np.concatenate(([True], falling[1:] != falling[:-1]))
        starts = np.flatnonzero(is_first)
        return cls(order, outcome[order], starts, falling[starts])

    @classmethod
    def from_scores(cls, y: ArrayLike, score: ArrayLike) -> SortedScores:
        """Check and sort outcomes and any scores."""
        return cls.of(*check_outcome(y, score))

    @classmethod
    def from_probabilities(cls, y: ArrayLike, probability: ArrayLike) -> SortedScores:
        """Check and sort outcomes and probabilities."""
        return cls.of(*check_probability(y, probability))

    @property
    def n_customers(self) -> int:
        """Customers in all."""
        return self.order.size

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of a customer-level quantity at each distinct score."""
        return self._by_score(values[self.order])

    def _by_score(self, falling: FloatArray) -> FloatArray:
        if self.starts.size == falling.shape[-1]:  # no ties: nothing to add up
            return falling
        return np.asarray(np.add.reduceat(falling, self.starts, axis=-1))

    def table(self, counts: FloatArray | None = None) -> ScoreTable:
        """Count the customers at each distinct score, each once by default; O(n).

        Counts of shape (n_resamples, n_customers) give a table of all the resamples.
        """
        if counts is None:
            counts = np.ones(self.order.size)
        taken = np.take(counts, self.order, axis=-1)
        churned = self._by_score(taken * self.outcome)
        return ScoreTable(self.score, churned, self._by_score(taken))


@dataclass(frozen=True)
class Ranks:
    """The distinct values of an array, ready to be ranked with other counts."""

    index: NDArray[np.intp]
    n_distinct: int

    @classmethod
    def of(cls, values: FloatArray) -> Ranks:
        """Find the distinct values; O(n log n)."""
        distinct, index = np.unique(values, return_inverse=True)
        return cls(index, distinct.size)

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of a customer-level quantity at each value, rising."""
        totals = np.bincount(self.index, weights=values, minlength=self.n_distinct)
        return np.asarray(totals, dtype=np.float64)

    def ranks(self, counts: FloatArray) -> FloatArray:
        """Return each customer's rank; equal values share the mean of theirs."""
        held = self.sums(counts)
        return np.asarray((np.cumsum(held) - held / 2.0)[self.index])


@dataclass(frozen=True)
class SpendTable:
    """Actual and predicted amounts, and how often each customer is taken."""

    spend: SortedSpend
    counts: FloatArray

    @property
    def n_customers(self) -> float:
        """Customers in all."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class SortedSpend:
    """Actual and predicted amounts, ready to be counted many times."""

    actual: FloatArray
    predicted: FloatArray
    by_actual: Ranks
    by_predicted: Ranks

    @classmethod
    def of(cls, actual: ArrayLike, predicted: ArrayLike) -> SortedSpend:
        """Check and sort two arrays of amounts; O(n log n)."""
        real = as_numbers("actual", actual)
        forecast = as_numbers("predicted", predicted)
        check_same_length(["actual", "predicted"], [real, forecast])
        return cls(real, forecast, Ranks.of(real), Ranks.of(forecast))

    @property
    def n_customers(self) -> int:
        """Customers in all."""
        return self.actual.size

    def table(self, counts: FloatArray | None = None) -> SpendTable:
        """Take each customer so often, once by default."""
        return SpendTable(self, np.ones(self.actual.size) if counts is None else counts)


def equal_mass_starts(total: FloatArray, n_bins: int) -> NDArray[np.intp]:
    """Return the score of a table at which each bin of equally many customers begins.

    A score belongs, whole, to the bin in which the middle of its customers falls; so
    ties are never split, and a bin may be empty (it begins where the next one does).
    """
    if n_bins < 1:
        msg = f"'n_bins' is {n_bins}; at least 1 was expected."
        raise ValueError(msg)
    running = np.cumsum(total, axis=-1)
    middle = (running - total / 2.0) / running[..., -1:]
    rows = middle.reshape(-1, middle.shape[-1])
    shares = np.arange(n_bins) / n_bins
    starts = np.array([np.searchsorted(row, shares, side="left") for row in rows])
    starts[:, 0] = 0
    return starts.reshape(*total.shape[:-1], n_bins)


def bin_sums(values: FloatArray, starts: NDArray[np.intp]) -> FloatArray:
    """Return the sum of the values in each bin."""
    # a difference of running sums and not reduceat, which gives an empty bin a value
    ends = np.full((*starts.shape[:-1], 1), values.shape[-1])
    places = np.concatenate((starts, ends), axis=-1)
    return np.diff(np.take_along_axis(_running(values), places, axis=-1))


def _running(values: FloatArray) -> FloatArray:
    """Return the running sums along the last axis, from 0."""
    start = np.zeros((*values.shape[:-1], 1))
    return np.concatenate((start, np.cumsum(values, axis=-1)), axis=-1)
