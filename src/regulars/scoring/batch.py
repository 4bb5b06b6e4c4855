"""The scored table of a batch: the model's columns, reasons and provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.models.retention import SCORES
from regulars.scoring.reasons import REASONS, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import numpy as np
    from numpy.typing import NDArray

    from regulars.models.retention import RetentionModel

# customers are explained in blocks: memory does not grow with their number
BLOCK = 100_000
COLUMNS = (*SCORES, *REASONS, "model_version", "scored_at", "run_id")


@dataclass(frozen=True)
class Customers:
    """Customers to be scored as of a cutoff."""

    # every column that the model learnt from
    features: pd.DataFrame
    # where the features do not hold them
    customer_id: Sequence[Any] | None = None
    cutoff: date | None = None
    # of each if kept, where no purchases say so
    value: NDArray[np.float64] | None = None

    def blocks(self, size: int) -> Iterator[Customers]:
        """Give the customers, so many at a time."""
        for start in range(0, len(self.features), size):
            rows = slice(start, start + size)
            yield Customers(
                self.features.iloc[rows].reset_index(drop=True),
                None if self.customer_id is None else self.customer_id[rows],
                self.cutoff,
                None if self.value is None else self.value[rows],
            )


@dataclass(frozen=True)
class Provenance:
    """Which model scored, and when (with a time zone)."""

    model_version: str
    run_id: str
    scored_at: datetime


def score_customers(
    model: RetentionModel, customers: Customers, provenance: Provenance
) -> pd.DataFrame:
    """Return the scored table.

    Parameters
    ----------
    model : RetentionModel
        Fitted model.
    customers : Customers
        Features of one cutoff.
    provenance : Provenance
        Which model, and when.

    Returns
    -------
    DataFrame of shape (n_customers, 19)
        The columns of design section 7, in the order of `customers`; without rows
        where there is no customer.
    """
    blocks = [
        _score_block(model, block, provenance) for block in customers.blocks(BLOCK)
    ]
    if not blocks:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(blocks, ignore_index=True)


def _score_block(
    model: RetentionModel, block: Customers, provenance: Provenance
) -> pd.DataFrame:
    scores = model.predict(
        block.features,
        customer_id=block.customer_id,
        cutoff=block.cutoff,
        value=block.value,
    )
    reasons = explain(model, block.features, scores["churn_probability"].to_numpy())
    if model.process is not None:  # which knows days as timestamps
        scores["cutoff"] = pd.to_datetime(scores["cutoff"]).dt.date
    return scores.assign(
        **{name: reasons[name] for name in REASONS},
        model_version=provenance.model_version,
        scored_at=pd.Timestamp(provenance.scored_at),
        run_id=provenance.run_id,
    )[list(COLUMNS)]
