"""Churn probabilities: classifiers, their selection forward in time, calibration."""

from regulars.models.churn.calibration import Calibrator
from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
from regulars.models.churn.extra_trees import ExtraTreesChurn
from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.objective import Objective
from regulars.models.churn.snapshot_ranks import SnapshotRanks
from regulars.models.churn.tuning import Selection, select

__all__ = [
    "Calibrator",
    "ChurnEnsemble",
    "ExtraTreesChurn",
    "LightGBMChurn",
    "LogisticChurn",
    "Objective",
    "Recipe",
    "Selection",
    "SnapshotRanks",
    "select",
]
