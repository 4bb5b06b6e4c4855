"""Purchase logs: a customer churns who buys nothing in the horizon."""

from regulars.kinds.non_contractual.problem import purchase_backtest, purchase_problem
from regulars.kinds.non_contractual.workspace import LogWorkspace, open_workspace
from regulars.kinds.tables import read_and_check

__all__ = [
    "LogWorkspace",
    "open_workspace",
    "purchase_backtest",
    "purchase_problem",
    "read_and_check",
]
