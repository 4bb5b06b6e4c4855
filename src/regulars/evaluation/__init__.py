"""What a model that had not seen a window says of it, and what follows from that."""

from regulars.evaluation.gate import Decision, decide
from regulars.evaluation.holdout import ChurnTest, ValueTest, judge_churn, judge_value

__all__ = ["ChurnTest", "Decision", "ValueTest", "decide", "judge_churn", "judge_value"]
