"""The weight of each member of the churn model, from windows that none had seen.

Always by log loss, whatever the objective of the trials: a blend is read as a
probability, and its weights set how bold it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from regulars.models.churn.objective import log_loss_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMALLEST_WEIGHT = 0.03
# what a variance of 1 between the weights costs in log loss where there is one window
# to choose them on; three can tell members apart, and feel next to none of it
PULL = 0.1


def blend_weights(
    log_odds: Sequence[Mapping[str, Floats]], outcomes: Sequence[Floats]
) -> dict[str, float]:
    """Return the convex weights with the least log loss on unseen windows.

    The fewer the windows, the stronger the weights are pulled to the middle.
    """
    names = sorted(log_odds[0])
    if len(names) == 1:
        return {names[0]: 1.0}
    stacked = [np.column_stack([each[name] for name in names]) for each in log_odds]
    start = np.full(len(names), 1.0 / len(names))
    optimum = minimize(
        lambda weights: _loss_and_slope(weights, stacked, outcomes),
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(names),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
    )
    weights = np.where(optimum.x < SMALLEST_WEIGHT, 0.0, optimum.x).round(4)
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def _loss_and_slope(
    weights: Floats, stacked: Sequence[Floats], outcomes: Sequence[Floats]
) -> tuple[float, Floats]:
    blended = [scores @ weights for scores in stacked]
    losses = [log_loss_of(z, y) for z, y in zip(blended, outcomes, strict=True)]
    slopes = [
        scores.T @ (expit(z) - y) / len(y)
        for scores, z, y in zip(stacked, blended, outcomes, strict=True)
    ]
    # windows are few and members alike
    strength = PULL / len(stacked) ** 4
    off_centre = weights - weights.mean()
    value = float(np.mean(losses)) + strength * float(np.var(weights))
    pull: Floats = 2 * strength * off_centre / len(weights)
    return value, np.mean(slopes, axis=0) + pull
