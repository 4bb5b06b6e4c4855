"""Features: what was known about each customer at a cutoff."""

from regulars.features.matrix import (
    DEFAULT_GROUPS,
    FEATURES,
    GROUPS,
    build_matrix,
    describe_features,
)
from regulars.features.past import Past

__all__ = [
    "DEFAULT_GROUPS",
    "FEATURES",
    "GROUPS",
    "Past",
    "build_matrix",
    "describe_features",
]
