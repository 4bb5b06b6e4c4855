"""Models of a customer's spend in the horizon.

Features of (customer, cutoff) rows and the net spend of their windows come in;
expected spend goes out. LightGBM learns it with a Tweedie loss (many zeros, a long
right tail) or on its logarithm; the purchase process brings its own expectation as a
column of the features. A `SpendRecipe` names the members and a `SpendEnsemble` is
their mean, fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import lightgbm
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PROCESS = "process"
PROCESS_COLUMN = "btyd_expected_spend"
KINDS = ("tweedie", "log")
BINNING = {"max_bin": 63, "feature_pre_filter": False}


class SpendRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """LightGBM for spend.

    Parameters
    ----------
    kind : {'tweedie', 'log'}, default='tweedie'
        ``tweedie`` models the mean of an amount with many zeros; ``log`` models the
        logarithm and scales the result so that the training total is met.
    n_trees : int, default=200
        Boosting rounds; > 0.
    random_state : int, default=0
        Seed.

    Attributes
    ----------
    booster_ : lightgbm.Booster
    scale_ : float
        Factor that meets the training total; 1 for ``tweedie``.

    Notes
    -----
    A window whose refunds exceed its purchases counts as zero: both losses need
    amounts that are not negative.

    Examples
    --------
    >>> import numpy as np
    >>> past = np.arange(200.0)[:, None]
    >>> model = SpendRegressor(n_trees=50).fit(past, 2 * past[:, 0])
    >>> low, high = model.predict([[20.0], [180.0]])
    >>> bool(low < high)
    True
    """

    def __init__(
        self, kind: str = "tweedie", *, n_trees: int = 200, random_state: int = 0
    ) -> None:
        self.kind = kind
        self.n_trees = n_trees
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from rows and their spend.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features; NaN is allowed.
        y : array-like of shape (n_rows,)
            Net spend in the window.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            The kind is unknown.
        """
        if self.kind not in KINDS:
            msg = f"kind '{self.kind}' is not one of {', '.join(KINDS)}."
            raise ValueError(msg)
        X, y = validate_data(
            self,
            X,
            y,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            # a tree that sees eight tenths of one row sees none
            ensure_min_samples=2,
            y_numeric=True,
        )
        spend = np.maximum(np.asarray(y, dtype=np.float64), 0.0)
        data = lightgbm.Dataset(
            X, self.to_target(spend), params={**BINNING, "verbose": -1}
        )
        self.booster_ = lightgbm.train(self.booster_params(), data, self.n_trees)
        self.scale_ = 1.0
        if self.kind == "log":
            total = self.from_target(np.asarray(self.booster_.predict(X))).sum()
            self.scale_ = float(spend.sum() / total) if total > 0 else 1.0
        return self

    def booster_params(self) -> dict[str, Any]:
        """Return the parameters in LightGBM's own words.

        Returns
        -------
        dict
        """
        loss: dict[str, dict[str, Any]] = {
            "tweedie": {"objective": "tweedie", "tweedie_variance_power": 1.4},
            "log": {"objective": "regression"},
        }
        return {
            **loss[self.kind],
            "learning_rate": 0.05,
            "num_leaves": 15,
            "min_child_samples": 40,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "seed": self.random_state,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            **BINNING,
            "verbose": -1,
        }

    def to_target(self, spend: Floats) -> Floats:
        """Return the target of the trees.

        Parameters
        ----------
        spend : array of shape (n_rows,)
            Spend, not negative.

        Returns
        -------
        array of shape (n_rows,)
        """
        return np.log1p(spend) if self.kind == "log" else spend

    def from_target(self, predicted: Floats) -> Floats:
        """Return spend from what the trees predict.

        Parameters
        ----------
        predicted : array of shape (n_rows,)
            Output of the trees.

        Returns
        -------
        array of shape (n_rows,)
        """
        if self.kind == "log":
            return np.expm1(np.maximum(predicted, 0.0))
        return predicted

    def predict(self, X: ArrayLike) -> Floats:
        """Return expected spend.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
            In the currency of the target; >= 0.
        """
        check_is_fitted(self)
        X = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        raw = np.asarray(self.booster_.predict(X), dtype=np.float64)
        return self.from_target(raw) * self.scale_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


