"""The base of the churn classifiers: scikit-learn's contract for two classes.

A subclass returns log-odds; probabilities and classes follow. Values may be missing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from regulars.models.inputs import features_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class BinaryClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
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
        return features_of(self, X)

    def _restore_inputs(self, data: Mapping[str, Any]) -> None:
        self.classes_ = np.array(data["classes"])
        self.n_features_in_ = int(data["n_features"])
        if data["features"] is not None:
            self.feature_names_in_ = np.array(data["features"], dtype=object)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likelier class of each row."""
        likelier = (self.predict_proba(X)[:, 1] > 0.5).astype(int)
        labels: NDArray[Any] = self.classes_[likelier]
        return labels

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each class."""
        churn = 1.0 / (1.0 + np.exp(-self.decision_function(X)))
        return np.column_stack([1.0 - churn, churn])

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of the second class, churn."""
        return self.log_odds(self._features(X))

    def contributions(self, X: ArrayLike) -> Floats:
        """Return each feature's share of the log-odds."""
        return self.shares(self._features(X))

    @abstractmethod
    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of rows that need no check."""

    @abstractmethod
    def shares(self, features: Floats) -> Floats:
        """Return each feature's share of them, likewise."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags
