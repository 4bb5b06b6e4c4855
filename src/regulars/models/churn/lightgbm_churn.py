"""Boosted trees of churn, which find what the regression misses."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import lightgbm
import numpy as np

from regulars.models.churn.saved_trees import BINNING, SavedTrees
from regulars.models.churn.shap_tables import ShapTables
from regulars.models.folds import ONE_THREAD
from regulars.models.trees import raw_scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


# rows from which making the tables of contributions is soon made up for
TABLES_FROM = 1_000


class LightGBMChurn(SavedTrees):
    """LightGBM, made reproducible and saved as its own text.

    Parameters
    ----------
    n_trees : int, default=200
        Boosting rounds; > 0.
    learning_rate : float, default=0.03
        Shrinkage of each tree; > 0.
    num_leaves : int, default=15
        Leaves of a tree; > 1.
    min_child_samples : int, default=40
        Least rows in a leaf.
    feature_fraction : float, default=0.5
        Share of the features that each tree sees; in (0, 1].
    bagging_fraction : float, default=0.8
        Share of the rows that each tree sees; in (0, 1].
    lambda_l2 : float, default=5.0
        L2 penalty on leaf values; >= 0.
    extra_trees : bool, default=False
        Draw each feature's threshold at random and take the best of the features, in
        place of the best threshold of all.
    max_bin : int, default=63
        Bins of each feature; > 1.
    random_state : int, default=0
        Seed.

    Attributes
    ----------
    classes_ : array of shape (2,)
    booster_ : lightgbm.Booster

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange(200.0)[:, None]
    >>> model = LightGBMChurn(20, min_child_samples=5).fit(days, days[:, 0] > 100)
    >>> model.predict_proba([[10.0], [190.0]])[:, 1].round(1).tolist()
    [0.3, 0.7]
    """

    def __init__(
        self,
        n_trees: int = 200,
        *,
        learning_rate: float = 0.03,
        num_leaves: int = 15,
        min_child_samples: int = 40,
        feature_fraction: float = 0.5,
        bagging_fraction: float = 0.8,
        lambda_l2: float = 5.0,
        extra_trees: bool = False,
        max_bin: int = BINNING["max_bin"],
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.lambda_l2 = lambda_l2
        self.extra_trees = extra_trees
        self.max_bin = max_bin
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
        options = {**BINNING, **ONE_THREAD, "max_bin": self.max_bin, "verbose": -1}
        data = lightgbm.Dataset(features, target, params=options)
        self.booster_ = lightgbm.train(self.booster_params(), data, self.n_trees)
        self.__dict__.pop("_tables", None)
        return self

    def booster_params(self) -> dict[str, Any]:
        """Return the parameters in LightGBM's own words.

        Returns
        -------
        dict
        """
        own = self.get_params()
        del own["n_trees"]
        seed = own.pop("random_state")
        return {
            **own,
            "objective": "binary",
            "bagging_freq": 1,
            "seed": seed,
            "extra_seed": seed,
            # the same trees whatever the machine's load
            "deterministic": True,
            "force_row_wise": True,
            # one thread a booster, folds side by side: LightGBM's own threads wait
            # for each other at every split, 10-30 times slower where cores are shared
            **ONE_THREAD,
            **BINNING,
            "max_bin": self.max_bin,
            "verbose": -1,
        }

    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of churn of rows that need no check."""
        return raw_scores(self.booster_, features)

    def shares(self, features: Floats) -> Floats:
        """Return each feature's share of the log-odds (TreeSHAP).

        Their sum and the mean prediction make up the raw score.
        """
        if not len(features):
            return np.zeros(features.shape)
        if len(features) >= TABLES_FROM and self._tables is not None:
            return self._tables.contributions(features)
        # the last column is the base value
        shares = self.booster_.predict(features, pred_contrib=True, **ONE_THREAD)
        return np.asarray(shares, dtype=np.float64)[:, :-1]

    @cached_property
    def _tables(self) -> ShapTables | None:
        return ShapTables.of(self.booster_)
