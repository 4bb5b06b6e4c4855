"""The weight of each member of the churn model, from windows that none had seen.

Always by log loss, whatever the objective of the trials: a blend is read as a
probability, and its weights set how bold it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from regulars.models.churn.pooling import POOLS, PROBABILITY_FLOOR, Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    # log loss and its slope by weight, of one window
    Loss = Callable[[Floats], tuple[float, Floats]]

SMALLEST_WEIGHT = 0.03
# what a variance of 1 between the weights costs in log loss on a single window; each
# window more is that much evidence more
PULL = 0.06
CONVERGED = 1e-10


class Blend(NamedTuple):
    """Convex weights, and what they are weights of."""

    weights: dict[str, float]
    pool: Pool


def choose_blend(
    log_odds: Sequence[Mapping[str, Floats]], outcomes: Sequence[Floats]
) -> Blend:
    """Return the weights and the kind of mean with the least log loss.

    The fewer the windows, the stronger the weights are pulled to the middle.
    """
    names = sorted(log_odds[0])
    if len(names) == 1:
        return Blend({names[0]: 1.0}, "probability")
    stacked = [np.column_stack([each[name] for name in names]) for each in log_odds]
    found = [(*_weights(stacked, outcomes, pool), pool) for pool in POOLS]
    weights, _, pool = min(found, key=lambda each: each[1])
    kept = np.where(weights < SMALLEST_WEIGHT, 0.0, weights).round(4)
    return Blend(dict(zip(names, (kept / kept.sum()).tolist(), strict=True)), pool)


def _weights(
    stacked: Sequence[Floats], outcomes: Sequence[Floats], pool: Pool
) -> tuple[Floats, float]:
    make = _of_log_odds if pool == "log_odds" else _of_probabilities
    losses = [make(z, y) for z, y in zip(stacked, outcomes, strict=True)]
    n_members = stacked[0].shape[1]
    pull = PULL / len(stacked)

    def objective(weights: Floats) -> tuple[float, Floats]:
        values, slopes = zip(*(loss(weights) for loss in losses), strict=True)
        off_centre = weights - weights.mean()
        value = float(np.mean(values)) + pull * float(np.var(weights))
        return value, np.mean(slopes, axis=0) + 2 * pull * off_centre / n_members

    optimum = minimize(
        objective,
        np.full(n_members, 1.0 / n_members),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
        options={"ftol": CONVERGED, "maxiter": 500},
    )
    return optimum.x, float(optimum.fun)


def _of_log_odds(scores: Floats, y: Floats) -> Loss:
    def loss(weights: Floats) -> tuple[float, Floats]:
        z = scores @ weights
        value = -np.mean(y * log_expit(z) + (1 - y) * log_expit(-z))
        return float(value), scores.T @ (expit(z) - y) / len(y)

    return loss


def _of_probabilities(scores: Floats, y: Floats) -> Loss:
    members = np.clip(expit(scores), PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    # the probability of what happened, by each member
    happened = np.where(y[:, None] == 1, members, 1 - members)

    def loss(weights: Floats) -> tuple[float, Floats]:
        mean = happened @ weights
        return float(-np.log(mean).mean()), -(happened / mean[:, None]).mean(axis=0)

    return loss
