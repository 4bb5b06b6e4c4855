"""The two classifiers of churn: a logistic regression and LightGBM.

Features of (customer, cutoff) rows and what happened to them come in; probabilities
of churn go out. Both keep to scikit-learn's contract and both are saved as data: a
table of numbers for the regression, LightGBM's own text for the trees. The regression
is the candidate that cannot overfit a short history; the trees find what it misses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import lightgbm
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from regulars.forward import ONE_THREAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Z_LIMIT = 4.0
# how LightGBM bins the features: coarse bins cost no accuracy here and halve the time
BINNING = {"max_bin": 63, "feature_pre_filter": False}


class _BinaryClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What the two classifiers share: checking, classes, and hard predictions."""

    classes_: NDArray[Any]

    def _checked(self, X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        features: Floats
        features, target = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        check_classification_targets(target)
        self.classes_, code = np.unique(target, return_inverse=True)
        if len(self.classes_) != 2:
            msg = (
                "Only binary classification is supported; the target has "
                f"{len(self.classes_)} class{'' if len(self.classes_) == 1 else 'es'}. "
                "A churn model needs customers who stayed and customers who left."
            )
            raise ValueError(msg)
        return features, code.astype(np.float64)

    def _features(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        checked: Floats = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return checked

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likelier class of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
        """
        likelier = (self.predict_proba(X)[:, 1] > 0.5).astype(int)
        labels: NDArray[Any] = self.classes_[likelier]
        return labels

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features; NaN is allowed.

        Returns
        -------
        array of shape (n_rows, 2)
            Columns in the order of ``classes_``.
        """
        churn = 1.0 / (1.0 + np.exp(-self.decision_function(X)))
        return np.column_stack([1.0 - churn, churn])

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of the second class; see the subclasses."""
        raise AttributeError  # pragma: no cover - both subclasses define it

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags


class LogisticChurn(_BinaryClassifier):
    """Regularised logistic regression on tamed features.

    For short histories, and as a member that stays sensible where trees have too
    little to learn from. Skewed counts and amounts are tamed by a signed logarithm,
    then standardised and cut at four deviations; a missing value takes the median,
    and an indicator of its own where missing is common.

    Parameters
    ----------
    C : float, default=0.05
        Inverse strength of the L2 penalty; > 0.
    max_iter : int, default=100
        Iterations of the optimiser.

    Attributes
    ----------
    classes_ : array of shape (2,)
    median_, mean_, scale_ : arrays of shape (n_features,)
        Of the features after the signed logarithm.
    indicators_ : array of int
        Positions of the features that have an indicator of being missing.
    coef_ : array of shape (n_features + n_indicators,)
    intercept_ : float
    n_iter_ : int
        Iterations that the optimiser made; a model read from data has none.

    Examples
    --------
    >>> import numpy as np
    >>> silence = np.array([[1.0], [2.0], [30.0], [40.0]])
    >>> model = LogisticChurn(C=1.0).fit(silence, [0, 0, 1, 1])
    >>> bool(model.predict_proba([[60.0]])[0, 1] > 0.5)
    True
    >>> same = LogisticChurn.from_dict(model.to_dict())
    >>> bool((same.predict_proba(silence) == model.predict_proba(silence)).all())
    True
    """

    def __init__(self, C: float = 0.05, *, max_iter: int = 100) -> None:
        self.C = C
        self.max_iter = max_iter

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
        tamed = _tame(features)
        missing = np.isnan(tamed)
        share = missing.mean(axis=0)
        self.indicators_ = np.flatnonzero((share > 0.02) & (share < 0.98))
        filled = np.where(share == 1.0, 0.0, tamed)
        self.median_ = np.nanmedian(filled, axis=0)
        filled = np.where(np.isnan(filled), self.median_, filled)
        self.mean_ = filled.mean(axis=0)
        spread = filled.std(axis=0)
        self.scale_ = np.where(spread > 1e-12, spread, 1.0)
        # Newton's steps: features alike are many, and gradients alone crawl along them
        inner = LogisticRegression(
            C=self.C, max_iter=self.max_iter, solver="newton-cholesky"
        )
        # one thread: the same bits on any machine, and no fight for the cores
        with threadpool_limits(limits=1, user_api="blas"):
            inner.fit(self._design(features), target)
        self.coef_ = inner.coef_[0]
        self.intercept_ = float(inner.intercept_[0])
        self.n_iter_ = int(inner.n_iter_[0])
        return self

    def _design(self, features: Floats) -> Floats:
        tamed = _tame(features)
        missing = np.isnan(tamed)
        z = (np.where(missing, self.median_, tamed) - self.mean_) / self.scale_
        z = np.clip(z, -Z_LIMIT, Z_LIMIT)
        return np.hstack([z, missing[:, self.indicators_].astype(np.float64)])

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of churn.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
        """
        design = self._design(self._features(X))
        with threadpool_limits(limits=1, user_api="blas"):
            log_odds: Floats = design @ self.coef_ + self.intercept_
        return log_odds

    def contributions(self, X: ArrayLike) -> Floats:
        """Return each feature's share of the log-odds, against the mean customer.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows, n_features)
            Log-odds; an indicator counts towards its feature.
        """
        parts: Floats = self._design(self._features(X)) * self.coef_
        n = self.n_features_in_
        parts[:, self.indicators_] += parts[:, n:]
        return parts[:, :n]

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted model as JSON-safe data.

        Returns
        -------
        dict
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return {
            "params": self.get_params(),
            "classes": self.classes_.tolist(),
            "features": None if names is None else names.tolist(),
            "n_features": self.n_features_in_,
            "median": self.median_.tolist(),
            "mean": self.mean_.tolist(),
            "scale": self.scale_.tolist(),
            "indicators": self.indicators_.tolist(),
            "coef": self.coef_.tolist(),
            "intercept": self.intercept_,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the model that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.

        Returns
        -------
        LogisticChurn
        """
        model = cls(**data["params"])
        _restore_inputs(model, data)
        for name in ("median", "mean", "scale", "coef"):
            setattr(model, f"{name}_", np.array(data[name], dtype=np.float64))
        model.indicators_ = np.array(data["indicators"], dtype=np.intp)
        model.intercept_ = float(data["intercept"])
        return model


class BoostedChurn(_BinaryClassifier):
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
    >>> model = BoostedChurn(20, min_child_samples=5).fit(days, days[:, 0] > 100)
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

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of churn.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows,)
        """
        features = self._features(X)  # says so where the model is not fitted
        raw = self.booster_.predict(features, raw_score=True, **ONE_THREAD)
        return np.asarray(raw, dtype=np.float64)

    def contributions(self, X: ArrayLike) -> Floats:
        """Return each feature's share of the log-odds (TreeSHAP).

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        array of shape (n_rows, n_features)
            Log-odds; their sum and the mean prediction make up the raw score.
        """
        features = self._features(X)
        parts = self.booster_.predict(features, pred_contrib=True, **ONE_THREAD)
        return np.asarray(parts, dtype=np.float64)[:, :-1]

    def to_dict(self) -> dict[str, Any]:
        """Return all but the trees, as JSON-safe data.

        Returns
        -------
        dict
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return {
            "params": self.get_params(),
            "classes": self.classes_.tolist(),
            "features": None if names is None else names.tolist(),
            "n_features": self.n_features_in_,
        }

    def to_text(self) -> str:
        """Return the trees in LightGBM's text format.

        Returns
        -------
        str
        """
        check_is_fitted(self)
        text: str = self.booster_.model_to_string()
        return text

    @classmethod
    def from_text(cls, data: Mapping[str, Any], text: str) -> Self:
        """Return the model that `to_dict` and `to_text` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        text : str
            As `to_text` gives it.

        Returns
        -------
        BoostedChurn
        """
        model = cls(**data["params"])
        _restore_inputs(model, data)
        model.booster_ = lightgbm.Booster(model_str=text)
        return model


def _tame(features: Floats) -> Floats:
    """Signed logarithm: counts and amounts are skewed, shares hardly move."""
    return np.sign(features) * np.log1p(np.abs(features))


def _restore_inputs(model: _BinaryClassifier, data: Mapping[str, Any]) -> None:
    model.classes_ = np.array(data["classes"])
    model.n_features_in_ = int(data["n_features"])
    if data["features"] is not None:
        model.feature_names_in_ = np.array(data["features"], dtype=object)
