"""How well a score puts the customers who churn before those who stay.

In come the outcomes (1 = churned) and any score where higher means likelier to churn;
out go single figures and the points of the usual curves. Only the order of the scores
counts, so a strictly increasing transform changes nothing. Ties are never broken by row
order: customers of equal score count as half right (ROC), are taken together
(precision, thresholds), or in expectation over a random order (lift, gains). The
figures equal scikit-learn's where it has them; they are summed from one sorted table so
that a thousand bootstrap resamples need no second sort.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from regulars.metrics.arrays import ArrayLike, check_outcome, check_share
from regulars.metrics.tables import ScoreTable, SortedScores

__all__ = [
    "average_precision",
    "gain_at_capacity",
    "gains_curve",
    "lift_at_k",
    "lift_curve",
    "precision_recall_points",
    "roc_auc",
    "roc_points",
    "top_decile_lift",
]


def _table(y: ArrayLike, score: ArrayLike) -> ScoreTable:
    return SortedScores.of(*check_outcome(y, score)).table()


def roc_auc(y: ArrayLike, score: ArrayLike) -> float:
    """Compute the area under the ROC curve.

    The chance that a random churned customer has a higher score than a random customer
    who stayed. It does not depend on the churn rate and says nothing of calibration.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.

    Returns
    -------
    float
        0 to 1; NaN where all customers churned or none did (a quiet test window is no
        fault of the caller's).

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.

    Notes
    -----
    Pairs of equal score count one half. O(n log n).

    Examples
    --------
    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    return table_roc_auc(_table(y, score))


def table_roc_auc(table: ScoreTable) -> float:
    """Compute :func:`roc_auc` from a table of scores.

    Parameters
    ----------
    table : ScoreTable
        Customers counted by distinct score.

    Returns
    -------
    float
        0 to 1, or NaN.

    Examples
    --------
    >>> table_roc_auc(SortedScores.of(np.array([1.0, 0]), np.array([2.0, 1])).table())
    1.0
    """
    kept = table.total - table.churned
    kept_seen = np.cumsum(kept)
    n_kept, n_churned = float(kept_seen[-1]), table.n_churned
    if n_kept == 0.0 or n_churned == 0.0:
        return math.nan
    kept_below = n_kept - kept_seen + kept / 2.0
    return float(table.churned @ kept_below) / (n_kept * n_churned)


def average_precision(y: ArrayLike, score: ArrayLike) -> float:
    """Compute the average precision, the area under the precision-recall steps.

    What to watch where churners are few: it falls to the churn rate for a score
    that knows nothing.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.

    Returns
    -------
    float
        0 to 1; NaN where nobody churned.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.

    Notes
    -----
    Sum over distinct scores of (step in recall) x (precision at that score), without
    interpolation; customers of equal score are taken together. O(n log n).

    Examples
    --------
    >>> round(average_precision([0, 1, 0, 1], [0.1, 0.35, 0.4, 0.8]), 4)
    0.8333
    """
    return table_average_precision(_table(y, score))


def table_average_precision(table: ScoreTable) -> float:
    """Compute :func:`average_precision` from a table of scores.

    Parameters
    ----------
    table : ScoreTable
        Customers counted by distinct score.

    Returns
    -------
    float
        0 to 1, or NaN.

    Examples
    --------
    >>> sorted_scores = SortedScores.of(np.array([1.0, 0]), np.array([2.0, 1]))
    >>> table_average_precision(sorted_scores.table())
    1.0
    """
    n_churned = table.n_churned
    if n_churned == 0.0:
        return math.nan
    # A resample may have nobody at the highest scores: precision is then 0 / 0, and
    # weighs nothing, because no churned customer has such a score.
    seen = np.maximum(np.cumsum(table.total), 1.0)
    return float(table.churned @ (np.cumsum(table.churned) / seen)) / n_churned


def _customers_in(fraction: float, n_customers: float) -> int:
    # .1 * 30 is 3.0000000000000004 in floating point and must not become 4 customers
    return max(1, math.ceil(fraction * n_customers - 1e-9))


def lift_at_k(y: ArrayLike, score: ArrayLike, fraction: float) -> float:
    """Compute how much denser churners are among the highest scores than overall.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    fraction : float
        Share of customers taken from the top, above 0 and at most 1; rounded up to
        whole customers, at least one.

    Returns
    -------
    float
        Churn rate among those taken, divided by the overall churn rate: 1 for a score
        that knows nothing, at most 1 / churn rate. NaN where nobody churned.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If `fraction` is not in (0, 1].

    Notes
    -----
    Where the limit falls among customers of equal score, the expected value under a
    random order of them is taken: a constant score has lift 1.

    Examples
    --------
    >>> lift_at_k([1, 0, 0, 0], [0.9, 0.5, 0.5, 0.1], fraction=0.25)
    4.0
    >>> lift_at_k([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], fraction=0.25)
    1.0
    """
    return table_lift(_table(y, score), check_share("fraction", fraction))


def table_lift(table: ScoreTable, fraction: float = 0.1) -> float:
    """Compute :func:`lift_at_k` from a table of scores.

    Parameters
    ----------
    table : ScoreTable
        Customers counted by distinct score.
    fraction : float, default=0.1
        Share of customers taken from the top, above 0 and at most 1.

    Returns
    -------
    float
        0 or more, or NaN.

    Examples
    --------
    >>> table_lift(SortedScores.of(np.array([1.0, 0]), np.array([2.0, 1])).table(), 0.5)
    2.0
    """
    n_customers, n_churned = table.n_customers, table.n_churned
    if n_churned == 0.0:
        return math.nan
    taken = _customers_in(fraction, n_customers)
    return float(table.reached(taken)) / taken * n_customers / n_churned


def top_decile_lift(y: ArrayLike, score: ArrayLike) -> float:
    """Compute the lift among the tenth of the customers with the highest scores.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.

    Returns
    -------
    float
        0 to 10; NaN where nobody churned.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.

    See Also
    --------
    lift_at_k : Any other share, and how ties and rounding are handled.

    Examples
    --------
    >>> top_decile_lift([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    5.0
    """
    return lift_at_k(y, score, fraction=0.1)


def gain_at_capacity(y: ArrayLike, score: ArrayLike, capacity: int) -> float:
    """Compute the share of all churners reached when so many customers are contacted.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    capacity : int
        Customers that can be contacted, 0 or more; beyond all customers it reaches all.

    Returns
    -------
    float
        0 to 1; NaN where nobody churned. Ties as in :func:`lift_at_k`.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If `capacity` is negative.

    Examples
    --------
    >>> gain_at_capacity([1, 0, 1, 0], [0.9, 0.6, 0.4, 0.1], capacity=2)
    0.5
    """
    if capacity < 0:
        msg = (
            f"'capacity' is {capacity}; a number of customers, 0 or more, is expected."
        )
        raise ValueError(msg)
    table = _table(y, score)
    if table.n_churned == 0.0:
        return math.nan
    return float(table.reached(float(capacity))) / table.n_churned


def _thinned(frame: pd.DataFrame, max_points: int | None) -> pd.DataFrame:
    """Keep the ends and evenly spaced rows between them, for a chart or a JSON file."""
    if max_points is None or len(frame) <= max_points:
        return frame
    if max_points < 2:
        msg = (
            f"'max_points' is {max_points}; a curve needs at least 2, or None for all."
        )
        raise ValueError(msg)
    rows = np.linspace(0, len(frame) - 1, max_points).round().astype(np.intp)
    return frame.iloc[rows].reset_index(drop=True)


def _share(part: np.ndarray, whole: float) -> np.ndarray:
    return part / whole if whole else np.full(part.shape, math.nan)


def roc_points(
    y: ArrayLike, score: ArrayLike, *, max_points: int | None = None
) -> pd.DataFrame:
    """Compute the points of the ROC curve, from nobody contacted to everybody.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    max_points : int, optional
        Keep at most so many points, 2 or more; all distinct scores by default.

    Returns
    -------
    DataFrame
        Columns ``threshold`` (contact where score >= threshold; infinite in the first
        row), ``false_positive_rate`` and ``true_positive_rate`` (0 to 1; NaN where
        there is nobody of that class).

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If `max_points` is below 2.

    Examples
    --------
    >>> roc_points([0, 1], [0.2, 0.8]).to_numpy().tolist()
    [[inf, 0.0, 0.0], [0.8, 0.0, 1.0], [0.2, 1.0, 1.0]]
    """
    table = _table(y, score)
    churned = np.concatenate(([0.0], np.cumsum(table.churned)))
    total = np.concatenate(([0.0], np.cumsum(table.total)))
    kept = total - churned
    points = pd.DataFrame(
        {
            "threshold": np.concatenate(([math.inf], table.score)),
            "false_positive_rate": _share(kept, float(kept[-1])),
            "true_positive_rate": _share(churned, float(churned[-1])),
        }
    )
    return _thinned(points, max_points)


def precision_recall_points(
    y: ArrayLike, score: ArrayLike, *, max_points: int | None = None
) -> pd.DataFrame:
    """Compute precision and recall at each distinct score.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    max_points : int, optional
        Keep at most so many points, 2 or more; all distinct scores by default.

    Returns
    -------
    DataFrame
        Columns ``threshold`` (falling), ``precision`` and ``recall`` (0 to 1; recall
        is NaN where nobody churned).

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If `max_points` is below 2.

    Examples
    --------
    >>> precision_recall_points([0, 1, 1], [0.2, 0.8, 0.1]).round(2).to_numpy().tolist()
    [[0.8, 1.0, 0.5], [0.2, 0.5, 0.5], [0.1, 0.67, 1.0]]
    """
    table = _table(y, score)
    churned = np.cumsum(table.churned)
    points = pd.DataFrame(
        {
            "threshold": table.score,
            "precision": churned / np.cumsum(table.total),
            "recall": _share(churned, float(churned[-1])),
        }
    )
    return _thinned(points, max_points)


def gains_curve(y: ArrayLike, score: ArrayLike, *, n_points: int = 101) -> pd.DataFrame:
    """Compute the share of churners reached by the share of customers contacted.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    n_points : int, default=101
        Evenly spaced shares from 0 to 1, 2 or more.

    Returns
    -------
    DataFrame
        Columns ``share_contacted`` and ``share_reached``, both 0 to 1 (NaN where
        nobody churned). Ties as in :func:`lift_at_k`.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If `n_points` is below 2.

    Examples
    --------
    >>> gains_curve([1, 0, 1, 0], [4, 3, 2, 1], n_points=3).to_numpy().tolist()
    [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    """
    if n_points < 2:
        msg = f"'n_points' is {n_points}; a curve needs at least 2."
        raise ValueError(msg)
    table = _table(y, score)
    contacted = np.linspace(0.0, 1.0, n_points)
    reached = table.reached(contacted * table.n_customers)
    return pd.DataFrame(
        {
            "share_contacted": contacted,
            "share_reached": _share(reached, table.n_churned),
        }
    )


def lift_curve(y: ArrayLike, score: ArrayLike, *, n_points: int = 101) -> pd.DataFrame:
    """Compute the lift by the share of customers contacted.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    n_points : int, default=101
        Evenly spaced shares from 0 to 1, 2 or more; the share 0 has no lift and is
        left out.

    Returns
    -------
    DataFrame
        Columns ``share_contacted`` (above 0, to 1) and ``lift`` (0 or more; NaN where
        nobody churned). Ties as in :func:`lift_at_k`.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If `n_points` is below 2.

    Examples
    --------
    >>> lift_curve([1, 0, 1, 0], [4, 3, 2, 1], n_points=5).to_numpy().tolist()
    [[0.25, 2.0], [0.5, 1.0], [0.75, 1.3333333333333333], [1.0, 1.0]]
    """
    gains = gains_curve(y, score, n_points=n_points).iloc[1:].reset_index(drop=True)
    lift = gains["share_reached"] / gains["share_contacted"]
    return pd.DataFrame({"share_contacted": gains["share_contacted"], "lift": lift})
