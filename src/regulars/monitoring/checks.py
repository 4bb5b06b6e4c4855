"""Which of many checks ring, so that an undrifted month rarely rings at all.

Every check asks whether a change is larger than what the configuration tolerates, not
whether there is any; Holm's procedure then holds the chance of any false alarm in a
month, over all checks together and however they depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from regulars.results.monitoring import Alarm, Check, Room

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A check with what is to be said if it rings."""

    room: Room
    name: str
    value: float | None
    expected: float | None
    threshold: float
    p_value: float
    sentence: str
    since: date | None = None
    # whether the figure itself is beyond its threshold, whatever chance gives
    is_beyond: bool = True


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p values adjusted for their number by Holm's procedure.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def ring(
    watches: Sequence[Watch], alarm_rate: float
) -> tuple[tuple[Check, ...], tuple[Alarm, ...]]:
    """Return all checks, and the alarms among them, the surest first."""
    adjusted = holm([each.p_value for each in watches])
    rings = [
        bool(p <= alarm_rate and each.is_beyond)
        for p, each in zip(adjusted, watches, strict=True)
    ]
    checks = tuple(
        Check(
            room=each.room,
            name=each.name,
            value=each.value,
            expected=each.expected,
            threshold=each.threshold,
            p_value=each.p_value,
            is_alarm=is_alarm,
        )
        for each, is_alarm in zip(watches, rings, strict=True)
    )
    loud = [each for each, is_alarm in zip(watches, rings, strict=True) if is_alarm]
    loud.sort(key=lambda each: each.p_value)
    return checks, tuple(
        Alarm(room=each.room, name=each.name, since=each.since, sentence=each.sentence)
        for each in loud
    )


def tail(excess: float, error: float) -> float:
    """Return the chance of such an excess over what is tolerated, or a larger one."""
    if not np.isfinite(excess) or not np.isfinite(error):
        return 1.0
    if error <= 0:
        return float(excess <= 0)
    return float(norm.sf(excess / error))