@dataclass(frozen=True)
class SpendRecipe:
    """Which members expected spend is the mean of.

    Attributes
    ----------
    members : tuple of str
        Of ``process``, ``tweedie`` and ``log``; at least one.
    n_trees : mapping of str to int
        Trees of the boosted members.
    random_state : int
        Seed.
    """

    members: tuple[str, ...] = (PROCESS,)
    n_trees: Mapping[str, int] | None = None
    random_state: int = 0

    @property
    def needs_fitting(self) -> bool:
        """Whether any member learns from labels."""
        return any(name != PROCESS for name in self.members)


class SpendEnsemble:
    """A spend recipe fitted to rows.

    Parameters
    ----------
    recipe : SpendRecipe
        Members.

    Attributes
    ----------
    features_ : list of str
        Columns that the members read.
    members_ : dict of str to SpendRegressor
        The fitted members; the process has nothing to fit.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"btyd_expected_spend": [3.0, 0.0]})
    >>> SpendEnsemble(SpendRecipe()).fit(rows, [2.0, 0.0]).predict(rows).tolist()
    [3.0, 0.0]
    """

    def __init__(self, recipe: SpendRecipe) -> None:
        self.recipe = recipe

    def fit(self, features: pd.DataFrame, spend: ArrayLike) -> Self:
        """Fit the members.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.
        spend : array-like of shape (n_rows,)
            Net spend in the window.

        Returns
        -------
        self
        """
        self.features_ = list(features.columns)
        self.members_ = {
            kind: SpendRegressor(
                kind,
                n_trees=(self.recipe.n_trees or {})[kind],
                random_state=self.recipe.random_state,
            ).fit(features, spend)
            for kind in self.recipe.members
            if kind != PROCESS
        }
        return self

    def predict(self, features: pd.DataFrame) -> Floats:
        """Return expected spend in the horizon.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features, with ``btyd_expected_spend``.

        Returns
        -------
        array of shape (n_rows,)
            In the log's currency; >= 0.
        """
        parts = [m.predict(features[self.features_]) for m in self.members_.values()]
        if PROCESS in self.recipe.members:
            parts.append(features[PROCESS_COLUMN].to_numpy(dtype=np.float64))
        mean: Floats = np.mean(parts, axis=0)
        return mean

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data.

        Returns
        -------
        dict
        """
        return {
            "members": list(self.recipe.members),
            "n_trees": dict(self.recipe.n_trees or {}),
            "random_state": self.recipe.random_state,
            "features": self.features_,
            "scales": {kind: m.scale_ for kind, m in self.members_.items()},
        }

    def trees(self) -> dict[str, str]:
        """Return each boosted member's trees as LightGBM's text.

        Returns
        -------
        dict of str to str
        """
        return {k: m.booster_.model_to_string() for k, m in self.members_.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], trees: Mapping[str, str]) -> Self:
        """Return the model that `to_dict` and `trees` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        trees : mapping of str to str
            As `trees` gives it.

        Returns
        -------
        SpendEnsemble
        """
        recipe = SpendRecipe(
            tuple(data["members"]), data["n_trees"], data["random_state"]
        )
        model = cls(recipe)
        model.features_ = list(data["features"])
        model.members_ = {}
        for kind, text in trees.items():
            member = SpendRegressor(
                kind,
                n_trees=data["n_trees"][kind],
                random_state=data["random_state"],
            )
            member.booster_ = lightgbm.Booster(model_str=text)
            member.scale_ = float(data["scales"][kind])
            member.n_features_in_ = len(model.features_)
            member.feature_names_in_ = np.array(model.features_, dtype=object)
            model.members_[kind] = member
        return model
