"""One training for every kind of churn: choose, test, gate, register, backtest."""

from regulars.training.backtest import BacktestPlan, run_backtest
from regulars.training.train import feature_importance, fit_as_of, train, try_window
from regulars.training.window import Problem, Training, Trial, Window

__all__ = [
    "BacktestPlan",
    "Problem",
    "Training",
    "Trial",
    "Window",
    "feature_importance",
    "fit_as_of",
    "run_backtest",
    "train",
    "try_window",
]
