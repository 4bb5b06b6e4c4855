"""The measures of a test window by name, and the interval of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.bootstrap import (
    PairedDifference,
    counted,
    each_counted,
    resampled_differences,
    resampled_intervals,
)
from regulars.metrics.measures import CHURN_MEASURES, VALUE_MEASURES
from regulars.metrics.tables import SortedScores, SortedSpend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from regulars.metrics.bootstrap import Interval, RandomState
    from regulars.metrics.measures import Measure, Sample, TableT


def evaluate_churn(y: ArrayLike, probability: ArrayLike) -> dict[str, float]:
    """Compute the figures of a churn model on one window.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.

    Returns
    -------
    dict of str to float
        ``n_customers`` (an int), ``churn_rate``, ``roc_auc``, ``average_precision``,
        ``top_decile_lift``, ``brier``, ``log_loss`` and ``ece``; NaN where a figure is
        not defined for a single class.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.

    Examples
    --------
    >>> figures = evaluate_churn([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9])
    >>> figures["n_customers"], figures["churn_rate"], round(figures["brier"], 3)
    (4, 0.5, 0.05)
    """
    scores = SortedScores.from_probabilities(y, probability)
    return {
        "n_customers": scores.n_customers,
        "churn_rate": float(scores.outcome.mean()),
        **_figures(scores, CHURN_MEASURES),
    }


def evaluate_churn_intervals(
    y: ArrayLike,
    probability: ArrayLike,
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    random_state: RandomState = 0,
) -> dict[str, list[float]]:
    """Compute bootstrap intervals of the figures of a churn model on one window.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.
    n_resamples : int, default=1000
        Resamples, 2 or more.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    random_state : int or numpy.random.Generator, default=0
        The same number draws the same customers for every model.

    Returns
    -------
    dict of str to list of two floats
        ``[low, high]`` of each metric of :func:`evaluate_churn` (not of the count and
        the churn rate), as in :func:`bootstrap_interval`.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.
    ValueError
        If `n_resamples` is below 2 or `level` is not between 0 and 1.

    Examples
    --------
    >>> y, chance = [0, 0, 1, 1, 0, 1], [0.1, 0.6, 0.7, 0.9, 0.3, 0.5]
    >>> low, high = evaluate_churn_intervals(y, chance, n_resamples=50)["brier"]
    >>> low < evaluate_churn(y, chance)["brier"] < high
    True
    """
    scores = SortedScores.from_probabilities(y, probability)
    ends = resampled_intervals(
        counted(scores, CHURN_MEASURES),
        scores.n_customers,
        n_resamples,
        level,
        random_state,
    )
    return _by_name(CHURN_MEASURES, ends)


def evaluate_churn_differences(
    y: ArrayLike,
    probability_a: ArrayLike,
    probability_b: ArrayLike,
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    random_state: RandomState = 0,
) -> dict[str, PairedDifference]:
    """Compute :func:`paired_bootstrap` for all figures of two churn models at once.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    probability_a, probability_b : array-like of shape (n_customers,)
        Churn probability of each model, 0 to 1.
    n_resamples : int, default=1000
        Resamples, 2 or more.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    random_state : int or numpy.random.Generator, default=0
        The same number gives the same intervals.

    Returns
    -------
    dict of str to PairedDifference
        Figure of a less figure of b, for each metric of :func:`evaluate_churn`.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.
    ValueError
        If `n_resamples` is below 2 or `level` is not between 0 and 1.

    Examples
    --------
    >>> y, model, coin = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.5, 0.5, 0.5, 0.5]
    >>> evaluate_churn_differences(y, model, coin)["roc_auc"].difference
    0.5
    """
    first = SortedScores.from_probabilities(y, probability_a)
    second = SortedScores.from_probabilities(y, probability_b)
    differences = resampled_differences(
        counted(first, CHURN_MEASURES),
        counted(second, CHURN_MEASURES),
        first.n_customers,
        n_resamples,
        level,
        random_state,
    )
    names = (measure.name for measure in CHURN_MEASURES)
    return dict(zip(names, differences, strict=True))


def evaluate_value(actual: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Compute the figures of a spend forecast on one window.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.

    Returns
    -------
    dict of str to float
        ``mae``, ``rmse``, ``spearman``, ``tweedie_deviance``, ``total_ratio`` and
        ``normalized_gini``; NaN where a figure is not defined (nobody spent anything).

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.

    Examples
    --------
    >>> figures = evaluate_value([0, 10, 30], [2, 12, 30])
    >>> round(figures["mae"], 3), figures["total_ratio"]
    (1.333, 1.1)
    """
    return _figures(SortedSpend.of(actual, predicted), VALUE_MEASURES)


def evaluate_value_intervals(
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    random_state: RandomState = 0,
) -> dict[str, list[float]]:
    """Compute bootstrap intervals of the figures of a spend forecast on one window.

    Parameters
    ----------
    actual : array-like of shape (n_customers,)
        Money spent in the horizon.
    predicted : array-like of shape (n_customers,)
        Money forecast for it.
    n_resamples : int, default=1000
        Resamples, 2 or more.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    random_state : int or numpy.random.Generator, default=0
        The same number draws the same customers for every model.

    Returns
    -------
    dict of str to list of two floats
        ``[low, high]`` of each figure of :func:`evaluate_value`.

    Raises
    ------
    DataError
        If an array is empty, not finite, or of another length.
    ValueError
        If `n_resamples` is below 2 or `level` is not between 0 and 1.

    Examples
    --------
    >>> low, high = evaluate_value_intervals([0, 10, 30], [2, 12, 30])["mae"]
    >>> low, high
    (0.0, 2.0)
    """
    spend = SortedSpend.of(actual, predicted)
    ends = resampled_intervals(
        each_counted(spend, VALUE_MEASURES),
        spend.n_customers,
        n_resamples,
        level,
        random_state,
    )
    return _by_name(VALUE_MEASURES, ends)


def _figures(
    sample: Sample[TableT], measures: Sequence[Measure[TableT]]
) -> dict[str, float]:
    table = sample.table()
    return {measure.name: float(measure.on_table(table)) for measure in measures}


def _by_name(
    measures: Sequence[Measure[TableT]], ends: Sequence[Interval]
) -> dict[str, list[float]]:
    return {m.name: list(end) for m, end in zip(measures, ends, strict=True)}
