"""Windows of a data set whose rows hold every feature, each cut by a split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.models.churn import LogisticChurn
from regulars.models.churn.space import ATTRIBUTES
from regulars.models.folds import ValidationFold
from regulars.models.retention import RetentionModel
from regulars.models.tabular.columns import univariate_auc
from regulars.models.tabular.encoding import TabularEncoder
from regulars.training.window import Baselines, FoldPair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.evaluation.holdout import ChurnTest, ValueTest
    from regulars.models.horizon import Horizon
    from regulars.training.dataset import Dataset, Rows, Split
    from regulars.training.window import Choices

    Floats = NDArray[np.float64]

BASELINE_LABELS = {
    "base_rate": "Base rate",
    "logistic": "Logistic regression",
    "best_column": "Best single column",
}


@dataclass(frozen=True, eq=False)
class TabularWindow:
    """A split of a data set as a window."""

    dataset: Dataset
    split: Split
    horizon: Horizon
    space = ATTRIBUTES
    encoder = TabularEncoder

    @property
    def name(self) -> str:
        """The day of the test, or the number of the part."""
        return self.split.name

    @property
    def cutoff(self) -> date | None:
        """First day of the test; None where rows have no days."""
        return self.split.cutoff

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features that there were when the split learnt, of all rows."""
        names, rows = self.split.columns, self.dataset.features
        return rows if names is None else rows[list(names)]

    @cached_property
    def test(self) -> Dataset | None:
        """The rows that are tested; None where there are none."""
        return self.dataset.take(self.split.test) if len(self.split.test) else None

    def folds(self, *, with_value: bool) -> Sequence[FoldPair]:
        """Return the pairs of the split, latest first where there is time."""
        folds = [self._fold(*pair, with_value) for pair in self.split.pairs]
        if self.split.windows is not None:
            folds = [
                replace(fold, cutoff=began, known_at=known)
                for fold, (began, known) in zip(folds, self.split.windows, strict=True)
            ]
        return [FoldPair(fold) for fold in folds]

    def _fold(self, train: Rows, valid: Rows, with_value: bool) -> ValidationFold:
        value = self.dataset.value if with_value else None
        ids = self.dataset.customer_id
        return ValidationFold(
            self.features.iloc[train],
            self.dataset.churned[train],
            self.features.iloc[valid],
            self.dataset.churned[valid],
            # an unknown value counts as 0
            None if value is None else np.nan_to_num(np.maximum(value[valid], 0.0)),
            rows=(train, valid),
            customers=None if ids is None else ids[valid],
        )

    def groups(self, columns: Sequence[str]) -> None:
        """Return no groups: attributes stand for themselves."""

    def joining(self, columns: Sequence[str]) -> None:
        """Return none likewise."""

    def settled(self, choices: Choices) -> TabularWindow:
        """Return the window as it is: nothing else follows from the choices."""
        return self

    def fit(self, choices: Choices) -> RetentionModel:
        """Return a model of the rows that learn."""
        train = self.split.train
        model = RetentionModel(self.horizon, choices.recipe, encoder=TabularEncoder())
        return model.fit(self.features.iloc[train], self.dataset.churned[train])

    @cached_property
    def best_column(self) -> str:
        """The column that tells churners apart best by itself."""
        train = self.current()
        churned = self.dataset.churned[self.split.train]
        return str(
            max(
                map(str, train),
                key=lambda c: univariate_auc(train.loc[:, c], churned) or 0.0,
            )
        )

    def current(self) -> pd.DataFrame:
        """Return the rows that the model stands at: those that learn."""
        return self.features.iloc[self.split.train]

    def baselines(self) -> Baselines:
        """Return what the mean, a regression and the best column say of the test."""
        train = self.features.iloc[self.split.train]
        test = self.features.iloc[self.split.test]
        churned = self.dataset.churned[self.split.train]
        best = [self.best_column]
        return Baselines(
            {
                "base_rate": np.full(len(test), churned.mean()),
                "logistic": _by_logistic(train, churned, test),
                "best_column": _by_logistic(train[best], churned, test[best]),
            }
        )

    def seen_rows(self) -> pd.DataFrame | None:
        """Return the rows that learn where no day says so; None where days do."""
        return self.features.iloc[self.split.train] if self.cutoff is None else None

    def facts(self) -> Mapping[str, Any]:
        """Return how many rows the window learnt from."""
        return {"n_training_rows": len(self.split.train)}

    def notes(
        self, choices: Choices, churn: ChurnTest | None, spend: ValueTest | None
    ) -> list[str]:
        """Return nothing: what there is to say is said of the data set."""
        return []


def _by_logistic(train: pd.DataFrame, churned: Floats, test: pd.DataFrame) -> Floats:
    encoder = TabularEncoder().fit(train)
    encoded = encoder.transform(train)
    if not encoded.shape[1]:  # nothing but rare categories
        return np.full(len(test), churned.mean())
    fitted = LogisticChurn(C=1.0).fit(encoded.to_numpy(), churned)
    probability: Floats = fitted.predict_proba(encoder.transform(test).to_numpy())[:, 1]
    return probability


def most_common(names: Sequence[str]) -> str:
    """Return the name that occurs most often; the first in the alphabet of several."""
    return str(pd.Series(names).mode().iloc[0])


def example_row(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one made-up row as the endpoint takes it; nobody's own is given away."""
    usual: dict[str, Any] = {"customer_id": "c1"}
    for name in rows.columns:
        known = rows[name].dropna()
        if known.empty:
            usual[str(name)] = None
        elif rows[name].dtype == np.float64:
            usual[str(name)] = float(known.median())
        else:
            usual[str(name)] = str(known.mode().iloc[0])
    return pd.DataFrame([usual])
