"""The model as MLflow serves it, of every kind of churn.

MLflow calls `_load_pyfunc` with the folder of the artefact, which holds data only.
Requests are cleaned, turned into features and scored as the batch is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.features.matrix import FeaturePlan
from regulars.features.rows import with_signals
from regulars.features.signals import CUSTOMERS, Signals, Vocabulary, dated
from regulars.models.retention import RetentionModel
from regulars.scoring.batch import Customers, Provenance, score_customers
from regulars.scoring.histories import (
    clean_lines,
    clean_rows,
    customer_ids,
    flatten,
    read_day,
)
from regulars.scoring.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = "serving.json"
PROVENANCE = "provenance.json"
# what there is to say of a row of attributes
ROW_COLUMNS = ["customer_id", "churn_probability", "risk_band", *REASONS]


@dataclass(frozen=True)
class ServingContext:
    """What the features of one customer need to know of the training log."""

    # in which naive times are read
    time_zone: str
    # of the training log (ISO): windows that reach back beyond it are unknown
    first_day: str
    lookback_days: int | None
    groups: list[str] | None
    extra: list[str]
    # optional columns that the training log had
    columns: list[str]
    # of every other table that the model learnt from: its columns and its first day
    tables: dict[str, list[str]] = field(default_factory=dict)
    begins: dict[str, str] = field(default_factory=dict)

    def save(self, folder: str | Path) -> None:
        """Write the context beside the model."""
        text = json.dumps(asdict(self), indent=1)
        (Path(folder) / CONTEXT).write_text(text)


class NestedScorer:
    """Score customers from the raw histories in the request."""

    def __init__(
        self,
        model: RetentionModel,
        context: ServingContext,
        provenance: Mapping[str, str],
    ) -> None:
        self._model = model
        self._context = context
        self._provenance = provenance

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the scores of the customers of a request."""
        asked = params or {}
        cutoff, reasons = read_day(asked.get("as_of")), _asked(asked.get("reasons"))
        ids = customer_ids(model_input, self._context.tables)
        features = self._features(ids, model_input, cutoff)
        scores = score_customers(
            self._model,
            Customers(features),
            _provenance(self._provenance),
            reasons,
        )
        # who had no purchase by then is answered too, with nothing
        rows = pd.Index(scores["customer_id"]).get_indexer(ids.astype(str))
        answer = scores.reindex(rows).reset_index(drop=True)
        answer["customer_id"], answer["cutoff"] = ids.to_numpy(), cutoff
        return answer

    def _features(
        self, ids: pd.Series[Any], request: pd.DataFrame, cutoff: date
    ) -> pd.DataFrame:
        context = self._context
        histories = request["transactions"]
        sent = flatten(ids, histories, ["is_return", *context.columns])
        plan = FeaturePlan.of(
            [cutoff],
            lookback_days=context.lookback_days,
            groups=context.groups,
            extra=context.extra,
            first_day=date.fromisoformat(context.first_day),
        )
        rows = plan.matrix([clean_lines(sent, context.time_zone)])
        if not context.tables:
            return rows
        words = Vocabulary.in_names(self._model.reference_.index)
        signals = self._signals(ids, request, cutoff).read_by(words)
        return with_signals(rows, signals, words)

    def _signals(
        self, ids: pd.Series[Any], request: pd.DataFrame, cutoff: date
    ) -> Signals:
        """Return what a request says of its customers beside their purchases."""
        tables = {}
        for name, columns in self._context.tables.items():
            sent = flatten(ids, request[name], columns, name)
            rows = clean_rows(sent, self._context.time_zone, name).to_pandas()
            if name != CUSTOMERS:
                tables[name] = dated(name, rows)
                continue
            # who does not say from when an attribute is known means that it is
            yesterday = pd.Timestamp(cutoff) - pd.Timedelta(days=1)
            known = rows.get("known_from_date", pd.Series(yesterday, rows.index))
            held = rows.drop(columns=["known_from", "known_from_date"], errors="ignore")
            tables[name] = held.assign(day=pd.to_datetime(known).fillna(yesterday))
        begins = {n: pd.Timestamp(day) for n, day in self._context.begins.items()}
        return Signals(tables, begins)


class RowScorer:
    """Score rows of attributes: every one that the model learnt from, or null."""

    def __init__(self, model: RetentionModel, provenance: Mapping[str, str]) -> None:
        self._model = model
        self._provenance = provenance

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return probability, band and reasons, in the order of the request.

        Rows without a ``customer_id`` are called by their number, from 1.
        """
        rows = model_input.reset_index(drop=True)
        ids = rows.get("customer_id", pd.Series(np.arange(1, len(rows) + 1)))
        customers = Customers(rows, ids.tolist())
        scores = score_customers(self._model, customers, _provenance(self._provenance))
        return scores[ROW_COLUMNS]


def _asked(value: object) -> Literal["all", "none"]:
    """Return whose reasons a request asks for."""
    if value in (None, "", "all"):
        return "all"
    if value == "none":
        return "none"
    msg = f"'reasons' is '{value}'; give 'all' or 'none'."
    raise DataError(msg)


def _provenance(known: Mapping[str, str]) -> Provenance:
    return Provenance(
        known.get("model_version", ""), known.get("run_id", ""), datetime.now(UTC)
    )


def _load_pyfunc(path: str) -> NestedScorer | RowScorer:
    """Load the scorer; MLflow calls this with the artefact's data path."""
    folder = Path(path)
    model = RetentionModel.load(folder)
    provenance = json.loads((folder / PROVENANCE).read_text())
    if not (folder / CONTEXT).is_file():  # rows that come with their features
        return RowScorer(model, provenance)
    context = json.loads((folder / CONTEXT).read_text())
    return NestedScorer(model, ServingContext(**context), provenance)
