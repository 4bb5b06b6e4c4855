"""The regression of churn: the candidate that cannot overfit a short history.

The fitted model is saved as a table of numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from regulars.clv.fitting import single_threaded
from regulars.models.churn.classifier import BinaryClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Z_LIMIT = 4.0
# rows that are prepared at a time
ROWS = 2_048


class LogisticChurn(BinaryClassifier):
    """Regularised logistic regression on compressed features.

    For short histories, and as a member that stays sensible where trees have too
    little to learn from. Skewed counts and amounts go through a signed logarithm,
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
        logs = _signed_log1p(features)
        missing = np.isnan(logs)
        share = missing.mean(axis=0)
        self.indicators_ = np.flatnonzero((share > 0.02) & (share < 0.98))
        filled = np.where(share == 1.0, 0.0, logs)
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
        with single_threaded():
            inner.fit(self._design(features), target)
        self.coef_ = inner.coef_[0]
        self.intercept_ = float(inner.intercept_[0])
        self.n_iter_ = int(inner.n_iter_[0])
        return self

    def _design(self, features: Floats) -> Floats:
        n = features.shape[1]
        design = np.empty((len(features), n + len(self.indicators_)))
        for start in range(0, len(features), ROWS):  # which stay in the cache
            rows = slice(start, start + ROWS)
            logs = _signed_log1p(features[rows])
            missing = np.isnan(logs)
            np.copyto(logs, self.median_, where=missing)
            logs -= self.mean_
            logs /= self.scale_
            np.clip(logs, -Z_LIMIT, Z_LIMIT, out=design[rows, :n])
            design[rows, n:] = missing[:, self.indicators_]
        return design

    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of churn of rows that need no check."""
        # as a sum, without the threads that a product would wake
        log_odds: Floats = np.einsum("ij,j->i", self._design(features), self.coef_)
        return log_odds + self.intercept_

    def shares(self, features: Floats) -> Floats:
        """Return each feature's share of the log-odds, against the mean customer.

        An indicator counts towards its feature.
        """
        shares: Floats = self._design(features) * self.coef_
        n = self.n_features_in_
        shares[:, self.indicators_] += shares[:, n:]
        return shares[:, :n]

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
        model._restore_inputs(data)
        for name in ("median", "mean", "scale", "coef"):
            setattr(model, f"{name}_", np.array(data[name], dtype=np.float64))
        model.indicators_ = np.array(data["indicators"], dtype=np.intp)
        model.intercept_ = float(data["intercept"])
        return model


def _signed_log1p(features: Floats) -> Floats:
    """Signed logarithm: counts and amounts are skewed, shares hardly move."""
    logs = np.abs(features)
    np.log1p(logs, out=logs)
    signed: Floats = np.copysign(logs, features, out=logs)
    return signed
