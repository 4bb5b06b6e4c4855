"""The churn model: members, the weight of each, and a calibration.

The purchase process is a member like the others: its probability is a column of the
features, so it has nothing to fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import pandas as pd
from scipy.special import logit

from regulars.models.churn.calibration import PROBABILITY_FLOOR, Calibrator
from regulars.models.churn.lightgbm_churn import LightGBMChurn
from regulars.models.churn.logistic import LogisticChurn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PROCESS = "process"
PROCESS_COLUMN = "btyd_no_purchase_probability"
# between the seeds of boosters that differ in nothing else
BAG_SEEDS = 101


class Encoder(Protocol):
    """Encodes columns of any kind as the columns of numbers that members read."""

    # number or category, of each column that is read
    kinds_: dict[str, Any]
    # encoded column to the column it comes from
    owners_: dict[str, str]

    def fit(self, columns: pd.DataFrame) -> Self:
        """Learn from training rows."""

    def transform(self, columns: pd.DataFrame) -> pd.DataFrame:
        """Return columns of float64."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt as JSON-safe data."""


def process_log_odds(features: pd.DataFrame) -> Floats:
    """Return the log-odds of no purchase by the purchase-process model."""
    probability = features[PROCESS_COLUMN].to_numpy(dtype=np.float64)
    odds: Floats = logit(np.clip(probability, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR))
    return odds


