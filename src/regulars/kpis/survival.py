"""How long customers stay: Kaplan-Meier's curve and the hazard by tenure.

How long each contract has lasted and whether it has ended come in; the share that is
still there after each tenure, and the share of those still there that end in each
period, go out, both with intervals. Contracts that still run count for as long as they
have been seen, which a plain mean of finished ones would get wrong.
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
    r"""Return the share of contracts that outlast each tenure.

    Parameters
    ----------
    tenure_days : array-like of shape (n_contracts,)
        Days from the start to the end, or to the last day seen; >= 0.
    ended : array-like of shape (n_contracts,)
        Whether the contract has ended (else it still runs).
    level : float, default=0.95
        Level of the intervals.

    Returns
    -------
    DataFrame of shape (n_times, 6)
        ``tenure_days`` (those at which a contract ended), ``n_at_risk``, ``n_ended``,
        ``survival``, ``low`` and ``high``.

    Raises
    ------
    DataError
        Lengths differ, or a tenure is negative or missing.

    Notes
    -----
    :math:`S(t) = \prod_{s \le t} (1 - d_s / n_s)`. The intervals are Greenwood's, taken
    on the scale of :math:`\log(-\log S)`, so that they stay inside 0 and 1. Where all
    that were left ended at once the share is 0 and has no interval.

    References
    ----------
    .. [1] Kaplan, E. and Meier, P. (1958). Nonparametric estimation from incomplete
       observations. JASA 53.
    .. [2] Kalbfleisch, J. and Prentice, R. (2002). The statistical analysis of failure
       time data, section 1.4.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 2, 3, 4], [True, True, False, True, False])
    >>> curve["survival"].round(2).tolist()
    [0.8, 0.6, 0.3]
    >>> curve["n_at_risk"].tolist()
    [5, 4, 2]
    """
    tenure, over = _checked(tenure_days, ended)
    times, n_ended = np.unique(tenure[over], return_counts=True)
    # at risk: everyone whose tenure reaches the time, those that end at it included
    at_risk = len(tenure) - np.searchsorted(np.sort(tenure), times, side="left")
    survival = np.cumprod(1 - n_ended / at_risk)
    left = (at_risk - n_ended).astype(np.float64)
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
    """Return the share of running contracts that end in each period of tenure.

    Parameters
    ----------
    tenure_days : array-like of shape (n_contracts,)
        Days from the start to the end, or to the last day seen; >= 0.
    ended : array-like of shape (n_contracts,)
        Whether the contract has ended.
    period_days : int, default=30
        Length of a period; > 0.
    level : float, default=0.95
        Level of the intervals.

    Returns
    -------
    DataFrame of shape (n_periods, 6)
        ``period`` (from 0), ``from_days``, ``n_exposed`` (contracts, those that were
        seen for part of the period as a part), ``n_ended``, ``hazard`` (share that
        ends in one period), ``low`` and ``high``; a period in which nobody was seen is
        left out.

    Notes
    -----
    Ends over exposure, as in the actuarial life table; the intervals are those of a
    Poisson count on the logarithm. Without an end the lower bound is 0 and the upper
    bound is the rule of three's, 3.0 over the exposure at 95%.

    Examples
    --------
    >>> found = hazard_by_tenure([15, 30, 60, 60], [True, False, True, False])
    >>> found[["n_exposed", "n_ended", "hazard"]].to_numpy().tolist()
    [[3.5, 1.0, 0.2857142857142857], [2.0, 1.0, 0.5]]
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
    z = norm.ppf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = n_ended / exposed
        factor = np.exp(z / np.sqrt(n_ended))
        low = np.where(n_ended > 0, hazard / factor, 0.0)
        high = np.where(n_ended > 0, hazard * factor, -np.log(1 - level) / exposed)
    found = pd.DataFrame(
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
    return found[found["n_exposed"] > 0].reset_index(drop=True)


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
