"""The churn model of attribute rows: an encoder, its classifiers, a calibration.

Rows of attributes as a person would write them come in, calibrated probabilities and
each attribute's share of them go out. It is saved as data (JSON and LightGBM's text)
and so can be loaded anywhere without running anything of the artefact.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.models.churn import LightGBMChurn, LogisticChurn
from regulars.models.churn.ensemble import Recipe, combine
from regulars.models.tabular.encoding import TabularEncoder

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

FORMAT_VERSION = 1
# boosters that differ in their seed alone; their mean ranks better than any of them
N_BAGS = 5
BANDS = ("low", "medium", "high")
N_QUANTILES = 101


class Members:
    """The classifiers of a recipe, fitted to encoded rows."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def fit(self, rows: pd.DataFrame, churned: ArrayLike) -> Self:
        """Fit the classifiers that have a weight."""
        weights, values = self.recipe.weights, rows.to_numpy()
        self.logistic_: LogisticChurn | None = None
        self.trees_: list[LightGBMChurn] = []
        if weights.get("logistic", 0) > 0:
            self.logistic_ = LogisticChurn(**self.recipe.logistic).fit(values, churned)
        if weights.get("lightgbm", 0) > 0:
            seed = int(self.recipe.boosted.get("random_state", 0))
            self.trees_ = [
                LightGBMChurn(
                    **{**self.recipe.boosted, "random_state": seed + 101 * bag}
                ).fit(values, churned)
                for bag in range(N_BAGS)
            ]
        return self

    def log_odds(self, rows: pd.DataFrame) -> dict[str, Floats]:
        """Return the log-odds of churn by each kind of classifier."""
        values = rows.to_numpy()
        parts: dict[str, Floats] = {}
        if self.logistic_ is not None:
            parts["logistic"] = self.logistic_.decision_function(values)
        if self.trees_:
            parts["lightgbm"] = np.mean(
                [tree.decision_function(values) for tree in self.trees_], axis=0
            )
        return parts

    def contributions(self, rows: pd.DataFrame) -> Floats:
        """Return each column's share of the weighted log-odds."""
        values = rows.to_numpy()
        total: Floats = np.zeros(values.shape)
        weights = self.recipe.weights
        if self.logistic_ is not None:
            total += weights["logistic"] * self.logistic_.contributions(values)
        for tree in self.trees_:
            total += weights["lightgbm"] / N_BAGS * tree.contributions(values)
        return total


class AttributeModel:
    """Churn of customers from a row of attributes."""

    def __init__(
        self, recipe: Recipe, risk_bands: tuple[float, float] = (0.4, 0.7)
    ) -> None:
        self.recipe = recipe
        self.risk_bands = risk_bands

    def fit(self, attributes: pd.DataFrame, churned: ArrayLike) -> Self:
        """Learn the encoding, the classifiers and what is usual."""
        self.encoder_ = TabularEncoder().fit(attributes)
        rows = self.encoder_.transform(attributes)
        self.members_ = Members(self.recipe).fit(rows, churned)
        self.quantiles_: dict[str, list[float]] = {}
        self.shares_: dict[str, dict[str, float]] = {}
        for name, kind in self.encoder_.kinds_.items():
            known = attributes[name].dropna()
            if kind == "number":
                grid = np.linspace(0, 1, N_QUANTILES)
                found = np.quantile(known, grid) if len(known) else np.empty(0)
                self.quantiles_[name] = found.tolist()
            else:
                shares = attributes[name].value_counts(normalize=True, dropna=False)
                listed = self.encoder_.levels_[name]
                self.shares_[name] = {v: float(shares[v]) for v in listed}
        self.base_rate_ = float(self.predict(attributes).mean())
        return self

    def predict(self, attributes: pd.DataFrame) -> Floats:
        """Return the calibrated probability of churn."""
        rows = self.encoder_.transform(attributes)
        log_odds = combine(self.members_.log_odds(rows), self.recipe.weights)
        return self.recipe.calibrator.predict(log_odds)

    def bands(self, probability: Floats) -> NDArray[np.object_]:
        """Return the risk band of each probability."""
        position = np.searchsorted(self.risk_bands, probability, side="right")
        return np.array(BANDS, dtype=object)[position]

    def contributions(self, attributes: pd.DataFrame) -> pd.DataFrame:
        """Return each attribute's share of the log-odds of churn."""
        rows = self.encoder_.transform(attributes)
        parts = self.members_.contributions(rows)
        total = pd.DataFrame(
            0.0, index=attributes.index, columns=list(self.encoder_.kinds_)
        )
        for position, column in enumerate(rows.columns):
            total[self.encoder_.owners_[column]] += parts[:, position]
        return total

    def save(self, folder: str | Path) -> None:
        """Write the model as JSON and LightGBM's text."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        members = self.members_
        logistic = members.logistic_
        data = {
            "format": FORMAT_VERSION,
            "kind": "attributes",
            "recipe": self.recipe.to_dict(),
            "risk_bands": self.risk_bands,
            "encoder": self.encoder_.to_dict(),
            "logistic": None if logistic is None else logistic.to_dict(),
            "trees": [tree.to_dict() for tree in members.trees_],
            "base_rate": self.base_rate_,
            "quantiles": self.quantiles_,
            "shares": self.shares_,
        }
        text = json.dumps(data, indent=1, allow_nan=False)
        (target / "model.json").write_text(text + "\n", encoding="utf-8")
        for number, tree in enumerate(members.trees_):
            path = target / f"trees-{number}.txt"
            path.write_text(tree.to_text(), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` wrote."""
        source = Path(folder)
        data: dict[str, Any] = json.loads(
            (source / "model.json").read_text(encoding="utf-8")
        )
        if data.get("kind") != "attributes" or data.get("format") != FORMAT_VERSION:
            msg = (
                f"The model in '{source}' is no model of attributes of format "
                f"{FORMAT_VERSION}. Use a name of its own for each kind of churn, and "
                "train again: regulars train CONFIG."
            )
            raise DataError(msg)
        low, high = data["risk_bands"]
        model = cls(Recipe.from_dict(data["recipe"]), (low, high))
        model.encoder_ = TabularEncoder.from_dict(data["encoder"])
        members = Members(model.recipe)
        fitted = data["logistic"]
        members.logistic_ = None if fitted is None else LogisticChurn.from_dict(fitted)
        members.trees_ = [
            LightGBMChurn.from_text(
                about, (source / f"trees-{number}.txt").read_text(encoding="utf-8")
            )
            for number, about in enumerate(data["trees"])
        ]
        model.members_ = members
        model.base_rate_ = float(data["base_rate"])
        model.quantiles_, model.shares_ = data["quantiles"], data["shares"]
        return model
