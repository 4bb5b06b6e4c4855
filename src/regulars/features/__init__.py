"""Features: what was known about each customer at a cutoff."""

from regulars.features.group import Group
from regulars.features.matrix import (
    DEFAULT_GROUPS,
    FEATURES,
    GROUPS,
    build_matrix,
    describe_features,
    matrix_expressions,
)
from regulars.features.past import History, Past, refuse_future

__all__ = [
    "DEFAULT_GROUPS",
    "FEATURES",
    "GROUPS",
    "Group",
    "History",
    "Past",
    "build_matrix",
    "describe_features",
    "matrix_expressions",
    "refuse_future",
]
