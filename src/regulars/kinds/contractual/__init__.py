"""Contracts: who of those with a running one cancels in the horizon."""

from regulars.kinds.contractual.snapshot import snapshot
from regulars.kinds.contractual.spells import cancelled, spells_of
from regulars.kinds.contractual.stages import (
    backtest_contracts,
    kpis_of_contracts,
    score_contracts,
    train_contracts,
)
from regulars.kinds.contractual.workspace import ContractWorkspace, open_contracts

__all__ = [
    "ContractWorkspace",
    "backtest_contracts",
    "cancelled",
    "kpis_of_contracts",
    "open_contracts",
    "score_contracts",
    "snapshot",
    "spells_of",
    "train_contracts",
]
