"""How far chance alone could have moved a figure, or the difference of two models.

In comes a metric and its arrays; out go percentile bootstrap intervals over customers.
A resample is a count a customer: arrays are sorted once, and each resample only adds up
counts, so a thousand of them cost about a second for 25,000 customers and six figures.
The same `random_state` draws the same customers for every model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from regulars.errors import DataError
from regulars.metrics.arrays import (
    ArrayLike,
    FloatArray,
    as_numbers,
    check_level,
    check_outcome,
    check_probability,
    check_same_length,
)
from regulars.metrics.calibration import (
    brier,
    ece,
    log_loss,
    table_brier,
    table_ece,
    table_log_loss,
)
from regulars.metrics.ranking import (
    average_precision,
    roc_auc,
    table_average_precision,
    table_lift,
    table_roc_auc,
    top_decile_lift,
)
from regulars.metrics.tables import ScoreTable, SortedScores
from regulars.metrics.value import (
    ValueMeasures,
    mae,
    normalized_gini,
    rmse,
    spearman,
    total_ratio,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "CHURN_FIGURES",
    "VALUE_FIGURES",
    "Interval",
    "PairedDifference",
    "bootstrap_interval",
    "figures_from_scores",
    "figures_from_values",
    "paired_bootstrap",
    "resampled_differences",
    "resampled_intervals",
]

Metric: TypeAlias = Callable[..., float]
RandomState: TypeAlias = int | np.random.Generator
# figures of one resample, from how often it takes each customer
Figures: TypeAlias = Callable[[FloatArray], tuple[float, ...]]

CHURN_FIGURES: Mapping[str, Callable[[ScoreTable], float]] = {
    "roc_auc": table_roc_auc,
    "average_precision": table_average_precision,
    "top_decile_lift": table_lift,
    "brier": table_brier,
    "log_loss": table_log_loss,
    "ece": table_ece,
}
VALUE_FIGURES: Mapping[str, Callable[[ValueMeasures, FloatArray], float]] = {
    "mae": ValueMeasures.mae,
    "rmse": ValueMeasures.rmse,
    "spearman": ValueMeasures.spearman,
    "total_ratio": ValueMeasures.total_ratio,
    "normalized_gini": ValueMeasures.normalized_gini,
}
_RANKING_METRICS: Mapping[Metric, str] = {
    roc_auc: "roc_auc",
    average_precision: "average_precision",
    top_decile_lift: "top_decile_lift",
}
_CALIBRATION_METRICS: Mapping[Metric, str] = {
    brier: "brier",
    log_loss: "log_loss",
    ece: "ece",
}
_VALUE_METRICS: Mapping[Metric, str] = {
    mae: "mae",
    rmse: "rmse",
    spearman: "spearman",
    total_ratio: "total_ratio",
    normalized_gini: "normalized_gini",
}


class Interval(NamedTuple):
    """A figure's interval.

    Attributes
    ----------
    low, high : float
        Its ends, in the figure's own unit; NaN where it is not defined.

    Examples
    --------
    >>> Interval(low=0.7, high=0.8).high
    0.8
    """

    low: float
    high: float


class PairedDifference(NamedTuple):
    """By how much a figure of model a is above that of model b on the same customers.

    Attributes
    ----------
    difference : float
        Figure of a less figure of b.
    low, high : float
        Ends of its interval. Where both have the same sign, chance alone does not
        explain the difference.

    Examples
    --------
    >>> PairedDifference(difference=0.02, low=0.01, high=0.03).low
    0.01
    """

    difference: float
    low: float
    high: float


def figures_from_scores(sorted_scores: SortedScores, names: tuple[str, ...]) -> Figures:
    """Return churn figures as a function of how often each customer is taken."""

    def figures(counts: FloatArray) -> tuple[float, ...]:
        table = sorted_scores.table(counts)
        return tuple(CHURN_FIGURES[name](table) for name in names)

    return figures


def figures_from_values(measures: ValueMeasures, names: tuple[str, ...]) -> Figures:
    """Return value figures as a function of how often each customer is taken."""

    def figures(counts: FloatArray) -> tuple[float, ...]:
        return tuple(VALUE_FIGURES[name](measures, counts) for name in names)

    return figures


def _from_metric(metric: Metric, arrays: tuple[FloatArray, ...]) -> Figures:
    def figures(counts: FloatArray) -> tuple[float, ...]:
        taken = np.repeat(np.arange(counts.size), counts.astype(np.intp))
        return (float(metric(*(array[taken] for array in arrays))),)

    return figures


def _prepared(metric: Metric, arrays: tuple[ArrayLike, ...]) -> tuple[Figures, int]:
    """Return the metric as a function of counts, and how many customers there are."""
    if metric in _VALUE_METRICS:
        measures = ValueMeasures.of(*arrays)
        figures = figures_from_values(measures, (_VALUE_METRICS[metric],))
        return figures, measures.actual.size
    named = {**_RANKING_METRICS, **_CALIBRATION_METRICS}.get(metric)
    if named is not None:
        check = check_outcome if metric in _RANKING_METRICS else check_probability
        outcome, score = check(*arrays)
        return figures_from_scores(
            SortedScores.of(outcome, score), (named,)
        ), outcome.size
    if not arrays:
        msg = "No array was passed. A metric is resampled over its arrays: pass them."
        raise DataError(msg)
    names = [f"arrays[{i}]" for i in range(len(arrays))]
    checked = tuple(as_numbers(n, a) for n, a in zip(names, arrays, strict=True))
    check_same_length(names, checked)
    return _from_metric(metric, checked), checked[0].size


def _resamples(
    n_customers: int, n_resamples: int, random_state: RandomState
) -> Iterator[FloatArray]:
    if n_resamples < 2:
        msg = f"'n_resamples' is {n_resamples}; at least 2 were expected, better 1000."
        raise ValueError(msg)
    generator = np.random.default_rng(random_state)
    for _ in range(n_resamples):
        drawn = generator.integers(0, n_customers, n_customers)
        yield np.bincount(drawn, minlength=n_customers).astype(np.float64)


def _ends(values: FloatArray, level: float) -> Interval:
    finite = values[np.isfinite(values)]
    if finite.size * 2 < values.size:
        return Interval(math.nan, math.nan)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return Interval(float(low), float(high))


def resampled_intervals(
    figures: Figures,
    n_customers: int,
    n_resamples: int,
    level: float,
    random_state: RandomState,
) -> list[Interval]:
    """Compute the interval of each of several figures from the same resamples."""
    check_level(level)
    draws = _resamples(n_customers, n_resamples, random_state)
    values = np.array([figures(counts) for counts in draws])
    return [_ends(column, level) for column in values.T]


def resampled_differences(
    first: Figures,
    second: Figures,
    n_customers: int,
    n_resamples: int,
    level: float,
    random_state: RandomState,
) -> list[PairedDifference]:
    """Compute the differences of the figures of two models from the same resamples."""

    def both(counts: FloatArray) -> tuple[float, ...]:
        pairs = zip(first(counts), second(counts), strict=True)
        return tuple(a - b for a, b in pairs)

    ends = resampled_intervals(both, n_customers, n_resamples, level, random_state)
    observed = both(np.ones(n_customers))
    return [PairedDifference(d, *e) for d, e in zip(observed, ends, strict=True)]


def bootstrap_interval(
    metric: Metric,
    *arrays: ArrayLike,
    n_resamples: int = 1000,
    level: float = 0.95,
    random_state: RandomState = 0,
) -> Interval:
    """Compute the percentile bootstrap interval of a metric over customers.

    It says how far the figure would move with another draw of customers from the same
    window; it does not say how it moves from one window to the next.

    Parameters
    ----------
    metric : callable
        Takes the arrays and returns a number. The ranking, calibration and value
        metrics of this package (with their default arguments) are counted from arrays
        sorted once; any other is called on each resample.
    *arrays : array-like of shape (n_customers,)
        What the metric takes, all of one length, resampled together.
    n_resamples : int, default=1000
        Resamples, 2 or more.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    random_state : int or numpy.random.Generator, default=0
        The same number gives the same interval.

    Returns
    -------
    Interval
        ``low`` and ``high``. Resamples in which the metric is NaN (nobody churned) are
        left out; where they are more than half, both ends are NaN.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or not what the metric
        takes.
    ValueError
        If `n_resamples` is below 2 or `level` is not between 0 and 1.

    Notes
    -----
    A figure that is biased in small samples (`ece` is, upwards) is more so in a
    resample: its interval may lie above the figure itself.

    References
    ----------
    .. [1] Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap,
       chapter 13.

    Examples
    --------
    >>> y, score = [0, 0, 1, 1, 0, 1], [0.1, 0.6, 0.7, 0.9, 0.3, 0.5]
    >>> low, high = bootstrap_interval(roc_auc, y, score, n_resamples=200)
    >>> low < roc_auc(y, score) <= high
    True
    """
    figures, n_customers = _prepared(metric, arrays)
    return resampled_intervals(figures, n_customers, n_resamples, level, random_state)[
        0
    ]


def paired_bootstrap(
    metric: Metric,
    y: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    *,
    n_resamples: int = 1000,
    level: float = 0.95,
    random_state: RandomState = 0,
) -> PairedDifference:
    """Compute the interval of the difference of two models on the same customers.

    Two models err on the same customers, so the interval of their difference is much
    narrower than either model's own: this is the one to judge a challenger by.

    Parameters
    ----------
    metric : callable
        Takes outcome and score (or actual and predicted amounts), returns a number.
    y : array-like of shape (n_customers,)
        Outcome, or actual amount.
    score_a, score_b : array-like of shape (n_customers,)
        What each of the two models says of the same customers, in the same order.
    n_resamples : int, default=1000
        Resamples, 2 or more.
    level : float, default=0.95
        Confidence level, between 0 and 1.
    random_state : int or numpy.random.Generator, default=0
        The same number gives the same interval.

    Returns
    -------
    PairedDifference
        Metric of a less metric of b, with its interval. For a loss, below 0 is better.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or not what the metric
        takes.
    ValueError
        If `n_resamples` is below 2 or `level` is not between 0 and 1.

    Examples
    --------
    >>> y, model, coin = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.5, 0.5, 0.5, 0.5]
    >>> paired_bootstrap(brier, y, model, coin).difference
    -0.225
    """
    first, n_customers = _prepared(metric, (y, score_a))
    second, _ = _prepared(metric, (y, score_b))
    return resampled_differences(
        first, second, n_customers, n_resamples, level, random_state
    )[0]
