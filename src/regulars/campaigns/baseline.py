"""What customers do without an offer: learnt on those whom no campaign contacted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import lightgbm
import numpy as np

from regulars.models.folds import ONE_THREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.campaigns.experiment import Untouched

    Floats = NDArray[np.float64]

# of the mean margin of customers who bought: no value is taken to be less
LEAST_VALUE = 0.1


def trees(
    n_rows: int, *, n_trees: int, leaves: int, seed: int = 0
) -> lightgbm.LGBMRegressor:
    """Return boosted trees that are too coarse to learn noise from so many rows."""
    return lightgbm.LGBMRegressor(
        n_estimators=n_trees,
        num_leaves=leaves,
        min_child_samples=max(20, min(150, n_rows // 40)),
        learning_rate=0.05,
        subsample=0.7,
        subsample_freq=1,
        colsample_bytree=0.7,
        random_state=seed,
        verbose=-1,
        **ONE_THREAD,
    )


@dataclass(frozen=True, eq=False)
class Baseline:
    """Forecasts of the margin without an offer.

    `margin` m0(x), `kept` the probability of a purchase, `value` V(x) the margin if
    there is one, `spread` the standard deviation of the margin around m0.
    """

    margin_model: lightgbm.LGBMRegressor
    kept_model: lightgbm.LGBMRegressor
    value_model: lightgbm.LGBMRegressor
    spread_model: lightgbm.LGBMRegressor
    least_value: float
    least_spread: float

    @classmethod
    def fit(cls, untouched: Untouched, seed: int = 0) -> Self:
        """Learn from untouched customers; some of them must have bought."""
        features, margin, kept = untouched.features, untouched.margin, untouched.kept

        def fitted(rows: Floats, y: Floats) -> lightgbm.LGBMRegressor:
            model = trees(len(y), n_trees=120, leaves=15, seed=seed)
            return model.fit(rows, y)

        margin_model = fitted(features, margin)
        squares = (margin - _of(margin_model, features)) ** 2
        return cls(
            margin_model,
            fitted(features, kept.astype(np.float64)),
            fitted(features[kept], margin[kept]),
            fitted(features, squares),
            LEAST_VALUE * max(float(margin[kept].mean()), 1e-9),
            LEAST_VALUE * max(float(np.sqrt(squares.mean())), 1e-9),
        )

    def margin(self, features: Floats) -> Floats:
        """Return the expected margin of the horizon."""
        return _of(self.margin_model, features)

    def kept(self, features: Floats) -> Floats:
        """Return the probability of a purchase in the horizon."""
        return np.clip(_of(self.kept_model, features), 0.0, 1.0)

    def value(self, features: Floats) -> Floats:
        """Return the expected margin of those who buy."""
        return np.maximum(_of(self.value_model, features), self.least_value)

    def spread(self, features: Floats) -> Floats:
        """Return the standard deviation of the margin around its forecast."""
        squares = _of(self.spread_model, features)
        return np.sqrt(np.maximum(squares, self.least_spread**2))


def _of(model: lightgbm.LGBMRegressor, features: Floats) -> Floats:
    return np.asarray(model.predict(features), np.float64)
