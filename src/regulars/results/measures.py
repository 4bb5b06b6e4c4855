"""Figures about forecasts, as the training and the backtest both write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from regulars.results.base import Part

Bounds = tuple[float | None, float | None]  # of a 95% interval
Intervals = Mapping[str, Bounds]  # by measure


class ChurnMetrics(Part):
    """Churn forecasts against what happened in one window."""

    cutoff: date | None  # None: rows without a day, or the mean of several tests
    n_customers: int
    churn_rate: float
    # None where all customers churned, or none
    roc_auc: float | None
    average_precision: float | None
    top_decile_lift: float | None
    brier: float | None
    log_loss: float
    ece: float | None


class SpendMetrics(Part):
    """Spend forecasts against what was spent in one window."""

    mae: float
    rmse: float | None = None
    spearman: float | None = None
    tweedie_deviance: float | None = None  # of an expectation: less is better
    total_ratio: float | None = None  # predicted over actual: 1 is best
    normalized_gini: float | None = None
    typical_mae: float | None = None  # of typical spend, or of a forecast's one figure
    # of the model alone: baselines have no intervals
    interval_coverage: float | None = None
    interval_width: float | None = None
    # of candidates alone
    total_error: float | None = None
    decile_error: float | None = None


class Gap(Part):
    """A difference of two forecasts with its paired 95% interval."""

    difference: float | None
    low: float | None
    high: float | None


class ReliabilityPoint(Part):
    """Customers of like probability, and what share of them churned."""

    bin_low: float
    bin_high: float
    n_customers: int
    mean_predicted: float
    observed_rate: float
    observed_low: float
    observed_high: float


class RocCurve(Part):
    """Churners caught by stayers wrongly flagged."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


class GainsCurve(Part):
    """Share of churners reached by share contacted, riskiest first."""

    share_contacted: tuple[float, ...]
    share_reached: tuple[float, ...]


class LiftCurve(Part):
    """Density of churners among those contacted, over that among all."""

    share_contacted: tuple[float, ...]
    lift: tuple[float, ...]


class Curves(Part):
    """The curves of one forecast; None where all or none churned."""

    roc: RocCurve | None
    gains: GainsCurve | None
    lift: LiftCurve | None
    reliability: tuple[ReliabilityPoint, ...]


class OfferRule(Part):
    """What one way to choose whom to contact would have earned."""

    label: str
    profit: float
    n_contacted: int
    ahead: Gap  # profit of the chosen rule less this one's
