"""What KPIs and segments are worked out from, of any kind that has a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.kpis.kpi_data import KpiData

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from regulars.config import Settings
    from regulars.data.ledger import Ledger


def kpi_data(
    settings: Settings,
    ledger: Ledger,
    tables: Mapping[str, Any],
    cutoff: date,
    scores: pd.DataFrame | None = None,
    begins: date | None = None,
) -> KpiData:
    """Gather what KPIs are worked out from, as of a day."""
    return KpiData(
        ledger=ledger,
        cutoff=cutoff,
        tables={k: v for k, v in tables.items() if k != "transactions"},
        settings=settings.kpis,
        horizon_days=settings.time.horizon_days,
        margin=settings.value.margin,
        scores=scores,
        programme=settings.programme,
        begins=begins,
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
