"""The scored table of customers with attributes, in the columns of every other.

Rows of attributes come in; the champion's probabilities, bands and reasons go out
beside what the customers are worth, in the table that a purchase log's scores have.
What only purchases can say (the process columns) is there and empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.models.tabular.model import AttributeModel
from regulars.scoring.batch import COLUMNS
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.sinks import write_scores
from regulars.scoring.tabular_pyfunc import score_rows
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import Settings

    Floats = NDArray[np.float64]

TEXTS = ("rfm_segment", "cutoff", "expected_next_order")


@dataclass(frozen=True)
class ToScore:
    """Customers to be scored."""

    customer_id: Sequence[Any]
    attributes: pd.DataFrame
    cutoff: date | None = None
    value: Floats | None = None


def score_and_write(
    settings: Settings,
    choose: Callable[[AttributeModel], ToScore],
    *,
    version: str | None = None,
) -> dict[str, Any]:
    """Score customers with the champion; write the table."""
    store = Store(settings.tracking.uri, settings.name)
    folder, registered = store.fetch(version)
    model = AttributeModel.load(folder)
    rows = choose(model)
    if rows.cutoff is not None:
        refuse_hindsight(store, registered.model_version, rows.cutoff)
    scores = score_table(model, rows)
    notices = unseen(model, rows.attributes)
    scores["model_version"] = registered.model_version
    scores["scored_at"] = pd.Timestamp(datetime.now(UTC))
    scores["run_id"] = registered.run_id
    path = write_scores(scores, settings.outputs_folder / "scores.parquet")
    if settings.scores.format == "csv":
        path = write_scores(scores, settings.outputs_folder / "scores.csv")
    cutoff = scores["cutoff"].iloc[0] if len(scores) else None
    at_risk = scores["value_at_risk"]
    return {
        "scores": str(path),
        "n_customers": len(scores),
        "model_version": registered.model_version,
        "cutoff": None if cutoff is None else cutoff.isoformat(),
        "mean_churn_probability": float(scores["churn_probability"].mean()),
        "notices": notices,
        "value_at_risk": None if at_risk.isna().all() else float(at_risk.sum()),
    }


def unseen(model: AttributeModel, attributes: pd.DataFrame) -> list[str]:
    """Say which categories the model has never seen."""
    return [
        f"'{name}' holds categories that training never saw in {counts.sum():,} rows "
        f"({', '.join(map(str, counts.index[:5]))}): scored as none of the known ones."
        for name, counts in model.encoder_.unknown(attributes).items()
    ]


def score_table(model: AttributeModel, rows: ToScore) -> pd.DataFrame:
    """Return the scored table, provenance left empty."""
    attributes = rows.attributes.reset_index(drop=True)
    scores = score_rows(model, attributes, list(rows.customer_id))
    worth = np.full(len(scores), np.nan) if rows.value is None else rows.value
    scores["cutoff"] = rows.cutoff
    scores["clv"] = worth
    scores["value_at_risk"] = scores["churn_probability"] * worth
    for name in COLUMNS:
        if name not in scores:
            scores[name] = None if name in TEXTS else np.nan
    texts = {name: scores[name].astype(object) for name in TEXTS}
    return scores.assign(
        **{name: found.where(found.notna(), None) for name, found in texts.items()}
    )[list(COLUMNS)]