@dataclass(frozen=True)
class Recipe:
    """How to build a churn model.

    Attributes
    ----------
    weights : mapping of str to float
        Member (``process``, ``logistic``, ``lightgbm``) to its share of the log-odds;
        the shares add up to 1 and a member without a share is not fitted.
    boosted, logistic : mapping of str to number
        Settings of `LightGBMChurn` and `LogisticChurn`.
    calibrator : Calibrator
        Fitted on predictions for windows that the members had not seen.
    left_out : mapping of str to sequence of str
        Groups of features that the members do not read, with their columns.
    bags : int
        Boosters that differ in their seed alone and are averaged; > 0.
    """

    weights: Mapping[str, float]
    boosted: Mapping[str, Any] = field(default_factory=dict)
    logistic: Mapping[str, Any] = field(default_factory=dict)
    calibrator: Calibrator = field(
        default_factory=lambda: Calibrator().fit(np.zeros(1), np.zeros(1))
    )
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bags: int = 1

    @classmethod
    def process_only(cls) -> Recipe:
        """Return the recipe that leaves everything to the purchase process.

        Returns
        -------
        Recipe
        """
        return cls(weights={PROCESS: 1.0})

    @property
    def needs_fitting(self) -> bool:
        """Whether any member learns from labels."""
        return any(share > 0 for name, share in self.weights.items() if name != PROCESS)

    def columns(self, features: pd.DataFrame) -> list[str]:
        """Return the columns that the members read, in their order.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        list of str

        Examples
        --------
        >>> recipe = Recipe({"logistic": 1.0}, left_out={"basket": ["n_products"]})
        >>> recipe.columns(pd.DataFrame({"frequency": [1.0], "n_products": [3.0]}))
        ['frequency']
        """
        left_out = {name for columns in self.left_out.values() for name in columns}
        return [name for name in features.columns if name not in left_out]

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON-safe data.

        Returns
        -------
        dict
        """
        return {
            "weights": dict(self.weights),
            "boosted": dict(self.boosted),
            "logistic": dict(self.logistic),
            "calibrator": self.calibrator.to_dict(),
            "left_out": {name: list(cols) for name, cols in self.left_out.items()},
            "bags": self.bags,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """Return the recipe that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.

        Returns
        -------
        Recipe
        """
        return cls(
            weights=data["weights"],
            boosted=data["boosted"],
            logistic=data["logistic"],
            calibrator=Calibrator.from_dict(data["calibrator"]),
            # models saved before groups were chosen read every column
            left_out={k: tuple(v) for k, v in data.get("left_out", {}).items()},
            bags=data.get("bags", 1),
        )


class ChurnEnsemble:
    """A recipe fitted to rows.

    Parameters
    ----------
    recipe : Recipe
        Members, weights, calibration.
    encoder : Encoder, optional
        Learnt from the training rows with the members; default: the columns are
        numbers as they are.

    Attributes
    ----------
    features_ : list of str
        Columns that the members read, in their order.
    logistic_ : LogisticChurn or None
    boosters_ : list of LightGBMChurn
        One a bag; empty where they have no weight.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"btyd_no_purchase_probability": [0.2, 0.9]})
    >>> model = ChurnEnsemble(Recipe.process_only()).fit(rows, [0, 1])
    >>> model.predict(rows).round(3).tolist()
    [0.2, 0.9]
    """

    def __init__(self, recipe: Recipe, encoder: Encoder | None = None) -> None:
        self.recipe = recipe
        self.encoder = encoder

    def fit(self, features: pd.DataFrame, churned: ArrayLike) -> Self:
        """Fit the members that have a weight.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features of (customer, cutoff) rows.
        churned : array-like of shape (n_rows,)
            1 where the customer churned, else 0.

        Returns
        -------
        self
        """
        if self.encoder is not None:
            features = self.encoder.fit(features).transform(features)
        self.features_ = self.recipe.columns(features)
        rows = features[self.features_]
        self.logistic_: LogisticChurn | None = None
        self.boosters_: list[LightGBMChurn] = []
        if self.recipe.weights.get("logistic", 0) > 0:
            self.logistic_ = LogisticChurn(**self.recipe.logistic).fit(rows, churned)
        if self.recipe.weights.get("lightgbm", 0) > 0:
            self.boosters_ = [
                LightGBMChurn(**settings).fit(rows, churned)
                for settings in bag_settings(self.recipe)
            ]
        return self

    def _read(self, features: pd.DataFrame) -> pd.DataFrame:
        if self.encoder is not None:
            features = self.encoder.transform(features)
        return features[self.features_]

    def member_log_odds(self, features: pd.DataFrame) -> dict[str, Floats]:
        """Return the log-odds by each member.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        dict of str to array of shape (n_rows,)
        """
        rows = self._read(features)
        log_odds: dict[str, Floats] = {}
        if self.recipe.weights.get(PROCESS, 0) > 0:
            log_odds[PROCESS] = process_log_odds(features)
        if self.boosters_:
            bags = [booster.decision_function(rows) for booster in self.boosters_]
            log_odds["lightgbm"] = np.mean(bags, axis=0)
        if self.logistic_ is not None:
            log_odds["logistic"] = self.logistic_.decision_function(rows)
        return log_odds

    def decision_function(self, features: pd.DataFrame) -> Floats:
        """Return the weighted log-odds before calibration.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
        """
        return combine(self.member_log_odds(features), self.recipe.weights)

    def predict(self, features: pd.DataFrame) -> Floats:
        """Return the calibrated probability of churn.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
            In (0, 1).
        """
        return self.recipe.calibrator.predict(self.decision_function(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame | None:
        """Return each column's share of the log-odds.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns) or None
            Without an encoder, the shares of LightGBM where it is a member, else those
            of the regression. With one, the weighted shares of all members, those of a
            category's columns added up. None where the purchase process stands alone.
        """
        if self.logistic_ is None and not self.boosters_:
            return None
        rows = self._read(features)
        if self.encoder is None:
            member = self.boosters_[0] if self.boosters_ else self.logistic_
            assert member is not None
            shares = member.contributions(rows)
            return pd.DataFrame(shares, columns=self.features_, index=features.index)
        return self._by_owner(self._weighted_contributions(rows), rows)

    def _weighted_contributions(self, rows: pd.DataFrame) -> Floats:
        total: Floats = np.zeros(rows.shape)
        weights = self.recipe.weights
        if self.logistic_ is not None:
            total += weights["logistic"] * self.logistic_.contributions(rows)
        for booster in self.boosters_:
            share = weights["lightgbm"] / len(self.boosters_)
            total += share * booster.contributions(rows)
        return total

    def _by_owner(self, shares: Floats, rows: pd.DataFrame) -> pd.DataFrame:
        assert self.encoder is not None
        owners = [self.encoder.owners_[str(column)] for column in rows.columns]
        names = [*self.encoder.kinds_]
        total = pd.DataFrame(0.0, index=rows.index, columns=names)
        for position, owner in enumerate(owners):
            total[owner] += shares[:, position]
        return total

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data.

        Returns
        -------
        dict
        """
        members: dict[str, Any] = {}
        if self.logistic_ is not None:
            members["logistic"] = self.logistic_.to_dict()
        if self.boosters_:
            members["lightgbm"] = self.boosters_[0].to_dict()
        return {
            "recipe": self.recipe.to_dict(),
            "features": self.features_,
            "members": members,
            "encoder": None if self.encoder is None else self.encoder.to_dict(),
        }

    def trees(self) -> list[str]:
        """Return the trees of each bag as LightGBM's text.

        Returns
        -------
        list of str
            Empty where there are none.
        """
        return [booster.to_text() for booster in self.boosters_]

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        trees: Sequence[str],
        encoder: Encoder | None = None,
    ) -> Self:
        """Return the model that `to_dict` and `trees` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        trees : sequence of str
            As `trees` gives them.
        encoder : Encoder, optional
            Read from ``data["encoder"]``.

        Returns
        -------
        ChurnEnsemble
        """
        model = cls(Recipe.from_dict(data["recipe"]), encoder)
        model.features_ = list(data["features"])
        members = data["members"]
        model.logistic_ = (
            LogisticChurn.from_dict(members["logistic"])
            if "logistic" in members
            else None
        )
        model.boosters_ = [
            LightGBMChurn.from_text(_with_settings(members["lightgbm"], bag), text)
            for bag, text in zip(
                bag_settings(model.recipe) if trees else (), trees, strict=True
            )
        ]
        return model


def _with_settings(booster: Mapping[str, Any], bag: dict[str, Any]) -> dict[str, Any]:
    return {**booster, "params": booster["params"] | bag}


def bag_settings(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the settings of each bag's booster."""
    seed = int(recipe.boosted.get("random_state", 0))
    return [
        {**recipe.boosted, "random_state": seed + BAG_SEEDS * bag}
        for bag in range(recipe.bags)
    ]


def combine(log_odds: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the weighted sum of the members' log-odds."""
    # a fixed order of addition: the same bits whatever the order of the mapping
    names = sorted(name for name, share in weights.items() if share > 0)
    total: Floats = np.sum([weights[name] * log_odds[name] for name in names], axis=0)
    return total
