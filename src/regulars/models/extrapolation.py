"""From the horizon that a short history could teach to the one that was asked for.

The purchase process sets the ratio of the two, customer by customer, and the learnt
forecast the level. How far to believe the ratio is chosen on shorter stretches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EDGE = 1e-6
SHARES = np.linspace(0, 1, 11).round(1)


class ExtrapolationTest(NamedTuple):
    """A stretch of the history, predicted from its beginning."""

    learnt: Floats
    # P(no purchase) by the process, over the horizon learnt and the one asked for
    process_learnt: Floats
    process_asked: Floats
    # the horizon asked for, in horizons learnt
    stretch: float
    churned: Floats


def extrapolate_churn(
    learnt: Floats,
    process_learnt: Floats,
    process_asked: Floats,
    *,
    stretch: float = 1.0,
    extrapolation_weight: float = 0.0,
) -> Floats:
    """Return the probability of no purchase over the horizon asked for (ADR 0031).

    A weight of 0 takes the ratio of the log probabilities from the process, 1 from the
    days alone: silence goes on as it has begun.
    """
    p, short, long = (
        np.clip(x, EDGE, 1 - EDGE) for x in (learnt, process_learnt, process_asked)
    )
    # -log p is the integrated hazard of a purchase, and ratio its growth by the process
    ratio = np.log(long) / np.log(short)
    extrapolated: Floats = p ** (
        stretch**extrapolation_weight * ratio ** (1 - extrapolation_weight)
    )
    return extrapolated


def choose_extrapolation_weight(tests: Sequence[ExtrapolationTest]) -> float:
    """Return the weight that predicts the stretches of the history best.

    The purchase process is right unless they say otherwise beyond chance: a weight
    above 0 has to gain more than twice its standard error in log loss.
    """
    if not tests:
        return 0.0
    losses = [np.stack([_losses(test, share) for share in SHARES]) for test in tests]
    best = int(np.mean([loss.mean(axis=1) for loss in losses], axis=0).argmin())
    gains = [loss[0] - loss[best] for loss in losses]
    error = np.sqrt(sum(gain.var() / len(gain) for gain in gains))
    earned = sum(gain.mean() for gain in gains) > 2 * error
    return float(SHARES[best]) if earned else 0.0


def _losses(test: ExtrapolationTest, weight: float) -> Floats:
    probability = extrapolate_churn(
        test.learnt,
        test.process_learnt,
        test.process_asked,
        stretch=test.stretch,
        extrapolation_weight=weight,
    )
    probability = np.clip(probability, EDGE, 1 - EDGE)
    losses: Floats = -np.log(np.where(test.churned > 0, probability, 1 - probability))
    return losses


def extrapolate_spend(
    learnt: Floats, process_learnt: Floats, process_asked: Floats
) -> Floats:
    """Return expected spend over the horizon asked for.

    Mean of the learnt spend scaled by the process's ratio, and of the process's own.
    """
    ratio = np.divide(
        process_asked,
        process_learnt,
        out=np.zeros_like(process_asked, dtype=np.float64),
        where=process_learnt > 0,
    )
    extrapolated: Floats = (learnt * ratio + process_asked) / 2
    return extrapolated


def extrapolate_bounds(bounds: Floats, learnt: Floats, extrapolated: Floats) -> Floats:
    """Return what lies about expected spend, by column, over the horizon asked for."""
    ratio = np.divide(
        extrapolated,
        learnt,
        out=np.zeros_like(extrapolated, np.float64),
        where=learnt > 0,
    )
    scaled: Floats = bounds * ratio[:, None]
    return scaled
