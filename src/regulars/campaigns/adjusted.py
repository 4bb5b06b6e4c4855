"""Effects of a randomised offer: plain, stratified, CUPED and adjusted after Lin.

Each estimate carries what every customer adds to its deviation from the truth. The
standard error is the root of their squares, and ratios of two estimates (return on
cost, cost of a customer kept) take their covariance from the same parts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

# customers of the smaller group that one covariate needs
ROWS_A_COVARIATE = 20
# of either group; below that nothing is said
FEWEST = 2
# a customer who alone decides a coefficient has no residual to speak of
LEAST_FREE = 0.1
SMALLEST_SPREAD = 1e-9


@dataclass(frozen=True, eq=False)
class Effect:
    """An estimate with what each customer adds to its deviation from the truth."""

    value: float
    parts: Floats

    @property
    def error(self) -> float:
        """Standard error."""
        return math.sqrt(float(self.parts @ self.parts))

    def interval(self, multiplier: float) -> tuple[float, float]:
        """Return value less and plus so many standard errors."""
        reach = multiplier * self.error
        return self.value - reach, self.value + reach

    def times(self, factor: float) -> Effect:
        """Return the estimate in another unit."""
        return Effect(factor * self.value, factor * self.parts)


@dataclass(frozen=True, eq=False)
class Trial:
    """Who drew the offer, and what was known of everybody before."""

    # drew the offer; the others are the control group
    treated: Flags
    # probability with which the offer was drawn
    p_offer: Floats
    # group within which it was drawn
    stratum: NDArray[np.intp]
    # as of the launch, the most telling first: `cuped` takes the first one
    covariates: Floats

    def __len__(self) -> int:
        return len(self.treated)

    @property
    def fewest(self) -> int:
        """Customers of the smaller group."""
        n = int(self.treated.sum())
        return min(n, len(self) - n)

    @property
    def is_measurable(self) -> bool:
        """Whether both groups have enough customers for a standard error."""
        return self.fewest >= FEWEST

    def take(self, rows: Flags) -> Trial:
        """Return some of the customers."""
        return Trial(
            self.treated[rows],
            self.p_offer[rows],
            self.stratum[rows],
            self.covariates[rows],
        )

    @property
    def weight(self) -> Floats:
        """One over the probability of the group that was drawn."""
        share = np.where(self.treated, self.p_offer, 1 - self.p_offer)
        # where rounding left a stratum no control group nobody was drawn to be one
        return 1 / np.clip(share, 1e-3, None)


def plain(trial: Trial, y: Floats) -> Effect:
    """Return the difference of both groups' means, with Welch's standard error."""
    t = trial.treated
    parts = np.zeros(len(y))
    means = []
    for group, sign in ((t, 1.0), (~t, -1.0)):
        n, mean = int(group.sum()), float(y[group].mean())
        parts[group] = sign * (y[group] - mean) / math.sqrt(n * max(n - 1, 1))
        means.append(mean)
    return Effect(means[0] - means[1], parts)


def cuped(trial: Trial, y: Floats) -> Effect:
    """Return the difference after what the first covariate has foreseen.

    Deng, Xu, Kohavi and Walker (2013); the slope is that within the groups.
    """
    t, x = trial.treated, trial.covariates[:, 0]
    deviation = np.zeros(len(y))
    for group in (t, ~t):
        deviation[group] = x[group] - x[group].mean()
    spread = float(deviation @ deviation)
    slope = float(deviation @ y) / spread if spread > SMALLEST_SPREAD else 0.0
    return plain(trial, y - slope * (x - x.mean()))


def stratified(trial: Trial, y: Floats) -> Effect:
    """Return the mean of the strata's differences, weighed by their customers.

    Strata with fewer than two customers in a group count as one; where that has too
    few as well it is left out.
    """
    _, code = np.unique(trial.stratum, return_inverse=True)
    groups = (trial.treated, ~trial.treated)
    counts = [np.bincount(code[g], minlength=code.max() + 1) for g in groups]
    code = np.where((np.minimum(*counts) < FEWEST)[code], -1, code)
    strata = [code == each for each in np.unique(code)]
    kept = [rows for rows in strata if trial.take(rows).is_measurable]
    n = sum(int(rows.sum()) for rows in kept)
    if not n:
        return plain(trial, y)
    value, parts = 0.0, np.zeros(len(y))
    for rows in kept:
        share = int(rows.sum()) / n
        effect = plain(trial.take(rows), y[rows])
        value += share * effect.value
        parts[rows] = share * effect.parts
    return Effect(value, parts)


def lin(trial: Trial, y: Floats) -> Effect:
    """Return the effect by a regression with interactions, errors by HC2.

    Lin (2013): each group has its own regression on centred covariates, and the effect
    is the difference of the intercepts. The parts hold the covariates' own sampling,
    so that the interval is of the customers' population.
    """
    z = _usable(trial)
    value, parts, slopes = 0.0, np.zeros(len(y)), []
    for group, sign in ((trial.treated, 1.0), (~trial.treated, -1.0)):
        x = np.column_stack([np.ones(int(group.sum())), z[group]])
        w = trial.weight[group]
        inverse = np.linalg.pinv(x.T @ (w[:, None] * x))
        beta = inverse @ (x.T @ (w * y[group]))
        left = y[group] - x @ beta
        leverage = w * np.einsum("ij,jk,ik->i", x, inverse, x)
        free = np.sqrt(np.clip(1 - leverage, LEAST_FREE, None))
        value += sign * float(beta[0])
        parts[group] = sign * (x @ inverse[:, 0]) * w * left / free
        slopes.append(beta[1:])
    parts += z @ (slopes[0] - slopes[1]) / len(y)
    return Effect(value, parts)


def _usable(trial: Trial) -> Floats:
    """Return centred, scaled covariates: as many as the smaller group can bear."""
    x = trial.covariates
    x = x[:, x.std(axis=0) > SMALLEST_SPREAD]
    x = x[:, : trial.fewest // ROWS_A_COVARIATE]
    if not x.shape[1]:
        return np.zeros((len(x), 0))
    scaled: Floats = (x - x.mean(axis=0)) / x.std(axis=0)
    return scaled


def slope_of_effect(trial: Trial, y: Floats, predicted: Floats) -> Effect:
    """Return how much the effect grows with its prediction: 1 where it is as predicted.

    Best linear predictor of the effect (Chernozhukov, Demirer, Duflo and
    Fernandez-Val 2018), each group with its own line, errors by HC2. The prediction is
    of the launch: it has not seen the outcome.
    """
    parts, slopes = np.zeros(len(y)), []
    for group, sign in ((trial.treated, 1.0), (~trial.treated, -1.0)):
        x = predicted[group] - np.average(predicted[group], weights=trial.weight[group])
        w = trial.weight[group]
        spread = float(x @ (w * x))
        slope = float(x @ (w * y[group])) / spread
        centre = np.average(y[group], weights=w)
        leverage = w * (1 / w.sum() + x * x / spread)
        left = y[group] - centre - slope * x
        free = np.sqrt(np.clip(1 - leverage, LEAST_FREE, None))
        parts[group] = sign * w * x / spread * left / free
        slopes.append(slope)
    return Effect(slopes[0] - slopes[1], parts)


def ratio_interval(
    above: Effect, below: Effect, multiplier: float
) -> tuple[float, float] | None:
    """Return Fieller's interval of a ratio; None where it has no ends.

    It has none where the interval of what stands below the line holds nought.
    """
    square = multiplier**2
    a = below.value**2 - square * float(below.parts @ below.parts)
    b = above.value * below.value - square * float(above.parts @ below.parts)
    c = above.value**2 - square * float(above.parts @ above.parts)
    inner = b * b - a * c
    if a <= 0 or inner < 0:
        return None
    root = math.sqrt(inner)
    return (b - root) / a, (b + root) / a
