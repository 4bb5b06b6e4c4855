"""The scored table of a batch: the model's columns, reasons and provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from regulars.models.retention import SCORES, days_of
from regulars.scoring.reasons import REASONS, reasons_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

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

    def blocks(self, size: int, first: int = 0) -> Iterator[Customers]:
        """Give the customers, so many at a time, from a place on."""
        for start in range(first, len(self.features), size):
            yield self.take(np.arange(start, min(start + size, len(self.features))))

    def take(self, rows: NDArray[np.intp]) -> Customers:
        """Give some of the customers."""
        ids = self.customer_id
        return Customers(
            self.features.iloc[rows].reset_index(drop=True),
            None if ids is None else [ids[row] for row in rows.tolist()],
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
    model: RetentionModel,
    customers: Customers,
    provenance: Provenance,
    reasons: Literal["all", "none"] | int = "all",
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
    reasons : {'all', 'none'} or int, default='all'
        Whose reasons are written; a number: of so many with the most value at risk
        (the highest probability of churn where no values are known).

    Returns
    -------
    DataFrame of shape (n_customers, 24)
        The columns of design section 7, in the order of `customers`; without rows
        where there is no customer.
    """
    blocks = [
        pd.DataFrame(
            scored_columns(model, block, provenance, is_told=reasons == "all"),
            index=block.features.index,
            copy=False,
        )
        for block in customers.blocks(BLOCK)
    ]
    if not blocks:
        return pd.DataFrame(columns=list(COLUMNS))
    scores = blocks[0] if len(blocks) == 1 else pd.concat(blocks, ignore_index=True)
    if not isinstance(reasons, str):
        _explain(model, customers.features, scores, chosen_rows(scores, reasons))
    return scores


def scored_columns(
    model: RetentionModel, block: Customers, provenance: Provenance, *, is_told: bool
) -> dict[str, Any]:
    """Return the scored table of some customers column by column.

    A frame of them costs a request of one customer as much as its features.
    """
    reading = model.read(block.features)
    scores = model.scores_of(
        reading,
        customer_id=block.customer_id,
        cutoff=block.cutoff,
        value=block.value,
    )
    if model.process is not None:  # which knows days as timestamps
        scores["cutoff"] = days_of(scores["cutoff"]).tolist()
    churn = scores["churn_probability"]
    told = reasons_of(model, reading, churn) if is_told else _nothing(len(churn))
    come_from = {
        "model_version": provenance.model_version,
        "scored_at": pd.Timestamp(provenance.scored_at),
        "run_id": provenance.run_id,
    }
    return scores | told | come_from


def _nothing(n_customers: int) -> dict[str, list[list[str]]]:
    # one list for all: making as many as customers takes longer than their values
    return {name: [[]] * n_customers for name in REASONS}


def _explain(
    model: RetentionModel,
    features: pd.DataFrame,
    scores: pd.DataFrame,
    chosen: NDArray[np.intp],
) -> None:
    """Write the reasons of some customers into the scored table."""
    told = _nothing(len(scores))
    for start in range(0, len(chosen), BLOCK):
        rows = chosen[start : start + BLOCK]
        reading = model.read(features.iloc[rows].reset_index(drop=True))
        churn = scores["churn_probability"].to_numpy()[rows]
        found = reasons_of(model, reading, churn)
        for name in REASONS:
            for row, reasons in zip(rows.tolist(), found[name], strict=True):
                told[name][row] = reasons
    for name in REASONS:
        scores[name] = told[name]


def chosen_rows(scores: pd.DataFrame, n_customers: int) -> NDArray[np.intp]:
    """Return the rows of those whose reasons are written, in their order."""
    risk = scores["value_at_risk"]
    risk = scores["churn_probability"] if risk.isna().all() else risk.fillna(-np.inf)
    first = np.argsort(-risk.to_numpy(np.float64), kind="stable")[:n_customers]
    return np.sort(first)
