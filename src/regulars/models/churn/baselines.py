"""The simple rules that every churn model has to beat.

A logistic regression on one column (days since the last order, say) makes a probability
of a rule of thumb, so that it can be compared as a forecast and not only as a ranking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.models.churn.logistic import LogisticChurn
from regulars.models.churn.members import PROCESS_COLUMN, RFM_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Baseline:
    """A rule of thumb."""

    name: str
    label: str
    columns: tuple[str, ...]


BASELINES = (
    Baseline(
        "days_since_last_order", "Days since last order", ("days_since_last_order",)
    ),
    Baseline("frequency", "Number of orders", ("frequency",)),
    Baseline(
        "rfm_logistic",
        "RFM logistic",
        RFM_COLUMNS,
    ),
)
PROCESS_LABEL = "BG/NBD"


def baseline_probabilities(
    training: pd.DataFrame | None,
    test: pd.DataFrame,
    baselines: Sequence[Baseline] = BASELINES,
) -> dict[str, Floats]:
    """Return each baseline's probability of churn for the test rows."""
    probabilities = {"bg_nbd": test[PROCESS_COLUMN].to_numpy(dtype=np.float64)}
    if training is None or training["churned"].nunique() < 2:
        return probabilities
    for rule in baselines:
        columns = list(rule.columns)
        # a weak penalty: a few columns do not overfit
        fitted = LogisticChurn(C=1.0).fit(training[columns], training["churned"])
        probabilities[rule.name] = fitted.predict_proba(test[columns])[:, 1]
    return probabilities


def labels() -> dict[str, str]:
    """Return the words for each baseline."""
    return {"bg_nbd": PROCESS_LABEL, **{rule.name: rule.label for rule in BASELINES}}
