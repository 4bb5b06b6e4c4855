"""The figures of a test window, and how far chance alone could have moved them.

In come outcomes and scores, or actual and predicted amounts; out go dictionaries of
figures and percentile bootstrap intervals over customers, alone or for the difference
of two models on the same customers. A resample is a count a customer: arrays are sorted
once, and each resample only adds up counts, so a thousand of them cost about a second
for 25,000 customers. The same `random_state` draws the same customers for every model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from regulars.metrics.arrays import (
    ArrayLike,
    FloatArray,
    as_numbers,
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
    "Interval",
    "PairedDifference",
    "bootstrap_interval",
    "evaluate_churn",
    "evaluate_churn_differences",
    "evaluate_churn_intervals",
    "evaluate_value",
    "evaluate_value_intervals",
    "paired_bootstrap",
]

Metric: TypeAlias = Callable[..., float]
RandomState: TypeAlias = int | np.random.Generator
# figures of one resample, from how often it takes each customer
_Figures: TypeAlias = Callable[[FloatArray], tuple[float, ...]]

_CHURN: Mapping[str, Callable[[ScoreTable], float]] = {
    "roc_auc": table_roc_auc,
    "average_precision": table_average_precision,
    "top_decile_lift": table_lift,
    "brier": table_brier,
    "log_loss": table_log_loss,
    "ece": table_ece,
}
_VALUE: Mapping[str, Callable[[ValueMeasures, FloatArray], float]] = {
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


def _from_scores(sorted_scores: SortedScores, names: tuple[str, ...]) -> _Figures:
    def figures(counts: FloatArray) -> tuple[float, ...]:
        table = sorted_scores.table(counts)
        return tuple(_CHURN[name](table) for name in names)

    return figures


def _from_values(measures: ValueMeasures, names: tuple[str, ...]) -> _Figures:
    def figures(counts: FloatArray) -> tuple[float, ...]:
        return tuple(_VALUE[name](measures, counts) for name in names)

    return figures


def _from_metric(metric: Metric, arrays: tuple[FloatArray, ...]) -> _Figures:
    def figures(counts: FloatArray) -> tuple[float, ...]:
        taken = np.repeat(np.arange(counts.size), counts.astype(np.intp))
        return (float(metric(*(array[taken] for array in arrays))),)

    return figures


def _prepared(metric: Metric, arrays: tuple[ArrayLike, ...]) -> tuple[_Figures, int]:
    """Return the metric as a function of counts, and how many customers there are."""
    if metric in _VALUE_METRICS:
        measures = ValueMeasures.of(*arrays)
        figures = _from_values(measures, (_VALUE_METRICS[metric],))
        return figures, measures.actual.size
    named = {**_RANKING_METRICS, **_CALIBRATION_METRICS}.get(metric)
    if named is not None:
        check = check_outcome if metric in _RANKING_METRICS else check_probability
        outcome, score = check(*arrays)
        return _from_scores(SortedScores.of(outcome, score), (named,)), outcome.size
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


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        msg = f"'level' is {level}; a confidence level between 0 and 1 was expected."
        raise ValueError(msg)


def _intervals(
    figures: _Figures,
    n_customers: int,
    n_resamples: int,
    level: float,
    random_state: RandomState,
) -> list[Interval]:
    _check_level(level)
    draws = _resamples(n_customers, n_resamples, random_state)
    values = np.array([figures(counts) for counts in draws])
    return [_ends(column, level) for column in values.T]


def _differences(
    first: _Figures,
    second: _Figures,
    n_customers: int,
    n_resamples: int,
    level: float,
    random_state: RandomState,
) -> list[PairedDifference]:
    def both(counts: FloatArray) -> tuple[float, ...]:
        pairs = zip(first(counts), second(counts), strict=True)
        return tuple(a - b for a, b in pairs)

    ends = _intervals(both, n_customers, n_resamples, level, random_state)
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
    return _intervals(figures, n_customers, n_resamples, level, random_state)[0]


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
    return _differences(first, second, n_customers, n_resamples, level, random_state)[0]


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
    outcome, chance = check_probability(y, probability)
    table = SortedScores.of(outcome, chance).table()
    figures = {name: measure(table) for name, measure in _CHURN.items()}
    return {
        "n_customers": outcome.size,
        "churn_rate": float(outcome.mean()),
        **figures,
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
    >>> low < brier(y, chance) < high
    True
    """
    outcome, chance = check_probability(y, probability)
    figures = _from_scores(SortedScores.of(outcome, chance), tuple(_CHURN))
    ends = _intervals(figures, outcome.size, n_resamples, level, random_state)
    return {name: list(end) for name, end in zip(_CHURN, ends, strict=True)}


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
    outcome, first = check_probability(y, probability_a)
    _, second = check_probability(outcome, probability_b)
    names = tuple(_CHURN)
    differences = _differences(
        _from_scores(SortedScores.of(outcome, first), names),
        _from_scores(SortedScores.of(outcome, second), names),
        outcome.size,
        n_resamples,
        level,
        random_state,
    )
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
        ``mae``, ``rmse``, ``spearman``, ``total_ratio`` and ``normalized_gini``; NaN
        where a figure is not defined (nobody spent anything).

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
    measures = ValueMeasures.of(actual, predicted)
    return {name: figure(measures, measures.once) for name, figure in _VALUE.items()}


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
    measures = ValueMeasures.of(actual, predicted)
    figures = _from_values(measures, tuple(_VALUE))
    n_customers = measures.actual.size
    ends = _intervals(figures, n_customers, n_resamples, level, random_state)
    return {name: list(end) for name, end in zip(_VALUE, ends, strict=True)}
