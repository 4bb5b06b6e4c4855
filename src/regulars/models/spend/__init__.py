"""Expected spend in the horizon: the regressors and the choice between them."""

from regulars.models.spend.ensemble import SpendEnsemble, SpendRecipe
from regulars.models.spend.intervals import (
    SpendBands,
    coverage_left_out,
    interval_figures,
)
from regulars.models.spend.regressor import SpendRegressor
from regulars.models.spend.selection import SpendSelection, select_spend

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
