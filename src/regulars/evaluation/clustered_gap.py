"""Differences over several windows together, in which a customer occurs more than once.

Rows of one customer resemble each other from window to window: customers are resampled
with all their rows, or the interval would be too narrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.metrics.bootstrap import (
    PairedDifference,
    one_by_one,
    resampled_intervals,
)
from regulars.metrics.calibration import log_terms

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def pooled_log_loss_gap(
    churned: ArrayLike,
    model: ArrayLike,
    rival: ArrayLike,
    customers: ArrayLike,
    *,
    n_resamples: int = 400,
    level: float = 0.95,
    random_state: int = 0,
) -> PairedDifference:
    """Return the mean log loss of a model less that of a rival."""
    y = np.asarray(churned, dtype=np.float64)
    gaps = _losses(y, model) - _losses(y, rival)
    owner, names = pd.factorize(np.asarray(customers))
    total = np.bincount(owner, weights=gaps, minlength=len(names))
    n_rows = np.bincount(owner, minlength=len(names)).astype(np.float64)
    [ends] = resampled_intervals(
        one_by_one(lambda counts: (float(counts @ total) / float(counts @ n_rows),)),
        len(names),
        n_resamples,
        level,
        random_state,
    )
    return PairedDifference(float(gaps.mean()), ends.low, ends.high)


def _losses(y: Floats, probability: ArrayLike) -> Floats:
    if_churned, if_kept = log_terms(np.asarray(probability, dtype=np.float64))
    losses: Floats = -np.where(y == 1, if_churned, if_kept)
    return losses
