"""The model as MLflow serves it, of every kind of churn.

MLflow calls `_load_pyfunc` with the folder of the artefact, which holds data only.
Requests are cleaned, turned into features and scored as the batch is.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from regulars.errors import RegularsError, RequestError
from regulars.features.signals import CUSTOMERS, Signals, dated
from regulars.models.retention import RetentionModel
from regulars.scoring.batch import (
    COLUMNS,
    Customers,
    Provenance,
    score_customers,
    scored_columns,
)
from regulars.scoring.histories import (
    Histories,
    clean_lines,
    clean_rows,
    names_of,
    read_day,
)
from regulars.scoring.history_rows import HistoryRows, ServingContext
from regulars.scoring.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PROVENANCE = "provenance.json"
# what there is to say of a row of attributes
ROW_COLUMNS = ["customer_id", "churn_probability", "risk_band", *REASONS]


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
        self._rows = HistoryRows.of(model, context)
        self._provenance = provenance

    @property
    def columns(self) -> dict[str, list[str]]:
        """Columns that are read of each table of a request."""
        own = ["is_return", *self._context.columns]
        return {"transactions": own, **self._context.tables}

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the scores of the customers of a request."""
        asked = params or {}
        cutoff, reasons = (
            read_day(asked.get("as_of")),
            asked_reasons(asked.get("reasons")),
        )
        histories = Histories.of(model_input, self.columns)
        scores = self.score(histories, cutoff, reasons)
        ids = pd.Series(histories.ids, dtype=object)
        return pd.DataFrame({**scores, "customer_id": ids})

    def score(
        self, histories: Histories, cutoff: date, reasons: Literal["all", "none"]
    ) -> dict[str, Any]:
        """Return the columns of customers' scores, in their order."""
        lines = clean_lines(histories.tables["transactions"], self._context.time_zone)
        signals = self._signals(histories, cutoff).read_by(self._rows.words)
        features = self._rows.at(cutoff, [lines], signals)
        scores: dict[str, Any] = dict.fromkeys(COLUMNS, ())
        if len(features):
            scores = scored_columns(
                self._model,
                Customers(features),
                _provenance(self._provenance),
                is_told=reasons == "all",
            )
        # who had no purchase by then is answered too, with nothing
        names = names_of(histories.ids)
        if not np.array_equal(names, scores["customer_id"]):
            rows = pd.Index(scores["customer_id"]).get_indexer(names)
            found = pd.DataFrame(scores).reindex(rows).reset_index(drop=True)
            scores = {str(name): column for name, column in found.items()}
        return {**scores, "customer_id": histories.ids, "cutoff": cutoff}

    def _signals(self, histories: Histories, cutoff: date) -> Signals:
        """Return what a request says of its customers beside their purchases."""
        tables = {}
        for name in self._context.tables:
            sent = histories.tables[name]
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

    @property
    def attributes(self) -> list[str]:
        """Names of the attributes that the model learnt from."""
        encoder = self._model.encoder
        names = self._model.reference_.index if encoder is None else encoder.kinds_
        return [*map(str, names)]

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


def asked_reasons(value: object) -> Literal["all", "none"]:
    """Return whose reasons a request asks for."""
    if value in (None, "", "all"):
        return "all"
    if value == "none":
        return "none"
    msg = f"'reasons' is '{value}'; give 'all' or 'none'."
    raise RequestError(msg, code="bad_parameter", field="params.reasons")


def _provenance(known: Mapping[str, str]) -> Provenance:
    return Provenance(
        known.get("model_version", ""), known.get("run_id", ""), datetime.now(UTC)
    )


def load_scorer(folder: Path) -> NestedScorer | RowScorer:
    """Load the scorer out of a model's folder."""
    model = RetentionModel.load(folder)
    provenance = json.loads((folder / PROVENANCE).read_text())
    context = ServingContext.load(folder)
    if context is None:  # rows that come with their features
        return RowScorer(model, provenance)
    return NestedScorer(model, context, provenance)


class ServedScorer:
    """A scorer whose faults MLflow's server answers in a sentence.

    Of any other error it would answer the stack, with the paths of its disk.
    """

    def __init__(self, scorer: NestedScorer | RowScorer) -> None:
        self.scorer = scorer

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the scores of a request."""
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import BAD_REQUEST

        try:
            return self.scorer.predict(model_input, params)
        except RegularsError as error:
            raise MlflowException(str(error), BAD_REQUEST) from error
        except Exception as error:
            msg = f"The request could not be scored ({type(error).__name__})."
            raise MlflowException(msg, BAD_REQUEST) from error


def _load_pyfunc(path: str) -> ServedScorer:
    """Load the scorer; MLflow calls this with the artefact's data path."""
    return ServedScorer(load_scorer(Path(path)))
