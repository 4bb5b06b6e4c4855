"""Means of the treated beside what comparable controls say they would have been.

Doubly robust, for the treated: a regression of the outcome on the controls, weighed by
the odds of treatment, stands in for the treated without treatment. It is right where
either the regression or the odds are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# above it a member has hardly anybody to be compared with
MOST_PROPENSITY = 0.9
SMALLEST_SPREAD = 1e-9
WEAK_PENALTY = 10.0  # scikit-learn's C: it only keeps collinear columns apart
RIDGE = 1e-8


class Pair(NamedTuple):
    """Two means, and what each cluster adds to their deviations from the truth."""

    treated: float
    compared: float
    treated_parts: Floats
    compared_parts: Floats

    def error(self, on_treated: float = 1.0, on_compared: float = -1.0) -> float:
        """Return the standard error of a linear combination of both means."""
        parts = on_treated * self.treated_parts + on_compared * self.compared_parts
        return clustered_error(parts)


def clustered_error(parts: Floats) -> float:
    """Return the standard error of a sum of independent clusters' parts."""
    n = len(parts)
    return math.sqrt(n / (n - 1) * float(parts @ parts)) if n > 1 else math.nan


@dataclass(frozen=True)
class Comparison:
    """Rows of treated and controls, weighed so that the controls look like the treated.

    `design` has an intercept and standardised columns; `weight` is 1 for the treated
    and the odds of treatment for the controls; `is_used` leaves out the treated without
    comparable controls, and the controls who resemble only those.
    """

    treated: NDArray[np.bool_]
    design: Floats
    weight: Floats
    is_used: NDArray[np.bool_]
    cluster: NDArray[np.int64]

    @property
    def n_unmatched(self) -> int:
        """How many treated rows have no comparable control."""
        return int((self.treated & ~self.is_used).sum())

    def effective_n(self) -> float:
        """Return how many controls of equal weight would say as much (Kish 1965)."""
        controls = self.is_used & ~self.treated
        sums = np.bincount(self.cluster[controls], self.weight[controls])
        return float(sums.sum() ** 2 / (sums @ sums))

    def means(self, y: Floats) -> Pair:
        """Return the mean of the treated and that of the controls made comparable."""
        rows = self.is_used
        t, w, x = self.treated[rows], self.weight[rows], self.design[rows]
        y, n = y[rows], float(self.treated[rows].sum())
        fitted = x @ _weighted_least_squares(x[~t], y[~t], w[~t])
        left = y - fitted
        share = w[~t] / w[~t].sum()
        compared = float(fitted[t].mean() + share @ left[~t])
        parts = np.zeros(len(y))
        parts[t] = (fitted[t] - fitted[t].mean()) / n
        parts[~t] = share * (left[~t] - share @ left[~t])
        mean = float(y[t].mean())
        own = np.where(t, (y - mean) / n, 0.0)
        return Pair(
            mean, compared, *(self._by_cluster(each, rows) for each in (own, parts))
        )

    def _by_cluster(self, parts: Floats, rows: NDArray[np.bool_]) -> Floats:
        _, code = np.unique(self.cluster[rows], return_inverse=True)
        return np.bincount(code, parts).astype(float)

    def imbalance(self, x: Floats) -> tuple[float, float]:
        """Return the standardised difference of a column's means, before and after."""
        t, w, used = self.treated, self.weight, self.is_used
        spread = math.sqrt((x[t].var() + x[~t].var()) / 2)
        if spread < SMALLEST_SPREAD:
            return 0.0, 0.0
        mine, others = t & used, ~t & used
        after = x[mine].mean() - np.average(x[others], weights=w[others])
        before = x[t].mean() - x[~t].mean()
        return float(before / spread), float(after / spread)


def propensities(columns: Floats, treated: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the standardised design and the chance of treatment of each row."""
    from sklearn.linear_model import LogisticRegression

    spread = columns.std(axis=0)
    kept = spread > SMALLEST_SPREAD
    x = (columns[:, kept] - columns[:, kept].mean(axis=0)) / spread[kept]
    design = np.column_stack([np.ones(len(x)), x])
    if not x.shape[1]:
        return design, np.full(len(x), treated.mean())
    model = LogisticRegression(C=WEAK_PENALTY, solver="newton-cholesky")
    chance: Floats = model.fit(x, treated).predict_proba(x)[:, 1]
    return design, chance


def compare(
    design: Floats, chance: Floats, treated: NDArray[np.bool_], cluster: Any
) -> Comparison:
    """Weigh controls by their odds of treatment."""
    weight = np.where(treated, 1.0, chance / np.clip(1 - chance, 1e-12, None))
    # nobody without treatment is as likely to have it: there is nobody to compare with
    most = min(MOST_PROPENSITY, float(chance[~treated].max(initial=0.0)))
    return Comparison(treated, design, weight, chance <= most, cluster)


def _weighted_least_squares(x: Floats, y: Floats, w: Floats) -> Floats:
    gram = x.T @ (x * w[:, None])
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.asarray(np.linalg.solve(gram, x.T @ (w * y)), float)
