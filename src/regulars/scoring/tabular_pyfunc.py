"""The attribute model as MLflow serves it: one row of attributes a customer.

A request of rows comes in, probability, risk band and reasons of each row go out, by
the same code as in the batch. MLflow calls `_load_pyfunc` with the folder of the
artefact, which holds data only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.models.tabular.model import AttributeModel
from regulars.scoring.tabular_reasons import explain_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

LOADER = "regulars.scoring.tabular_pyfunc"
COLUMNS = ("customer_id", "churn_probability", "risk_band", "reasons")


class AttributeScorer:
    """Score rows of attributes."""

    def __init__(self, model: AttributeModel) -> None:
        self._model = model

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the scores of the rows of a request."""
        rows = model_input.reset_index(drop=True)
        ids = rows.get("customer_id", pd.Series(np.arange(1, len(rows) + 1)))
        return score_rows(self._model, rows, ids.tolist())


def score_rows(
    model: AttributeModel, attributes: pd.DataFrame, ids: Sequence[Any]
) -> pd.DataFrame:
    """Return probability, band and reasons of rows of attributes."""
    probability = model.predict(attributes)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "churn_probability": probability,
            "risk_band": model.bands(probability),
            "reasons": pd.Series(
                explain_rows(model, attributes, probability), dtype=object
            ),
        }
    )


def _load_pyfunc(path: str) -> AttributeScorer:
    """Load the scorer; MLflow calls this with the artefact's data path."""
    return AttributeScorer(AttributeModel.load(path))
