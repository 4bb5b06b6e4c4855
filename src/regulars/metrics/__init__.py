"""Pure functions of arrays that say how good a churn score or a value forecast is."""

from __future__ import annotations

from regulars.metrics.calibration import (
    brier,
    calibration_in_the_large,
    ece,
    log_loss,
    reliability_curve,
    wilson_interval,
)
from regulars.metrics.ranking import (
    average_precision,
    gain_at_capacity,
    gains_curve,
    lift_at_k,
    lift_curve,
    precision_recall_points,
    roc_auc,
    roc_points,
    top_decile_lift,
)

__all__ = [
    "average_precision",
    "brier",
    "calibration_in_the_large",
    "ece",
    "gain_at_capacity",
    "gains_curve",
    "lift_at_k",
    "lift_curve",
    "log_loss",
    "precision_recall_points",
    "reliability_curve",
    "roc_auc",
    "roc_points",
    "top_decile_lift",
    "wilson_interval",
]
