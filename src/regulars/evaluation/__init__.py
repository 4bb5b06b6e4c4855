"""What a model that had not seen a window says of it, and what follows from that."""

from regulars.evaluation.gate import Comparison, Decision, compare, decide
from regulars.evaluation.holdout import ChurnTest, ValueTest, judge_churn, judge_value
from regulars.evaluation.offer import expected_threshold, judge_offer
from regulars.evaluation.slices import judge_slices, label_customers

__all__ = [
    "ChurnTest",
    "Comparison",
    "Decision",
    "ValueTest",
    "compare",
    "decide",
    "expected_threshold",
    "judge_churn",
    "judge_offer",
    "judge_slices",
    "judge_value",
    "label_customers",
]
