"""Where a search for LightGBM's settings looks: bounds, a first guess, what is fixed.

Rows of purchases and rows of attributes want other trees and penalties, and so other
spaces; the search is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import optuna


@dataclass(frozen=True)
class Space:
    """What is tried for rows of one sort."""

    first: Mapping[str, float]
    # lowest and highest of each setting; whole numbers where both are
    bounds: Mapping[str, tuple[float, float]]
    # settings of which a ratio counts and not a difference
    by_ratio: tuple[str, ...] = ("min_child_samples", "lambda_l2")
    fixed: Mapping[str, Any] = field(default_factory=dict)
    # of the regression
    penalties: tuple[float, ...] = (0.01, 0.1, 1.0)
    bags: int = 1

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Return the settings that a trial tries."""
        settings: dict[str, Any] = {}
        for name, (low, high) in self.bounds.items():
            log = name in self.by_ratio
            if isinstance(low, int) and isinstance(high, int):
                settings[name] = trial.suggest_int(name, low, high, log=log)
            else:
                settings[name] = trial.suggest_float(name, low, high, log=log)
        return settings


PURCHASES = Space(
    first={
        "num_leaves": 12,
        "min_child_samples": 60,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.7,
        "lambda_l2": 10.0,
    },
    bounds={
        "num_leaves": (4, 31),
        "min_child_samples": (10, 200),
        "feature_fraction": (0.15, 0.9),
        "bagging_fraction": (0.4, 1.0),
        "lambda_l2": (0.1, 100.0),
    },
    # thresholds drawn at random: log loss fell by 4 to 22 ten-thousandths on each of
    # six validation windows of groceries and moved by less than one on two of CDs
    # (ADR 0032)
    fixed={"extra_trees": True},
    penalties=(0.003, 0.03, 0.3),
)
"""Features of a purchase log: many, alike, of few thousand customers."""

ATTRIBUTES = Space(
    first={
        "num_leaves": 31,
        "min_child_samples": 20,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "lambda_l2": 0.01,
    },
    bounds={
        "num_leaves": (4, 63),
        "min_child_samples": (5, 100),
        "feature_fraction": (0.5, 1.0),
        "bagging_fraction": (0.6, 1.0),
        "lambda_l2": (1e-3, 30.0),
    },
    by_ratio=("num_leaves", "min_child_samples", "lambda_l2"),
    fixed={"max_bin": 255, "learning_rate": 0.03},
    penalties=(0.01, 0.1, 1.0),
    # the mean of boosters that differ in their seed ranks better than any of them
    bags=5,
)
"""Attributes of a customer: few, unlike; finer bins and larger trees pay off."""
