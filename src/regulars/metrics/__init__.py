"""Pure functions of arrays that say how good a churn score or a value forecast is."""

from __future__ import annotations

from regulars.metrics.bootstrap import (
    Interval,
    PairedDifference,
    bootstrap_interval,
    paired_bootstrap,
)
from regulars.metrics.calibration import (
    brier,
    calibration_in_the_large,
    ece,
    log_loss,
    reliability_curve,
    wilson_interval,
)
from regulars.metrics.campaign import (
    BestThreshold,
    best_threshold,
    break_even_probability,
    expected_profit,
    profit_at_capacity,
    profit_at_threshold,
    profit_curve,
)
from regulars.metrics.costs import CampaignCosts, accept_shapes
from regulars.metrics.curves import (
    gains_curve,
    lift_curve,
    precision_recall_points,
    roc_points,
)
from regulars.metrics.intervals import (
    evaluate_churn,
    evaluate_churn_differences,
    evaluate_churn_intervals,
    evaluate_value,
    evaluate_value_intervals,
)
from regulars.metrics.profit import (
    MaximumProfit,
    empc,
    empc_score,
    mpc,
    mpc_score,
)
from regulars.metrics.ranking import (
    average_precision,
    gain_at_capacity,
    lift_at_k,
    roc_auc,
    top_decile_lift,
)
from regulars.metrics.uplift import (
    EffectEstimate,
    policy_value,
    qini_auc_score,
    ranking_test,
    uplift_at_k,
    uplift_auc_score,
    uplift_by_group,
    uplift_curve,
)
from regulars.metrics.value import (
    decile_error,
    decile_table,
    mae,
    normalized_gini,
    rmse,
    spearman,
    total_ratio,
    tweedie_deviance,
)

__all__ = [
    "BestThreshold",
    "CampaignCosts",
    "EffectEstimate",
    "Interval",
    "MaximumProfit",
    "PairedDifference",
    "accept_shapes",
    "average_precision",
    "best_threshold",
    "bootstrap_interval",
    "break_even_probability",
    "brier",
    "calibration_in_the_large",
    "decile_error",
    "decile_table",
    "ece",
    "empc",
    "empc_score",
    "evaluate_churn",
    "evaluate_churn_differences",
    "evaluate_churn_intervals",
    "evaluate_value",
    "evaluate_value_intervals",
    "expected_profit",
    "gain_at_capacity",
    "gains_curve",
    "lift_at_k",
    "lift_curve",
    "log_loss",
    "mae",
    "mpc",
    "mpc_score",
    "normalized_gini",
    "paired_bootstrap",
    "policy_value",
    "precision_recall_points",
    "profit_at_capacity",
    "profit_at_threshold",
    "profit_curve",
    "qini_auc_score",
    "ranking_test",
    "reliability_curve",
    "rmse",
    "roc_auc",
    "roc_points",
    "spearman",
    "top_decile_lift",
    "total_ratio",
    "tweedie_deviance",
    "uplift_at_k",
    "uplift_auc_score",
    "uplift_by_group",
    "uplift_curve",
    "wilson_interval",
]
