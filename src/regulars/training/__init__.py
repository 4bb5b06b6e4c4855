"""From what a kind of churn gives to a tested, gated, registered model."""

from regulars.training.backtest import BacktestPlan, run_backtest
from regulars.training.registration import train_and_register
from regulars.training.train import feature_importance, train, try_window
from regulars.training.window import Problem, Training, Trial, Window

__all__ = [
    "BacktestPlan",
    "Problem",
    "Training",
    "Trial",
    "Window",
    "feature_importance",
    "run_backtest",
    "train",
    "train_and_register",
    "try_window",
]
