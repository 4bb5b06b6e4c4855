"""Models of churn, spend and segments, and the one that holds them together."""

from regulars.models.horizon import Horizon
from regulars.models.retention import RetentionModel, feature_columns

__all__ = [
    "Horizon",
    "RetentionModel",
    "feature_columns",
]
