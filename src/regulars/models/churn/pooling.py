"""One probability out of several: the mean of them, or of their log-odds.

A mean of log-odds is drawn to the boldest member; a mean of probabilities is not, and
doubts where members disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Pool = Literal["probability", "log_odds"]
POOLS: tuple[Pool, ...] = ("probability", "log_odds")
# what no finite sample can tell from certainty
PROBABILITY_FLOOR = 1e-4


def log_odds_of(probability: Floats) -> Floats:
    """Return log-odds that are finite."""
    odds: Floats = logit(_inside(probability))
    return odds


def _inside(probability: Floats) -> Floats:
    clipped: Floats = np.clip(probability, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return clipped


def combine(
    log_odds: Mapping[str, Floats], weights: Mapping[str, float], pool: Pool
) -> Floats:
    """Return the log-odds of the weighted mean of the members."""
    # a fixed order of addition: the same bits whatever the order of the mapping
    names = sorted(name for name, share in weights.items() if share > 0)
    if pool == "log_odds" or len(names) == 1:
        total: Floats = np.sum([weights[n] * log_odds[n] for n in names], axis=0)
        return total
    mean = np.sum([weights[name] * expit(log_odds[name]) for name in names], axis=0)
    return log_odds_of(mean)


def pulls(
    log_odds: Mapping[str, Floats],
    bases: Mapping[str, Floats],
    weights: Mapping[str, float],
    pool: Pool,
) -> dict[str, Floats]:
    """Return how far each member's step from its base moves the blend's log-odds.

    Slopes of the chord from the bases to where the members stand: times the steps, they
    add up to the blend's own step.
    """
    if pool == "log_odds" or len(log_odds) == 1:
        return {name: np.full(len(z), weights[name]) for name, z in log_odds.items()}
    low, high = (
        np.sum([weights[name] * expit(z) for name, z in each.items()], axis=0)
        for each in (bases, log_odds)
    )
    outer = stretch(low, high)
    return {
        name: weights[name] * outer * _chord(bases[name], z)
        for name, z in log_odds.items()
    }


def _chord(low: Floats, high: Floats) -> Floats:
    """Return by how much probabilities differ where log-odds differ by one."""
    gap = high - low
    near = np.abs(gap) < 1e-6
    slope = expit(low) * expit(-low)
    step = expit(high) - expit(low)
    chord: Floats = np.where(near, slope, step / np.where(near, 1.0, gap))
    return chord


def stretch(low: Floats, high: Floats) -> Floats:
    """Return by how much log-odds differ where probabilities differ by one."""
    low, high = _inside(low), _inside(high)
    gap = high - low
    near = np.abs(gap) < 1e-9
    slope = 1 / (low * (1 - low))
    return np.where(near, slope, (logit(high) - logit(low)) / np.where(near, 1.0, gap))
