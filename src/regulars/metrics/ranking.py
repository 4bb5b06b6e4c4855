"""How well a score puts the customers who churn before those who stay.

Only the order of the scores counts. Ties are never broken by row order: customers of
equal score count as half right (ROC), are taken together (precision), or in expectation
over a random order (lift, gain). The values equal scikit-learn's where it has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.arrays import check_share, dots
from regulars.metrics.tables import SortedScores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray
    from regulars.metrics.tables import ScoreTable


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
    return float(table_roc_auc(SortedScores.from_scores(y, score).table()))


def table_roc_auc(table: ScoreTable) -> FloatArray:
    """Compute :func:`roc_auc` from a table of scores."""
    kept = table.total - table.churned
    kept_seen = np.cumsum(kept, axis=-1)
    n_kept = kept_seen[..., -1:]
    # Mann-Whitney: at each score the kept customers below it, and half of those at it
    kept_below = n_kept - kept_seen + kept / 2.0
    return _ratio(dots(table.churned, kept_below), n_kept[..., 0] * table.n_churned)


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
    return float(table_average_precision(SortedScores.from_scores(y, score).table()))


def table_average_precision(table: ScoreTable) -> FloatArray:
    """Compute :func:`average_precision` from a table of scores."""
    # A resample may have nobody at the highest scores: precision is then 0 / 0, and
    # weighs nothing, because no churned customer has such a score.
    seen = np.maximum(np.cumsum(table.total, axis=-1), 1.0)
    precision = np.cumsum(table.churned, axis=-1) / seen
    return _ratio(dots(table.churned, precision), table.n_churned)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole; NaN where a class is missing, and both are 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(part / whole)


def _customers_in(fraction: float, n_customers: FloatArray) -> FloatArray:
    # .1 * 30 is 3.0000000000000004 in floating point and must not become 4 customers
    return np.maximum(np.ceil(fraction * n_customers - 1e-9), 1.0)


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
    table = SortedScores.from_scores(y, score).table()
    return float(table_lift(table, check_share("fraction", fraction)))


def table_lift(table: ScoreTable, fraction: float = 0.1) -> FloatArray:
    """Compute :func:`lift_at_k` from a table of scores."""
    taken = _customers_in(fraction, table.n_customers)
    return _ratio(table.reached(taken) / taken * table.n_customers, table.n_churned)


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
    table = SortedScores.from_scores(y, score).table()
    return float(_ratio(table.reached(capacity), table.n_churned))
