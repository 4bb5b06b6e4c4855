"""Models of churn, spend and segments, and `RetentionModel`, which combines them."""

from regulars.models.horizon import Horizon
from regulars.models.retention import RetentionModel, feature_columns

__all__ = [
    "Horizon",
    "RetentionModel",
    "feature_columns",
]
