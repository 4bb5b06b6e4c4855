"""Extremely randomised trees: a forest that is rough where boosting is sharp."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import lightgbm
import numpy as np

from regulars.models.churn.pooling import log_odds_of, stretch
from regulars.models.churn.saved_trees import BINNING, SavedTrees
from regulars.models.churn.tree_paths import TreePaths
from regulars.models.folds import ONE_THREAD

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class ExtraTreesChurn(SavedTrees):
    """A random forest with thresholds drawn at random, grown by LightGBM.

    Each leaf holds the share of its rows that churned, and the forecast is the mean
    over the trees.

    Parameters
    ----------
    n_trees : int, default=100
        Trees; > 0.
    min_child_samples : int, default=20
        Least rows in a leaf.
    num_leaves : int, default=512
        Most leaves of a tree; > 1.
    feature_fraction : float, default=0.3
        Share of the features that each split is drawn from; in (0, 1].
    random_state : int, default=0
        Seed.

    Attributes
    ----------
    classes_ : array of shape (2,)
    booster_ : lightgbm.Booster

    References
    ----------
    .. [1] Geurts, P., Ernst, D. and Wehenkel, L. (2006). Extremely randomized trees.

    Examples
    --------
    >>> days = np.arange(200.0)[:, None]
    >>> model = ExtraTreesChurn(50).fit(days, days[:, 0] > 100)
    >>> low, high = model.predict_proba([[10.0], [190.0]])[:, 1]
    >>> bool(low < 0.2 and high > 2 * low)
    True
    """

    def __init__(
        self,
        n_trees: int = 100,
        *,
        min_child_samples: int = 20,
        num_leaves: int = 512,
        feature_fraction: float = 0.3,
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.min_child_samples = min_child_samples
        self.num_leaves = num_leaves
        self.feature_fraction = feature_fraction
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from rows and their classes.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features; NaN is allowed.
        y : array-like of shape (n_rows,)
            Two classes; the second in sorted order is churn.

        Returns
        -------
        self
        """
        features, target = self._checked(X, y)
        params = {
            # the mean of the leaves is a share: squared error, no log-odds
            "objective": "regression",
            "boosting": "rf",
            "bagging_freq": 1,
            "bagging_fraction": 0.632,
            "extra_trees": True,
            "feature_fraction_bynode": self.feature_fraction,
            "min_data_in_leaf": self.min_child_samples,
            "num_leaves": self.num_leaves,
            "seed": self.random_state,
            "extra_seed": self.random_state,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
            **BINNING,
            **ONE_THREAD,
        }
        data = lightgbm.Dataset(features, target, params=params)
        self.booster_ = lightgbm.train(params, data, self.n_trees)
        self.__dict__.pop("_paths", None)
        return self

    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of churn of rows that need no check."""
        return log_odds_of(np.asarray(self.booster_.predict(features, **ONE_THREAD)))

    def shares(self, features: Floats) -> Floats:
        """Return each feature's share of the log-odds.

        The splits on the way to the leaves share out the probability; the shares are
        stretched, row by row, to add up to the difference of the log-odds from the
        base.
        """
        n_trees = self.booster_.num_trees()
        shares = self._paths.contributions(features) / n_trees
        base = np.full(len(shares), self._paths.base / n_trees)
        stretched: Floats = shares * stretch(base, base + shares.sum(axis=1))[:, None]
        return stretched

    @cached_property
    def _paths(self) -> TreePaths:
        return TreePaths(self.booster_)
