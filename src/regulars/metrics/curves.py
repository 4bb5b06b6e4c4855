"""The points of the curves that show how a churn score ranks.

ROC and precision-recall have a point at each distinct score; gains and lift have evenly
spaced points, with equal scores in expectation over a random order of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.metrics.tables import SortedScores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray


def thinned(frame: pd.DataFrame, max_points: int | None) -> pd.DataFrame:
    """Keep the ends of a curve and evenly spaced rows between them."""
    if max_points is not None and max_points < 2:
        msg = (
            f"'max_points' is {max_points}; a curve needs at least 2, or None for all."
        )
        raise ValueError(msg)
    if max_points is None or len(frame) <= max_points:
        return frame
    rows = np.linspace(0, len(frame) - 1, max_points).round().astype(np.intp)
    return frame.iloc[rows].reset_index(drop=True)


def _share(part: FloatArray, whole: FloatArray | float) -> FloatArray:
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
    table = SortedScores.from_scores(y, score).table()
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
    return thinned(points, max_points)


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
    table = SortedScores.from_scores(y, score).table()
    churned = np.cumsum(table.churned)
    points = pd.DataFrame(
        {
            "threshold": table.score,
            "precision": churned / np.cumsum(table.total),
            "recall": _share(churned, float(churned[-1])),
        }
    )
    return thinned(points, max_points)


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
    table = SortedScores.from_scores(y, score).table()
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
