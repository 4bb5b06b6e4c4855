"""Churn probabilities: classifiers, their selection forward in time, calibration."""

from regulars.churn.boosted import BoostedChurn
from regulars.churn.calibration import Calibrator
from regulars.churn.ensemble import ChurnEnsemble, Recipe
from regulars.churn.logistic import LogisticChurn
from regulars.churn.objective import Objective
from regulars.churn.tuning import Selection, select

__all__ = [
    "BoostedChurn",
    "Calibrator",
    "ChurnEnsemble",
    "LogisticChurn",
    "Objective",
    "Recipe",
    "Selection",
    "select",
]
