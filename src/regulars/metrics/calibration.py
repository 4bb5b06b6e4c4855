"""Whether a churn probability means what it says.

A campaign's budget is computed from these probabilities, so a model that ranks well and
is wrong by a factor of two would still spend the money wrongly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from regulars.metrics.arrays import check_level, check_probability, dots
from regulars.metrics.tables import SortedScores, bin_sums, equal_mass_starts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray
    from regulars.metrics.tables import ScoreTable

#: Probabilities nearer to 0 or 1 than this are moved to it before taking logarithms.
LOG_LOSS_CLIP = 1e-15


def brier(y: ArrayLike, probability: ArrayLike) -> float:
    """Compute the Brier score, the mean squared error of the probability.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.

    Returns
    -------
    float
        0 (certain and right) to 1 (certain and wrong). Defined for one class too.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.

    Examples
    --------
    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    return float(table_brier(SortedScores.from_probabilities(y, probability).table()))


def table_brier(table: ScoreTable) -> FloatArray:
    """Compute :func:`brier` from a table of probabilities."""
    kept = table.total - table.churned
    total = dots(table.churned, (1.0 - table.score) ** 2) + dots(kept, table.score**2)
    return total / table.n_customers


def log_loss(y: ArrayLike, probability: ArrayLike) -> float:
    """Compute the mean negative log-likelihood of the outcomes, in nats.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.

    Returns
    -------
    float
        0 or more; 0.693 for a probability of one half throughout. Defined for one
        class too.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.

    Notes
    -----
    Probabilities are clipped to [1e-15, 1 - 1e-15], so a certain and wrong forecast
    costs 34.5 and not infinity.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.8, 0.2]), 4)
    0.2231
    """
    table = SortedScores.from_probabilities(y, probability).table()
    return float(table_log_loss(table))


def log_terms(score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the log-likelihood of churning and of staying, clipped."""
    chance = np.clip(score, LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP)
    return np.log(chance), np.log1p(-chance)


def table_log_loss(table: ScoreTable) -> FloatArray:
    """Compute :func:`log_loss` from a table of probabilities."""
    if_churned, if_kept = log_terms(table.score)
    kept = table.total - table.churned
    log_likelihood = dots(table.churned, if_churned) + dots(kept, if_kept)
    return -log_likelihood / table.n_customers


def ece(y: ArrayLike, probability: ArrayLike, *, n_bins: int = 10) -> float:
    """Compute the expected calibration error over bins of equally many customers.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.
    n_bins : int, default=10
        Bins, 1 or more.

    Returns
    -------
    float
        0 to 1: the mean over customers of |mean probability - churn rate| of their bin.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.
    ValueError
        If `n_bins` is below 1.

    See Also
    --------
    reliability_curve : The same bins, one row each.

    Notes
    -----
    Customers in falling order of probability are cut into bins of equal mass. Those of
    equal probability are never split: they go to the bin of their middle, and a bin may
    stay empty. Of few customers the figure is above 0 even for a perfect model: with 10
    bins of m customers each by about 0.8 sqrt(p (1 - p) / m).

    Examples
    --------
    >>> round(ece([0, 0, 1, 1], [0.1, 0.1, 0.8, 0.8], n_bins=2), 4)
    0.15
    """
    table = SortedScores.from_probabilities(y, probability).table()
    return float(table_ece(table, n_bins))


def table_ece(table: ScoreTable, n_bins: int = 10) -> FloatArray:
    """Compute :func:`ece` from a table of probabilities."""
    # a bin's gap times its customers is the sum of its probabilities less its churned
    excess = table.total * table.score - table.churned
    gaps = np.abs(bin_sums(excess, equal_mass_starts(table.total, n_bins)))
    return np.asarray(gaps.sum(axis=-1) / table.n_customers)


def calibration_in_the_large(y: ArrayLike, probability: ArrayLike) -> float:
    """Compute by how much the mean probability is above the churn rate.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.

    Returns
    -------
    float
        -1 to 1; above 0 the model is too gloomy, below 0 too hopeful.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.

    Examples
    --------
    >>> calibration_in_the_large([1, 0], [0.75, 0.5])
    0.125
    """
    outcome, chance = check_probability(y, probability)
    return float(chance.mean() - outcome.mean())


def wilson_interval(
    n_churned: ArrayLike, n_customers: ArrayLike, *, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Compute the Wilson score interval of a rate.

    Unlike the normal interval it stays within [0, 1] and is right near 0 and 1, where
    the bins of a good churn model lie.

    Parameters
    ----------
    n_churned : array-like of shape (n_bins,)
        Customers who churned.
    n_customers : array-like of shape (n_bins,)
        Customers in all, above 0.
    level : float, default=0.95
        Confidence level, between 0 and 1.

    Returns
    -------
    tuple of two ndarrays of shape (n_bins,)
        Lower and upper end, 0 to 1.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1.

    References
    ----------
    .. [1] Wilson, E. B. (1927). Probable inference, the law of succession, and
       statistical inference. Journal of the American Statistical Association 22.

    Examples
    --------
    >>> low, high = wilson_interval([5], [10])
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.237, 0.763)
    """
    z = float(ndtri(0.5 + check_level(level) / 2.0))
    n = np.asarray(n_customers, dtype=np.float64)
    rate = np.asarray(n_churned, dtype=np.float64) / n
    centre = rate + z**2 / (2.0 * n)
    half = z * np.sqrt(rate * (1.0 - rate) / n + z**2 / (4.0 * n**2))
    shrink = 1.0 + z**2 / n
    low = np.clip((centre - half) / shrink, 0.0, 1.0)
    return low, np.clip((centre + half) / shrink, 0.0, 1.0)


def reliability_curve(
    y: ArrayLike, probability: ArrayLike, *, n_bins: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """Compute predicted against observed churn in bins of equally many customers.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.
    n_bins : int, default=10
        Bins, 1 or more; empty ones are left out.
    level : float, default=0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    DataFrame
        One row a bin, rising: ``bin_low`` and ``bin_high`` (least and greatest
        probability in it), ``n_customers``, ``mean_predicted``, ``observed_rate``,
        and ``observed_low``, ``observed_high`` (Wilson interval of the observed rate).

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.
    ValueError
        If `n_bins` is below 1 or `level` is not between 0 and 1.

    See Also
    --------
    ece : The mean distance of these points from the diagonal, and the rule for ties.

    Examples
    --------
    >>> curve = reliability_curve([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], n_bins=2)
    >>> curve[["bin_low", "bin_high", "n_customers", "observed_rate"]].values.tolist()
    [[0.1, 0.2, 2.0, 0.0], [0.7, 0.9, 2.0, 1.0]]
    """
    table = SortedScores.from_probabilities(y, probability).table()
    first = equal_mass_starts(table.total, n_bins)
    last = np.append(first[1:], table.score.size) - 1
    filled = last >= first
    total = bin_sums(table.total, first)[filled]
    churned = bin_sums(table.churned, first)[filled]
    predicted = bin_sums(table.total * table.score, first)[filled]
    low, high = wilson_interval(churned, total, level=level)
    curve = pd.DataFrame(
        {
            "bin_low": table.score[last[filled]],
            "bin_high": table.score[first[filled]],
            "n_customers": total.astype(np.int64),
            "mean_predicted": predicted / total,
            "observed_rate": churned / total,
            "observed_low": low,
            "observed_high": high,
        }
    )
    # the table has the highest scores first, a curve is read from the left
    return curve.iloc[::-1].reset_index(drop=True)
