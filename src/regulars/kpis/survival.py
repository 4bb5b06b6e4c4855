"""How long customers stay: Kaplan-Meier's curve and the hazard by tenure.

Contracts that still run count for as long as they have been seen, which a plain mean of
finished ones would get wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def kaplan_meier(
    tenure_days: ArrayLike, ended: ArrayLike, *, level: float = 0.95
) -> pd.DataFrame:
    """Return the share of contracts that outlast each tenure at which one ended.

    Product-limit estimate of Kaplan and Meier (1958). Where all that were left ended
    at once the share is 0 and has no interval.
    """
    tenure, over = _checked(tenure_days, ended)
    times, n_ended = np.unique(tenure[over], return_counts=True)
    # at risk: everyone whose tenure reaches the time, those that end at it included
    at_risk = len(tenure) - np.searchsorted(np.sort(tenure), times, side="left")
    survival = np.cumprod(1 - n_ended / at_risk)
    left = (at_risk - n_ended).astype(np.float64)
    # Greenwood's variance on the scale of log(-log S), which keeps the ends inside 0
    # and 1: Kalbfleisch and Prentice (2002), section 1.4
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(n_ended / (at_risk * left))
        log = np.log(survival)
        spread = norm.ppf(0.5 + level / 2) * np.sqrt(greenwood) / -log
        low, high = (survival ** np.exp(sign * spread) for sign in (1, -1))
    return pd.DataFrame(
        {
            "tenure_days": times,
            "n_at_risk": at_risk,
            "n_ended": n_ended,
            "survival": survival,
            "low": np.where(left > 0, low, np.nan),
            "high": np.where(left > 0, high, np.nan),
        }
    )


def hazard_by_tenure(
    tenure_days: ArrayLike,
    ended: ArrayLike,
    *,
    period_days: int = 30,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the rate at which running contracts end in each period of tenure.

    Ends over exposure, as in the actuarial life table: a contract seen for half a
    period counts half.
    """
    tenure, over = _checked(tenure_days, ended)
    # an end on the last day of a period belongs to it
    last = np.maximum(np.ceil(tenure / period_days).astype(int) - 1, 0)
    starts = np.arange(last.max() + 1 if len(last) else 0) * period_days
    whole = len(tenure) - np.searchsorted(np.sort(tenure), starts, side="right")
    inside = (tenure - last * period_days) / period_days
    partial = np.bincount(last, 1 - inside, minlength=len(starts))
    exposed = whole - partial + np.bincount(last, inside <= 0, minlength=len(starts))
    n_ended = np.bincount(last[over], minlength=len(starts)).astype(np.float64)
    # Poisson interval of a count on the logarithm; without an end the lower bound is 0
    # and the upper one the rule of three's (3.0 over the exposure at 95%)
    z = norm.ppf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = n_ended / exposed
        factor = np.exp(z / np.sqrt(n_ended))
        low = np.where(n_ended > 0, hazard / factor, 0.0)
        high = np.where(n_ended > 0, hazard * factor, -np.log(1 - level) / exposed)
    hazards = pd.DataFrame(
        {
            "period": np.arange(len(starts)),
            "from_days": starts,
            "n_exposed": exposed,
            "n_ended": n_ended.astype(int),
            "hazard": hazard,
            "low": low,
            "high": high,
        }
    )
    return hazards[hazards["n_exposed"] > 0].reset_index(drop=True)


def _checked(
    tenure_days: ArrayLike, ended: ArrayLike
) -> tuple[Floats, NDArray[np.bool_]]:
    tenure = np.asarray(tenure_days, dtype=np.float64)
    over = np.asarray(ended, dtype=bool)
    if tenure.shape != over.shape or tenure.ndim != 1:
        msg = (
            f"'tenure_days' has shape {tenure.shape} and 'ended' {over.shape}. Pass "
            "one value of each a contract."
        )
        raise DataError(msg)
    bad = int((~(tenure >= 0)).sum())
    if bad:
        msg = (
            f"'tenure_days' has {bad} of {len(tenure)} values that are negative or "
            "missing. Pass the days from the start of each contract."
        )
        raise DataError(msg)
    return tenure, over
