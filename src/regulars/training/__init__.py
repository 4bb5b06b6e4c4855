"""One training for every kind of churn: choose, test, gate, register, backtest."""

from regulars.training.train import feature_importance, train
from regulars.training.window import Problem, Training, Trial

__all__ = [
    "Problem",
    "Training",
    "Trial",
    "feature_importance",
    "train",
]
