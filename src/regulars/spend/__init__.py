"""Expected spend in the horizon: the regressors and the choice between them."""

from regulars.spend.regressor import SpendEnsemble, SpendRecipe, SpendRegressor
from regulars.spend.selection import select_spend

__all__ = [
    "SpendEnsemble",
    "SpendRecipe",
    "SpendRegressor",
    "select_spend",
]
