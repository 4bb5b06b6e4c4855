"""Models of churn, spend and segments, and `RetentionModel`, which combines them."""

from regulars.models.horizon import Horizon
from regulars.models.reading import feature_columns
from regulars.models.retention import RetentionModel

__all__ = [
    "Horizon",
    "RetentionModel",
    "feature_columns",
]
