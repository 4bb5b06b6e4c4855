"""The scored table of a batch: the model's columns, reasons and provenance.

A model and the feature rows of one cutoff come in, the table of design section 7 goes
out. Customers are explained in blocks, so that memory does not grow with their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from regulars.scoring.reasons import explain

if TYPE_CHECKING:
    from datetime import datetime

    from regulars.models.retention import RetentionModel

BLOCK = 100_000
COLUMNS = (
    "customer_id",
    "cutoff",
    "churn_probability",
    "btyd_no_purchase_probability",
    "p_alive",
    "expected_purchases",
    "expected_spend",
    "expected_spend_low",
    "expected_spend_high",
    "clv",
    "value_at_risk",
    "risk_band",
    "rfm_segment",
    "expected_next_order",
    "reasons",
    "model_version",
    "scored_at",
    "run_id",
)


@dataclass(frozen=True)
class Provenance:
    """Which model scored, and when."""

    model_version: str
    run_id: str
    scored_at: datetime


def score_customers(
    model: RetentionModel, features: pd.DataFrame, provenance: Provenance
) -> pd.DataFrame:
    """Return the scored table."""
    if features.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    blocks = [
        _score_block(model, features.iloc[start : start + BLOCK], provenance)
        for start in range(0, len(features), BLOCK)
    ]
    return pd.concat(blocks, ignore_index=True)


def _score_block(
    model: RetentionModel, features: pd.DataFrame, provenance: Provenance
) -> pd.DataFrame:
    scores = model.predict(features)
    rows = model.with_process(features)
    reasons = explain(
        rows,
        model.churn_.contributions(rows),
        scores["churn_probability"].to_numpy(),
        base_rate=model.base_rate_,
        currency=model.horizon.currency,
    )
    return scores.assign(
        cutoff=pd.to_datetime(scores["cutoff"]).dt.date,
        reasons=pd.Series(reasons, index=scores.index, dtype=object),
        model_version=provenance.model_version,
        scored_at=pd.Timestamp(provenance.scored_at),
        run_id=provenance.run_id,
    )[list(COLUMNS)]
