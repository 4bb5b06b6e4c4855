"""How far chance alone could have moved a figure, or the difference of two models.

Percentile bootstrap over customers. A resample is a count a customer: arrays are sorted
once, and each resample only adds up counts, many resamples at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from regulars.errors import DataError
from regulars.metrics.arrays import (
    FloatArray,
    as_numbers,
    check_level,
    check_same_length,
)
from regulars.metrics.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import ArrayLike

    from regulars.metrics.measures import Measure, Sample, TableT
    from regulars.metrics.tables import ScoreTable

Metric: TypeAlias = Callable[..., float]
RandomState: TypeAlias = int | np.random.Generator
# figures of resamples, a row for each, from how often each takes each customer
Figures: TypeAlias = Callable[[FloatArray], FloatArray]

# counts that are worked on at once: few enough to stay in a core's cache
AT_ONCE = 2**16

# metrics that are counted; any other is called on each resample
_COUNTED = {measure.function: measure for measure in MEASURES}


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


def counted(
    sample: Sample[ScoreTable], measures: Sequence[Measure[ScoreTable]]
) -> Figures:
    """Return measures as a function of how often each customer is taken."""

    def figures(counts: FloatArray) -> FloatArray:
        table = sample.table(counts)
        return np.stack([measure.on_table(table) for measure in measures], axis=-1)

    return figures


def one_by_one(figures: Callable[[FloatArray], Sequence[float]]) -> Figures:
    """Return the figures of resamples from a function of one of them."""
    return lambda counts: np.array([figures(each) for each in counts], np.float64)


def each_counted(
    sample: Sample[TableT], measures: Sequence[Measure[TableT]]
) -> Figures:
    """Return :func:`counted` of measures that take one resample at a time."""

    def figures(counts: FloatArray) -> list[float]:
        table = sample.table(counts)
        return [float(measure.on_table(table)) for measure in measures]

    return one_by_one(figures)


def _called(metric: Metric, arrays: tuple[FloatArray, ...]) -> Figures:
    def figures(counts: FloatArray) -> tuple[float]:
        taken = np.repeat(np.arange(counts.size), counts.astype(np.intp))
        return (float(metric(*(array[taken] for array in arrays))),)

    return one_by_one(figures)


def _prepared(metric: Metric, arrays: tuple[ArrayLike, ...]) -> tuple[Figures, int]:
    """Return the metric as a function of counts, and how many customers there are."""
    measure = _COUNTED.get(metric)
    if measure is not None:
        sample = measure.sample(*arrays)
        return each_counted(sample, (measure,)), sample.n_customers
    if not arrays:
        msg = "No array was passed. A metric is resampled over its arrays: pass them."
        raise DataError(msg)
    names = [f"arrays[{i}]" for i in range(len(arrays))]
    checked = tuple(as_numbers(n, a) for n, a in zip(names, arrays, strict=True))
    check_same_length(names, checked)
    return _called(metric, checked), checked[0].size


def _resamples(
    n_customers: int, n_resamples: int, random_state: RandomState
) -> Iterator[FloatArray]:
    if n_resamples < 2:
        msg = f"'n_resamples' is {n_resamples}; at least 2 were expected, better 1000."
        raise ValueError(msg)
    generator = np.random.default_rng(random_state)
    for _ in range(n_resamples):
        # one call a resample in this order: it fixes the draws of a random_state
        drawn = generator.integers(0, n_customers, n_customers)
        yield np.bincount(drawn, minlength=n_customers).astype(np.float64)


def _stacked(draws: Iterable[FloatArray], n_customers: int) -> Iterator[FloatArray]:
    """Return resamples one below the other, a few at a time."""
    remaining = iter(draws)
    while some := list(islice(remaining, max(AT_ONCE // n_customers, 1))):
        yield np.stack(some)


def _ends(values: FloatArray, level: float) -> Interval:
    finite = values[np.isfinite(values)]
    # undefined where nobody churned: of a minority of the resamples an interval would
    # speak of other windows than this one
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
    values = np.concatenate([figures(some) for some in _stacked(draws, n_customers)])
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

    def both(counts: FloatArray) -> FloatArray:
        return first(counts) - second(counts)

    ends = resampled_intervals(both, n_customers, n_resamples, level, random_state)
    [observed] = both(np.ones((1, n_customers)))
    return [PairedDifference(float(d), *e) for d, e in zip(observed, ends, strict=True)]


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
    >>> from regulars.metrics import roc_auc
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
    >>> from regulars.metrics import brier
    >>> y, model, coin = [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.5, 0.5, 0.5, 0.5]
    >>> paired_bootstrap(brier, y, model, coin).difference
    -0.225
    """
    first, n_customers = _prepared(metric, (y, score_a))
    second, _ = _prepared(metric, (y, score_b))
    return resampled_differences(
        first, second, n_customers, n_resamples, level, random_state
    )[0]
