"""Histories over counted opportunities, for BG/BB: checks and likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaln, digamma, gammaln

from regulars.clv.histories import check_horizon
from regulars.clv.rows import reject

if TYPE_CHECKING:
    import pandas as pd

    from regulars.clv.fitting import FloatArray

_ADVICE = "frequency, recency and T count opportunities after the first purchase."


class Terms:
    """The terms of equation (5), laid out flat: one for each possible time of leaving.

    The last term of a row is "never left"; the others left after opportunity k.
    """

    def __init__(self, x: FloatArray, recency: FloatArray, n: FloatArray) -> None:
        counts = (n - recency).astype(np.int64) + 1
        self.first = np.cumsum(counts) - counts
        self.row = np.repeat(np.arange(counts.size), counts)
        self.taken = x[self.row]
        self.until = recency[self.row] + (
            np.arange(self.row.size) - self.first[self.row]
        )
        self.left = np.ones(self.row.size)
        self.left[self.first + counts - 1] = 0.0

    def evaluate(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log-likelihoods by row, and slopes by log-parameter and row."""
        alpha, beta, gamma, delta = np.exp(theta)
        x, k, left = self.taken, self.until, self.left
        terms = betaln(alpha + x, beta + k - x) + betaln(gamma + left, delta + k)
        top = np.maximum.reduceat(terms, self.first)
        share = np.exp(terms - top[self.row])
        total = np.add.reduceat(share, self.first)
        share /= total[self.row]
        value = top + np.log(total) - betaln(alpha, beta) - betaln(gamma, delta)
        slopes = [
            alpha
            * self._slope(share, alpha + x, alpha + beta + k, alpha, alpha + beta),
            beta
            * self._slope(share, beta + k - x, alpha + beta + k, beta, alpha + beta),
            gamma
            * self._slope(
                share, gamma + left, gamma + delta + left + k, gamma, gamma + delta
            ),
            delta
            * self._slope(
                share, delta + k, gamma + delta + left + k, delta, gamma + delta
            ),
        ]
        return value, np.array(slopes)

    def _slope(
        self, share: FloatArray, own: FloatArray, both: FloatArray, a: float, ab: float
    ) -> FloatArray:
        """Return the mean over terms of the slope of log B, less the prior's."""
        slope = (digamma(own) - digamma(a)) - (digamma(both) - digamma(ab))
        return np.asarray(np.add.reduceat(share * slope, self.first))


def log_binomial(n: Any, k: Any) -> FloatArray:
    """Return the logarithm of n over k."""
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def whole_steps(t: Any, n_rows: int | None = None) -> FloatArray:
    """Return a horizon in whole opportunities, or raise."""
    steps = check_horizon(t, n_rows)
    if (steps != np.floor(steps)).any():
        msg = f"t must be a whole number of opportunities, got {t!r}."
        raise ValueError(msg)
    return steps


def check_opportunities(table: pd.DataFrame) -> None:
    """Raise if a history cannot be one of opportunities taken and left."""
    x, recency, n = (table[name].to_numpy() for name in ("frequency", "recency", "T"))
    for name in ("frequency", "recency", "T"):
        values = table[name].to_numpy()
        bad = (values < 0) | (values != np.floor(values))
        reject(values, bad, table.index, f"{name} is not a whole number >= 0", _ADVICE)
    rules = [
        (recency > n, "recency is greater than T"),
        (x > recency, "frequency is greater than recency"),
        ((x == 0) & (recency > 0), "frequency is 0 but recency is not"),
    ]
    for bad, what in rules:
        reject(x, bad, table.index, what, _ADVICE)
