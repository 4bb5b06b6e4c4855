"""Training and test repeated as of earlier days: the content of ``backtest.json``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from regulars.results.base import Part, Result
from regulars.results.measures import (
    ChurnMetrics,
    Gap,
    Intervals,
    OfferRule,
    ReliabilityPoint,
    SpendMetrics,
)


class BacktestWindow(Part):
    """One test window, the model beside its baselines."""

    cutoff: str  # a day, or the name of a split of rows without days
    known_at: date | None = None
    n_customers: int
    churn_rate: float
    n_training_windows: int | None = None
    n_training_rows: int | None = None
    process_only: bool
    weights: Mapping[str, float]
    value_metrics: Mapping[str, SpendMetrics]
    reliability: tuple[ReliabilityPoint, ...] = ()
    profit: Mapping[str, OfferRule] | None = None  # None: no value to go by
    metrics: Mapping[str, ChurnMetrics]
    intervals: Mapping[str, Intervals]
    best_baseline: str | None
    differences: Mapping[str, Gap]  # model less the best baseline, by measure


class Overall(Part):
    """The windows summed up."""

    n_windows: int
    mean: Mapping[str, Mapping[str, float]]
    # beyond chance, against the best baseline of the window
    n_better: int
    n_worse: int


class SliceFigures(Part):
    """The model on one part of the base; figures of a small part are None."""

    slice: str
    value: str
    share: float
    n_customers: int
    churn_rate: float
    predicted_rate: float
    roc_auc: float | None
    log_loss: float | None
    ece: float | None
    difference: float | None  # log loss less the rival's
    low: float | None
    high: float | None


class Slices(Part):
    """The model on the parts of the base, all windows together."""

    rival: str
    rows: tuple[SliceFigures, ...]


class Staleness(Part):
    """What a model loses that was not trained for some windows."""

    age: int  # in windows
    n_windows: int
    n_customers: int
    differences: Mapping[str, Gap]  # less a fresh model on the same windows


class BacktestResult(Result):
    """Test windows rolled back through time, or over the rows of a table.

    Examples
    --------
    >>> overall = {"n_windows": 0, "mean": {}, "n_better": 0, "n_worse": 0}
    >>> result = BacktestResult(
    ...     name="shop", baseline_labels={}, windows=(), overall=overall, slices=None,
    ...     staleness=(), notes=())
    >>> result.is_dated
    True
    """

    file: ClassVar[str] = "backtest.json"
    command: ClassVar[str] = "regulars backtest"

    is_dated: bool = True
    horizon_days: int | None = None
    step_days: int | None = None
    baseline_labels: Mapping[str, str]
    windows: tuple[BacktestWindow, ...]
    overall: Overall
    slices: Slices | None
    staleness: tuple[Staleness, ...]
    notes: tuple[str, ...]
    run_id: str | None = None
