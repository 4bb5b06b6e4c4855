"""Score customers with the model that serves, and write the table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.scoring.batch import Provenance, score_customers
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.sinks import write_scores
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pandas as pd

    from regulars.config import Settings
    from regulars.models.retention import RetentionModel
    from regulars.scoring.batch import Customers


def score_with_champion(
    settings: Settings,
    cutoff: date | None,
    customers: Callable[[RetentionModel], Customers],
    *,
    version: str | None = None,
) -> dict[str, Any]:
    """Score customers, write the table, and return what ``score --json`` ends with.

    `customers` gives them with the columns that the model passed to it learnt from;
    `version` in the registry scores in place of the champion.
    """
    store = Store(settings.tracking.uri, settings.name)
    model, registered = store.load(version)
    if cutoff is not None:
        refuse_hindsight(store, registered.model_version, cutoff)
    rows = customers(model)
    provenance = Provenance(
        registered.model_version, registered.run_id, datetime.now(UTC)
    )
    scores = score_customers(model, rows, provenance, settings.scores.reasons)
    # the report reads parquet; csv is written beside it for those who asked
    path = write_scores(scores, settings.outputs_folder / "scores.parquet")
    if settings.scores.format == "csv":
        path = write_scores(scores, settings.outputs_folder / "scores.csv")
    at_risk = scores["value_at_risk"]
    return {
        "scores": str(path),
        "n_customers": len(scores),
        "model_version": registered.model_version,
        "cutoff": cutoff and cutoff.isoformat(),
        "mean_churn_probability": float(scores["churn_probability"].mean()),
        "value_at_risk": None if at_risk.isna().all() else float(at_risk.sum()),
        "notices": [*rows.notices, *unseen_categories(model, rows.features)],
    }


def unseen_categories(model: RetentionModel, features: pd.DataFrame) -> list[str]:
    """Return a sentence for each attribute that holds categories new to the model."""
    if model.encoder is None:
        return []
    return [
        f"'{name}' holds categories that training never saw in {counts.sum():,} rows "
        f"({', '.join(map(str, counts.index[:5]))}): scored as none of the known ones."
        for name, counts in model.encoder.unknown(features).items()
    ]
