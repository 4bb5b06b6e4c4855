"""What KPIs and segments are worked out from, of any kind that has a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pandas as pd

from regulars.kpis.kpi_data import KpiData

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from regulars.config import Settings
    from regulars.data.intake import Intake
    from regulars.data.ledger import Ledger


class WithTables(Protocol):
    """Checked tables with a ledger."""

    @property
    def settings(self) -> Settings:
        """The configuration."""

    @property
    def intake(self) -> Intake:
        """The tables."""

    @property
    def ledger(self) -> Ledger:
        """The purchases."""


def kpi_data(
    work: WithTables, cutoff: date, scores: pd.DataFrame | None = None
) -> KpiData:
    """Gather what KPIs are worked out from, as of a day."""
    settings, tables = work.settings, work.intake.tables
    return KpiData(
        ledger=work.ledger,
        cutoff=cutoff,
        tables={k: v for k, v in tables.items() if k != "transactions"},
        settings=settings.kpis,
        horizon_days=settings.time.horizon_days,
        margin=settings.value.margin,
        scores=scores,
        programme=settings.programme,
    )


def scores_at(folder: Path, cutoff: date) -> pd.DataFrame | None:
    """Return the scores of a run as of a day, if there are any."""
    path = folder / "scores.parquet"
    if not path.is_file():
        return None
    names = ["customer_id", "cutoff", "churn_probability", "clv", "value_at_risk"]
    try:
        scores = pd.read_parquet(path, columns=names)
    except (ValueError, OSError, KeyError):
        return None  # the report says what is wrong with it
    days = {str(day)[:10] for day in scores["cutoff"].unique()}
    return scores if days == {cutoff.isoformat()} else None
