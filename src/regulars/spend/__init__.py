"""Expected spend in the horizon: the regressors and the choice between them."""

from regulars.spend.ensemble import SpendEnsemble, SpendRecipe
from regulars.spend.intervals import (
    SpendBands,
    coverage_left_out,
    interval_figures,
)
from regulars.spend.regressor import SpendRegressor
from regulars.spend.selection import SpendSelection, select_spend

__all__ = [
    "SpendBands",
    "SpendEnsemble",
    "SpendRecipe",
    "SpendRegressor",
    "SpendSelection",
    "coverage_left_out",
    "interval_figures",
    "select_spend",
]
