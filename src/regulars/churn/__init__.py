"""Churn probabilities: classifiers, their selection forward in time, calibration."""

from regulars.churn.calibration import Calibrator
from regulars.churn.classifier import BoostedChurn, LogisticChurn
from regulars.churn.ensemble import ChurnEnsemble, Recipe
from regulars.churn.tuning import Selection, select

__all__ = [
    "BoostedChurn",
    "Calibrator",
    "ChurnEnsemble",
    "LogisticChurn",
    "Recipe",
    "Selection",
    "select",
]
