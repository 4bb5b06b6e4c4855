"""Expected spend in the horizon: the regressors and the choice between them."""

from regulars.models.spend.ensemble import SpendEnsemble, SpendForecast, SpendRecipe
from regulars.models.spend.intervals import (
    SpendBands,
    coverage_left_out,
    interval_figures,
)
from regulars.models.spend.level import SpendLevel
from regulars.models.spend.regressor import SpendRegressor
from regulars.models.spend.selection import SpendSelection, select_spend

__all__ = [
    "SpendBands",
    "SpendEnsemble",
    "SpendForecast",
    "SpendLevel",
    "SpendRecipe",
    "SpendRegressor",
    "SpendSelection",
    "coverage_left_out",
    "interval_figures",
    "select_spend",
]
