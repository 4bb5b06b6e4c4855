"""From the horizon that a short history could teach to the one that was asked for.

Forecasts for a short horizon, and what the purchase process expects of both horizons,
come in; forecasts for the long one go out. The process knows how each customer's
silence and spend grow with time (the living go on buying, the lost stay lost); the
learnt forecast knows the customer better. So the process sets the ratio, customer by
customer, and the learnt forecast the level. How far to believe the process's ratio is
chosen on rehearsals: shorter stretches inside the history whose outcome is known.
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
    """A stretch of the history, foreseen from its beginning."""

    learnt: Floats
    process_learnt: Floats
    process_asked: Floats
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
    r"""Return the probability of no purchase over the horizon asked for."""
    p, short, long = (
        np.clip(x, EDGE, 1 - EDGE) for x in (learnt, process_learnt, process_asked)
    )
    ratio = np.log(long) / np.log(short)
    carried: Floats = p ** (
        stretch**extrapolation_weight * ratio ** (1 - extrapolation_weight)
    )
    return carried


def choose_extrapolation_weight(rehearsals: Sequence[ExtrapolationTest]) -> float:
    """Return the extrapolation_weight that foresaw the rehearsals best.

    The purchase process is right unless the rehearsals say otherwise beyond chance:
    a extrapolation_weight above 0 has to gain more than twice its standard error in log loss.
    """
    if not rehearsals:
        return 0.0
    losses = [np.stack([_losses(r, share) for share in SHARES]) for r in rehearsals]
    best = int(np.mean([loss.mean(axis=1) for loss in losses], axis=0).argmin())
    gains = [loss[0] - loss[best] for loss in losses]
    error = np.sqrt(sum(gain.var() / len(gain) for gain in gains))
    earned = sum(gain.mean() for gain in gains) > 2 * error
    return float(SHARES[best]) if earned else 0.0


def _losses(rehearsal: ExtrapolationTest, extrapolation_weight: float) -> Floats:
    learnt, short, long, stretch, churned = rehearsal
    said = extrapolate_churn(
        learnt, short, long, stretch=stretch, extrapolation_weight=extrapolation_weight
    )
    said = np.clip(said, EDGE, 1 - EDGE)
    losses: Floats = -np.log(np.where(churned > 0, said, 1 - said))
    return losses


def extrapolate_spend(
    learnt: Floats, process_learnt: Floats, process_asked: Floats
) -> Floats:
    """Return expected spend over the horizon asked for."""
    ratio = np.divide(
        process_asked,
        process_learnt,
        out=np.zeros_like(process_asked, dtype=np.float64),
        where=process_learnt > 0,
    )
    carried: Floats = (learnt * ratio + process_asked) / 2
    return carried


def extrapolate_bounds(bounds: Floats, learnt: Floats, carried: Floats) -> Floats:
    """Return prediction intervals of spend over the horizon asked for."""
    ratio = np.divide(
        carried, learnt, out=np.zeros_like(carried, np.float64), where=learnt > 0
    )
    found: Floats = bounds * ratio[:, None]
    return found
