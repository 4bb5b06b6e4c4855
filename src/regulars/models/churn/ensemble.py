"""The churn model: members, the weight of each, and a calibration.

A `Recipe` says how to build the model (members, their settings, weights, calibration)
and is chosen forward in time by `regulars.models.churn.tuning`. A `ChurnEnsemble` is
that recipe fitted to rows. The purchase process is a member like the others: its
probability is a column of the features, so it has nothing to fit. Where it is the only
member, the ensemble is the process model alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

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
    """

    weights: Mapping[str, float]
    boosted: Mapping[str, Any] = field(default_factory=dict)
    logistic: Mapping[str, Any] = field(default_factory=dict)
    calibrator: Calibrator = field(
        default_factory=lambda: Calibrator().fit(np.zeros(1), np.zeros(1))
    )
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
        gone = {name for columns in self.left_out.values() for name in columns}
        return [name for name in features.columns if name not in gone]

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
            "left_out": {name: list(found) for name, found in self.left_out.items()},
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
        )


class ChurnEnsemble:
    """A recipe fitted to rows.

    Parameters
    ----------
    recipe : Recipe
        Members, weights, calibration.

    Attributes
    ----------
    features_ : list of str
        Columns that the members read, in their order.
    members_ : dict of str to estimator
        The fitted members.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"btyd_no_purchase_probability": [0.2, 0.9]})
    >>> model = ChurnEnsemble(Recipe.process_only()).fit(rows, [0, 1])
    >>> model.predict(rows).round(3).tolist()
    [0.2, 0.9]
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

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
        self.features_ = self.recipe.columns(features)
        rows = features[self.features_]
        self.members_: dict[str, LogisticChurn | LightGBMChurn] = {}
        if self.recipe.weights.get("logistic", 0) > 0:
            logistic = LogisticChurn(**self.recipe.logistic)
            self.members_["logistic"] = logistic.fit(rows, churned)
        if self.recipe.weights.get("lightgbm", 0) > 0:
            boosted = LightGBMChurn(**self.recipe.boosted)
            self.members_["lightgbm"] = boosted.fit(rows, churned)
        return self

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
        columns = features[self.features_]
        parts = {
            name: member.decision_function(columns)
            for name, member in self.members_.items()
        }
        if self.recipe.weights.get(PROCESS, 0) > 0:
            parts[PROCESS] = process_log_odds(features)
        return parts

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
        """Return each feature's share of the log-odds, by the best explained member.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        DataFrame of shape (n_rows, n_features) or None
            LightGBM's contributions where it is a member, else the regression's; None
            where the purchase process stands alone.
        """
        for name in ("lightgbm", "logistic"):
            if name in self.members_:
                columns = features[self.features_]
                parts = self.members_[name].contributions(columns)
                return pd.DataFrame(parts, columns=self.features_, index=features.index)
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data.

        Returns
        -------
        dict
        """
        return {
            "recipe": self.recipe.to_dict(),
            "features": self.features_,
            "members": {name: m.to_dict() for name, m in self.members_.items()},
        }

    def trees(self) -> str | None:
        """Return the trees as LightGBM's text, or None where there are none.

        Returns
        -------
        str or None
        """
        boosted = self.members_.get("lightgbm")
        return boosted.to_text() if isinstance(boosted, LightGBMChurn) else None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], trees: str | None) -> Self:
        """Return the model that `to_dict` and `trees` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        trees : str or None
            As `trees` gives it.

        Returns
        -------
        ChurnEnsemble
        """
        model = cls(Recipe.from_dict(data["recipe"]))
        model.features_ = list(data["features"])
        model.members_ = {}
        if "logistic" in data["members"]:
            model.members_["logistic"] = LogisticChurn.from_dict(
                data["members"]["logistic"]
            )
        if "lightgbm" in data["members"] and trees is not None:
            model.members_["lightgbm"] = LightGBMChurn.from_text(
                data["members"]["lightgbm"], trees
            )
        return model


def combine(parts: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the weighted sum of the members' log-odds."""
    # a fixed order of addition: the same bits whatever the order of the mapping
    names = sorted(name for name, share in weights.items() if share > 0)
    total: Floats = np.sum([weights[name] * parts[name] for name in names], axis=0)
    return total
