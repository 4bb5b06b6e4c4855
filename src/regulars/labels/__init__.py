"""What happened in the horizon."""

from regulars.labels.purchases import build_labels

__all__ = [
    "build_labels",
]
