"""Campaigns: whom to offer what within a budget, and whether it worked."""

from regulars.campaigns.allocation import (
    Allocation,
    Limit,
    Problem,
    allocate,
    profit_curve,
)
from regulars.campaigns.control import ControlGroup, draw, in_holdout
from regulars.campaigns.draw_checks import Check
from regulars.campaigns.experiment import Experiment, Untouched
from regulars.campaigns.uplift import LearnedUplift, Verdict, learn_uplift

__all__ = [
    "Allocation",
    "Check",
    "ControlGroup",
    "Experiment",
    "LearnedUplift",
    "Limit",
    "Problem",
    "Untouched",
    "Verdict",
    "allocate",
    "draw",
    "in_holdout",
    "learn_uplift",
    "profit_curve",
]
