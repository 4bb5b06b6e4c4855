"""Differences over several windows together, in which a customer occurs more than once.

Outcomes, two forecasts and whose they are come in; the mean difference of log loss with
its interval goes out. Rows of one customer resemble each other from window to window:
customers are resampled with all their rows, or the interval would be too narrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.metrics.bootstrap import PairedDifference, resampled_intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

SMALLEST = 1e-15


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
    """Return the mean log loss of a model less that of a rival.

    Parameters
    ----------
    churned : array-like of shape (n_rows,)
        1 where the customer churned in the window of the row, else 0.
    model, rival : array-like of shape (n_rows,)
        Probability of churn by each.
    customers : array-like of shape (n_rows,)
        Whose row it is.
    n_resamples : int, default=400
        Resamples of customers.
    level : float, default=0.95
        Confidence level.
    random_state : int, default=0
        Seed.

    Returns
    -------
    PairedDifference
        Below 0 the model is better.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.random(200)
    >>> y, ids = (rng.random(200) < p) * 1.0, np.arange(200)
    >>> once = pooled_log_loss_gap(y, p, np.full(200, 0.5), ids)
    >>> thrice = pooled_log_loss_gap(
    ...     np.tile(y, 3), np.tile(p, 3), np.full(600, 0.5), np.tile(ids, 3))
    >>> np.allclose(once, thrice)  # the same rows again are no news
    True
    """
    y = np.asarray(churned, dtype=np.float64)
    gaps = _losses(y, model) - _losses(y, rival)
    place, names = pd.factorize(np.asarray(customers))
    total = np.bincount(place, weights=gaps, minlength=len(names))
    n_rows = np.bincount(place, minlength=len(names)).astype(np.float64)
    [ends] = resampled_intervals(
        lambda counts: (float(counts @ total) / float(counts @ n_rows),),
        len(names),
        n_resamples,
        level,
        random_state,
    )
    return PairedDifference(float(gaps.mean()), ends.low, ends.high)


def _losses(y: Floats, probability: ArrayLike) -> Floats:
    chance = np.asarray(probability, dtype=np.float64).clip(SMALLEST, 1 - SMALLEST)
    losses: Floats = -np.where(y == 1, np.log(chance), np.log1p(-chance))
    return losses
