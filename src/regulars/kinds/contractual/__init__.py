"""Contracts: who of those with a running one cancels in the horizon."""

from regulars.kinds.contractual.snapshot import snapshot
from regulars.kinds.contractual.spells import cancelled, spells_of
from regulars.kinds.contractual.workspace import ContractWorkspace, open_contracts

__all__ = [
    "ContractWorkspace",
    "cancelled",
    "open_contracts",
    "snapshot",
    "spells_of",
]
