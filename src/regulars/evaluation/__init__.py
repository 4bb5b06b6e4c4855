"""What a model that had not seen a window says of it, and what follows from that."""

from regulars.evaluation.backtest import evaluate_window, roll_back
from regulars.evaluation.gate import Comparison, Decision, compare, decide
from regulars.evaluation.holdout import (
    ChurnTest,
    ValueTest,
    evaluate_churn_forecasts,
    evaluate_spend_forecasts,
)
from regulars.evaluation.offer import evaluate_offer, expected_threshold
from regulars.evaluation.slices import evaluate_slices, label_customers

__all__ = [
    "ChurnTest",
    "Comparison",
    "Decision",
    "ValueTest",
    "compare",
    "decide",
    "evaluate_churn_forecasts",
    "evaluate_offer",
    "evaluate_slices",
    "evaluate_spend_forecasts",
    "evaluate_window",
    "expected_threshold",
    "label_customers",
    "roll_back",
]
