"""Models of a customer's spend in the horizon.

LightGBM learns its mean in three ways, and its median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import lightgbm
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import validate_data

from regulars.models.folds import ONE_THREAD
from regulars.models.inputs import features_of
from regulars.models.trees import raw_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PROCESS = "process"
PROCESS_COLUMN = "btyd_expected_spend"
MEDIAN = "median"
# of the mean, and all
MEANS = ("tweedie", "ratio", "hurdle")
KINDS = (*MEANS, MEDIAN)
BINNING = {"max_bin": 63, "feature_pre_filter": False}
TWEEDIE = {"objective": "tweedie", "tweedie_variance_power": 1.6}
ABSOLUTE = {"objective": "regression_l1"}
# the heads of a kind: what LightGBM minimises for each
HEADS: dict[str, dict[str, dict[str, Any]]] = {
    "tweedie": {"spend": TWEEDIE},
    "ratio": {"spend": TWEEDIE},
    "hurdle": {"buys": {"objective": "binary"}, "amount": {"objective": "gamma"}},
    MEDIAN: {"spend": ABSOLUTE},
}
# fewer rows with any spend teach no tree anything: the mean stands for them
FEWEST_SPENDERS = 20
# a process that expects next to nothing is no measure of what a customer spends
SMALLEST_BASE = 0.01


class SpendRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """LightGBM for spend.

    ``tweedie`` models the mean of an amount with many zeros. ``ratio`` does the same
    with what the purchase process expects as its starting point, so that the trees
    learn a factor and a level that shifts with the season shifts with the process.
    ``hurdle`` is the probability of buying times the amount of a buyer. ``median`` is
    what half of such customers stay below, learnt on roots: nearest to most of them and
    short of the total, so it is no expectation.

    Parameters
    ----------
    kind : str, default='tweedie'
        What is learnt: ``tweedie``, ``ratio``, ``hurdle`` or ``median``.
    n_trees : int, default=200
        Boosting rounds of each head; > 0.
    base : int, optional
        Position of the feature that ``ratio`` multiplies; without one it is 1.
    random_state : int, default=0
        Seed.

    Attributes
    ----------
    heads_ : dict of str to lightgbm.Booster
        Empty where hardly a row has any spend.
    mean_ : float
        Mean spend of the training rows (``median``: the median); the forecast where
        there are no heads.
    floor_ : float
        Least value of the base.

    Notes
    -----
    A window whose refunds exceed its purchases counts as zero: all losses need
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
        self,
        kind: str = "tweedie",
        *,
        n_trees: int = 200,
        base: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.n_trees = n_trees
        self.base = base
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
        features: Floats
        features, y = validate_data(
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
        middle = np.median if self.kind == MEDIAN else np.mean
        self.mean_ = float(middle(spend))
        self.floor_ = 1.0
        if self.kind == "ratio" and self.base is not None:
            mean = float(np.nanmean(np.maximum(features[:, self.base], 0.0)))
            self.floor_ = SMALLEST_BASE * mean if mean > 0 else 1.0
        self.heads_ = self._fit_heads(features, spend)
        return self

    def _fit_heads(self, X: Floats, spend: Floats) -> dict[str, lightgbm.Booster]:
        if np.count_nonzero(spend) < FEWEST_SPENDERS:
            return {}
        if self.kind == "ratio":
            return {"spend": self._boost("spend", X, spend, np.log(self._base(X)))}
        if "buys" not in HEADS[self.kind]:
            target = np.sqrt(spend) if self.kind == MEDIAN else spend
            return {"spend": self._boost("spend", X, target)}
        bought = spend > 0
        return {
            "buys": self._boost("buys", X, bought.astype(np.float64)),
            "amount": self._boost("amount", X[bought], spend[bought]),
        }

    def _boost(
        self, head: str, X: Floats, target: Floats, start: Floats | None = None
    ) -> lightgbm.Booster:
        data = lightgbm.Dataset(
            X, target, init_score=start, params={**BINNING, **ONE_THREAD, "verbose": -1}
        )
        return lightgbm.train(self.booster_params(head), data, self.n_trees)

    def booster_params(self, head: str = "spend") -> dict[str, Any]:
        """Return the parameters of a head in LightGBM's own words.

        Parameters
        ----------
        head : str, default='spend'
            One of the heads of the kind.

        Returns
        -------
        dict
        """
        return {
            **HEADS[self.kind][head],
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
            **ONE_THREAD,
            **BINNING,
            "verbose": -1,
        }

    def _base(self, X: Floats) -> Floats:
        if self.base is None:
            return np.ones(len(X))
        return np.maximum(np.nan_to_num(X[:, self.base]), self.floor_)

    def expected(self, X: Floats, n_trees: int | None = None) -> Floats:
        """Return expected spend of rows that need no check, of the first trees."""
        if not self.heads_:
            return np.full(len(X), self.mean_)

        def raw(head: str) -> Floats:
            return raw_scores(self.heads_[head], X, n_trees)

        if self.kind == MEDIAN:
            return np.maximum(raw("spend"), 0.0) ** 2
        if "buys" in self.heads_:
            return np.exp(raw("amount")) / (1.0 + np.exp(-raw("buys")))
        expected = np.exp(raw("spend"))
        return self._base(X) * expected if self.kind == "ratio" else expected

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
        return self.expected(features_of(self, X))

    def staged(self, X: pd.DataFrame, n_trees: Sequence[int]) -> dict[int, Floats]:
        """Return expected spend as if fitted with fewer trees.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features)
            Features.
        n_trees : sequence of int
            Numbers of trees.

        Returns
        -------
        dict of int to array of shape (n_rows,)
        """
        rows = X.to_numpy()
        return {n: self.expected(rows, n) for n in n_trees}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def base_column(features: pd.DataFrame, kind: str) -> int | None:
    """Return where the base of a ``ratio`` stands among the features."""
    if kind != "ratio" or PROCESS_COLUMN not in features:
        return None
    return list(features.columns).index(PROCESS_COLUMN)
