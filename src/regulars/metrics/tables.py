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
    """Customers counted by distinct score, highest score first.

    Attributes
    ----------
    score : ndarray of shape (n_distinct,)
        Distinct scores, falling.
    churned : ndarray of shape (n_distinct,)
        Customers with this score who churned.
    total : ndarray of shape (n_distinct,)
        Customers with this score.

    Examples
    --------
    >>> outcome, score = np.array([1.0, 0, 1]), np.array([0.9, 0.9, 0.1])
    >>> table = SortedScores.of(outcome, score).table()
    >>> table.score.tolist(), table.churned.tolist(), table.total.tolist()
    ([0.9, 0.1], [1.0, 1.0], [2.0, 1.0])
    """

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

        Parameters
        ----------
        n_contacted : float or ndarray
            Customers taken from the top, 0 to ``n_customers``.

        Returns
        -------
        ndarray of the same shape

        Examples
        --------
        >>> sorted_scores = SortedScores.of(np.array([1.0, 0]), np.array([0.5, 0.5]))
        >>> float(sorted_scores.table().reached(1))
        0.5
        """
        contacted = np.concatenate(([0.0], np.cumsum(self.total)))
        churned = np.concatenate(([0.0], np.cumsum(self.churned)))
        return np.asarray(np.interp(n_contacted, contacted, churned))


@dataclass(frozen=True)
class SortedScores:
    """Customers in falling order of score, ready to be counted many times.

    Attributes
    ----------
    order : ndarray of shape (n_customers,)
        Positions of the customers, highest score first.
    outcome : ndarray of shape (n_customers,)
        1 where churned, in that order.
    starts : ndarray of shape (n_distinct,)
        Where each distinct score begins in that order.
    score : ndarray of shape (n_distinct,)
        The distinct scores.

    Examples
    --------
    >>> SortedScores.of(np.array([1.0, 0]), np.array([0.2, 0.8])).order.tolist()
    [1, 0]
    """

    order: NDArray[np.intp]
    outcome: FloatArray
    starts: NDArray[np.intp]
    score: FloatArray

    @classmethod
    def of(cls, outcome: FloatArray, score: FloatArray) -> SortedScores:
        """Sort checked arrays; O(n log n).

        Parameters
        ----------
        outcome : ndarray of shape (n_customers,)
            1 where the customer churned.
        score : ndarray of shape (n_customers,)
            Higher means likelier to churn.

        Returns
        -------
        SortedScores

        Examples
        --------
        >>> SortedScores.of(np.array([1.0, 0]), np.array([0.5, 0.5])).score.tolist()
        [0.5]
        """
        order = np.argsort(-score, kind="stable")
        falling = score[order]
        is_first = np.concatenate(([True], falling[1:] != falling[:-1]))
        starts = np.flatnonzero(is_first)
        return cls(order, outcome[order], starts, falling[starts])

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of a customer-level quantity at each distinct score.

        Parameters
        ----------
        values : ndarray of shape (n_customers,)
            In the caller's order, not the sorted one.

        Returns
        -------
        ndarray of shape (n_distinct,)

        Examples
        --------
        >>> sorted_scores = SortedScores.of(np.array([1.0, 0]), np.array([0.2, 0.8]))
        >>> sorted_scores.sums(np.array([10.0, 30.0])).tolist()
        [30.0, 10.0]
        """
        return self._by_score(values[self.order])

    def _by_score(self, falling: FloatArray) -> FloatArray:
        if self.starts.size == falling.size:  # no ties: nothing to add up
            return falling
        return np.asarray(np.add.reduceat(falling, self.starts))

    def table(self, counts: FloatArray | None = None) -> ScoreTable:
        """Count the customers at each distinct score; O(n).

        Parameters
        ----------
        counts : ndarray of shape (n_customers,), optional
            How often each customer is taken (a bootstrap resample), in the caller's
            order; once each by default.

        Returns
        -------
        ScoreTable

        Examples
        --------
        >>> sorted_scores = SortedScores.of(np.array([1.0, 0]), np.array([0.2, 0.8]))
        >>> sorted_scores.table(np.array([3.0, 1.0])).churned.tolist()
        [0.0, 3.0]
        """
        taken = np.ones(self.order.size) if counts is None else counts[self.order]
        churned = self._by_score(taken * self.outcome)
        return ScoreTable(self.score, churned, self._by_score(taken))


def equal_mass_starts(total: FloatArray, n_bins: int) -> NDArray[np.intp]:
    """Return the row of a table at which each bin of equally many customers begins.

    A row belongs, whole, to the bin in which the middle of its customers falls; so ties
    are never split, and a bin may be empty (it begins where the next one does).

    Parameters
    ----------
    total : ndarray of shape (n_distinct,)
        Customers in each row of the table.
    n_bins : int
        Bins, 1 or more.

    Returns
    -------
    ndarray of int of shape (n_bins,)

    Raises
    ------
    ValueError
        If `n_bins` is below 1.

    Examples
    --------
    >>> equal_mass_starts(np.array([1.0, 1.0, 2.0]), 2).tolist()
    [0, 2]
    >>> equal_mass_starts(np.array([4.0]), 2).tolist()
    [0, 0]
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
    """Return the sum of the values in each bin.

    Parameters
    ----------
    values : ndarray of shape (n_distinct,)
        One value a row of the table.
    starts : ndarray of int of shape (n_bins,)
        Where each bin begins, from :func:`equal_mass_starts`.

    Returns
    -------
    ndarray of shape (n_bins,)
        0 for an empty bin.

    Examples
    --------
    >>> bin_sums(np.array([1.0, 2.0, 4.0]), np.array([0, 2])).tolist()
    [3.0, 4.0]
    """
    running = np.append(0.0, np.cumsum(values))
    return np.diff(running[np.append(starts, values.size)])
