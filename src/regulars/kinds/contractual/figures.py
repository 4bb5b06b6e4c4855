"""What the figures of contracts are worked out from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.kinds.contractual.workspace import span_of
from regulars.kinds.kpi_inputs import kpi_data
from regulars.kpis.contract_study import no_purchases

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from regulars.kinds.contractual.workspace import ContractWorkspace
    from regulars.kpis.kpi_data import KpiData


def contract_data(
    work: ContractWorkspace, cutoff: date, scores: pd.DataFrame | None = None
) -> KpiData:
    """Gather what is known before a day; contracts stand in for missing purchases."""
    ledger, begins = work.ledger, None
    if ledger is None or ledger.first_day is None:
        ledger = no_purchases(work.tables["subscriptions"].customer_id)
        begins = span_of(work.spells)[0]
    return kpi_data(work.settings, ledger, work.tables, cutoff, scores, begins)
