"""How well a forecast of each customer's spend meets what they spent.

Spend after a cutoff is mostly zeros with a few very large amounts, so no single figure
is enough: MAE favours whoever predicts zero, and the order says nothing of the budget.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.metrics.arrays import dot
from regulars.metrics.tables import (
    SortedScores,
    SortedSpend,
    bin_sums,
    equal_mass_starts,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray
    from regulars.metrics.tables import SpendTable


# of the mean spent, below which no forecast of a mean is taken at its word
LEAST_SHARE = 1e-3


def _table(actual: ArrayLike, predicted: ArrayLike) -> SpendTable:
    return SortedSpend.of(actual, predicted).table()


def mae(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute the mean absolute error.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.

    Returns
    -------
    float
        In the currency of the amounts, 0 or more.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Examples
    --------
    >>> mae([0, 10], [5, 10])
    2.5
    """
    return table_mae(_table(actual, predicted))


def table_mae(table: SpendTable) -> float:
    """Compute :func:`mae` from a table of amounts."""
    error = np.abs(table.spend.actual - table.spend.predicted)
    return dot(table.counts, error) / table.n_customers


def rmse(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute the root of the mean squared error.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.

    Returns
    -------
    float
        In the currency of the amounts, 0 or more; ruled by the few largest customers.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Examples
    --------
    >>> rmse([0, 0, 0, 0], [0, 0, 0, 6])
    3.0
    """
    return table_rmse(_table(actual, predicted))


def table_rmse(table: SpendTable) -> float:
    """Compute :func:`rmse` from a table of amounts."""
    square = (table.spend.actual - table.spend.predicted) ** 2
    return math.sqrt(dot(table.counts, square) / table.n_customers)


def tweedie_deviance(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute the mean Tweedie deviance of a forecast of the mean.

    Least, in expectation, for the true mean of each customer, as the mean absolute
    error is for the median. Use it to choose between forecasts that are to be summed.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon; below 0 it counts as 0.
    predicted : array-like of shape (n_customers,)
        Money forecast for it; what is below a thousandth of the mean spent counts as
        that much, since no one is sure to spend nothing.

    Returns
    -------
    float
        In roots of the currency, 0 or more; 0 where every customer is met.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Notes
    -----
    Of the variance power 3/2, half-way between counts and amounts, where the deviance
    of a customer is ``4 (sqrt(actual) - sqrt(predicted))**2 / sqrt(predicted)``.

    References
    ----------
    .. [1] Jorgensen, B. (1997). The Theory of Dispersion Models. Chapman and Hall,
       chapter 4.

    Examples
    --------
    >>> tweedie_deviance([0, 16], [4, 4])
    8.0
    >>> tweedie_deviance([0, 16], [8, 8]) < tweedie_deviance([0, 16], [7, 7])
    True
    """
    return table_tweedie_deviance(_table(actual, predicted))


def table_tweedie_deviance(table: SpendTable) -> float:
    """Compute :func:`tweedie_deviance` from a table of amounts."""
    spent = np.maximum(table.spend.actual, 0.0)
    mean = dot(table.counts, spent) / table.n_customers
    least = LEAST_SHARE * mean if mean > 0.0 else np.finfo(float).tiny
    root = np.sqrt(np.maximum(table.spend.predicted, least))
    deviance = 4.0 * (np.sqrt(spent) - root) ** 2 / root
    return dot(table.counts, deviance) / table.n_customers


def spearman(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute Spearman's rank correlation of forecast and spend.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.

    Returns
    -------
    float
        -1 to 1; NaN where either is the same for all customers.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Notes
    -----
    Equal values have the mean of their ranks; with many customers who spent nothing,
    even a perfect order stays below 1. O(n log n).

    Examples
    --------
    >>> round(spearman([0, 10, 20], [1, 2, 30]), 9)
    1.0
    """
    return table_spearman(_table(actual, predicted))


def table_spearman(table: SpendTable) -> float:
    """Compute :func:`spearman` from a table of amounts."""
    spend, counts = table.spend, table.counts
    # Pearson's correlation of the ranks, each customer weighing its count
    a, b = spend.by_actual.ranks(counts), spend.by_predicted.ranks(counts)
    n = table.n_customers
    a, b = a - dot(counts, a) / n, b - dot(counts, b) / n
    spread = math.sqrt(dot(counts, a**2)) * math.sqrt(dot(counts, b**2))
    return dot(counts, a * b) / spread if spread > 0.0 else math.nan


def total_ratio(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute total forecast over total spend.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.

    Returns
    -------
    float
        1 where the level is right, 1.1 where it is 10% too high; NaN where the total
        spent is not above 0.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Examples
    --------
    >>> total_ratio([10, 30], [20, 24])
    1.1
    """
    return table_total_ratio(_table(actual, predicted))


def table_total_ratio(table: SpendTable) -> float:
    """Compute :func:`total_ratio` from a table of amounts."""
    spent = dot(table.counts, table.spend.actual)
    predicted = dot(table.counts, table.spend.predicted)
    return predicted / spent if spent > 0.0 else math.nan


def normalized_gini(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute how well a forecast concentrates the spend in its highest customers.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it; only its order counts.

    Returns
    -------
    float
        1 for a perfect order, 0 for a random or a constant one, -1 for the reverse; NaN
        where all customers spent the same or the total spent is not above 0.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Notes
    -----
    Gini coefficient of the spend in the order of the forecast, over that in the order
    of the spend itself. Customers of equal forecast share their spend evenly. Unlike
    Spearman's correlation it weighs each customer by money. O(n log n).

    References
    ----------
    .. [1] Wang, X., Liu, T. and Miao, J. (2019). A deep probabilistic model for
       customer lifetime value prediction. arXiv:1912.07753.

    Examples
    --------
    >>> normalized_gini([0, 0, 10], [1, 2, 3]), normalized_gini([0, 0, 10], [5, 5, 5])
    (1.0, 0.0)
    """
    return table_normalized_gini(_table(actual, predicted))


def table_normalized_gini(table: SpendTable) -> float:
    """Compute :func:`normalized_gini` from a table of amounts."""
    spend = table.spend
    spent = table.counts * spend.actual
    ours, perfect = (
        _area(ranks.sums(spent), ranks.sums(table.counts))
        for ranks in (spend.by_predicted, spend.by_actual)
    )
    # Both are below the diagonal, because the order here is rising; adding 0 turns
    # the negative zero of a constant forecast into a plain one.
    return ours / perfect + 0.0 if perfect < 0.0 < spent.sum() else math.nan


def _area(spent: FloatArray, n: FloatArray) -> float:
    """Return the area between the concentration curve and the diagonal, times totals.

    The curve runs straight through customers of equal forecast: the expectation over
    a random order of them.
    """
    below = np.cumsum(spent) - spent / 2.0
    return dot(n, below) - float(n.sum()) * float(spent.sum()) / 2.0


def decile_table(
    actual: ArrayLike, predicted: ArrayLike, *, n_bins: int = 10
) -> pd.DataFrame:
    """Compute actual against predicted spend by decile of the forecast.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.
    n_bins : int, default=10
        Bins of equally many customers, 1 or more. Customers of equal forecast are
        never split; empty bins are left out.

    Returns
    -------
    DataFrame
        One row a bin: ``decile`` (1 is the highest forecast), ``n_customers``,
        ``predicted_low``, ``predicted_high``, ``mean_predicted``, ``mean_actual``,
        ``total_predicted`` and ``total_actual``.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.
    ValueError
        If `n_bins` is below 1.

    Examples
    --------
    >>> table = decile_table([9, 7, 0, 2], [8, 8, 2, 1], n_bins=2)
    >>> table[["decile", "mean_predicted", "mean_actual"]].to_numpy().tolist()
    [[1.0, 8.0, 8.0], [2.0, 1.5, 1.0]]
    """
    spend = SortedSpend.of(actual, predicted)
    falling = SortedScores.of(spend.actual, spend.predicted)
    total = falling.table().total
    starts = equal_mass_starts(total, n_bins)
    ends = np.append(starts[1:], total.size) - 1
    filled = ends >= starts
    n, real, forecast = (
        bin_sums(column, starts)[filled]
        for column in (total, falling.sums(spend.actual), total * falling.score)
    )
    return pd.DataFrame(
        {
            "decile": np.flatnonzero(filled) + 1,
            "n_customers": n.astype(np.int64),
            "predicted_low": falling.score[ends[filled]],
            "predicted_high": falling.score[starts[filled]],
            "mean_predicted": forecast / n,
            "mean_actual": real / n,
            "total_predicted": forecast,
            "total_actual": real,
        }
    )


def decile_error(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Compute how far actual and predicted spend lie apart by decile of the forecast.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.

    Returns
    -------
    float
        Sum of the gaps of the totals of :func:`decile_table` over the total spent: 0
        where every decile is met; NaN where the total spent is not above 0.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Examples
    --------
    >>> decile_error([10, 30], [20, 24])
    0.4
    """
    table = decile_table(actual, predicted)
    spent = float(table["total_actual"].sum())
    if spent <= 0.0:
        return math.nan
    gaps = (table["total_predicted"] - table["total_actual"]).abs()
    return float(gaps.sum()) / spent
