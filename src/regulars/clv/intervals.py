"""Confidence intervals for any prediction of any fitted model.

The bounds speak of the uncertainty of the parameters: they narrow as customers are
added. How much one customer may vary is told by the ``distribution_*`` draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.utils.validation import check_is_fitted

from regulars.clv.base import ParametricModel
from regulars.clv.histories import check_level
from regulars.clv.rows import distinct, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray

    OfParameters = Callable[[FloatArray], FloatArray]

METHODS = ("delta", "bootstrap")
_STEP = 0.01  # standard errors: small for the curvature, large for the rounding


class PredictionIntervals(ParametricModel):
    """Models whose predictions can be had with their confidence intervals."""

    def interval(
        self,
        prediction: str,
        *args: Any,
        method: str = "delta",
        level: float = 0.95,
        n_draws: int = 200,
        random_state: int | None = None,
        **kwargs: Any,
    ) -> pd.DataFrame:
        """Return a prediction (a method's name and arguments) with its interval.

        ``delta`` linearises on a scale without edges (log, or logit of probabilities);
        ``bootstrap`` takes quantiles over draws of the parameters.
        """
        check_is_fitted(self, "theta_")
        _check_prediction(self, prediction)
        check_method(method, level, n_draws)
        args, place = _compact(self, args, kwargs)

        def predict(theta: FloatArray) -> FloatArray:
            values = getattr(self._with_theta(theta), prediction)(*args, **kwargs)
            if isinstance(values, pd.DataFrame):
                msg = (
                    f"{prediction} returns a frame; intervals are for one number a row."
                )
                raise ValueError(msg)
            return np.atleast_1d(np.asarray(values, dtype=np.float64))

        estimate = predict(self.theta_)
        if method == "delta":
            low, high = _delta(self, predict, estimate, prediction, level)
        else:
            rng = np.random.default_rng(random_state)
            draws = [predict(theta) for theta in drawn_parameters(self, n_draws, rng)]
            low, high = quantile_bounds(np.stack(draws), level)
        bounds = np.column_stack([estimate, low, high])
        index = None
        if place is not None:
            codes, index = place
            bounds = bounds[codes]
        return pd.DataFrame(bounds, index=index, columns=["estimate", "lower", "upper"])


def check_method(method: str, level: float, n_draws: int) -> None:
    """Raise if a method, a level or a number of draws cannot be used."""
    if method not in METHODS:
        msg = f"method must be one of {list(METHODS)}, got {method!r}."
        raise ValueError(msg)
    check_level(level)
    if n_draws < 2:
        msg = f"n_draws must be at least 2, got {n_draws!r}."
        raise ValueError(msg)


def delta_variance(model: ParametricModel, function: OfParameters) -> FloatArray:
    """Return the variance of a function of the parameters, linearised.

    Steps go along the axes of the covariance, so that the variances simply add up.
    """
    values, vectors = np.linalg.eigh(model.covariance_)
    variance = np.zeros(())
    for value, vector in zip(values, vectors.T, strict=True):
        if value <= 0:  # at an edge, or not identified: no uncertainty is claimed
            continue
        step = _STEP * np.sqrt(value) * vector
        above, below = function(model.theta_ + step), function(model.theta_ - step)
        variance = variance + ((above - below) / (2 * _STEP)) ** 2
    return variance


def drawn_parameters(
    model: ParametricModel, n_draws: int, rng: np.random.Generator
) -> FloatArray:
    """Draw parameters from their asymptotic distribution, one row a draw."""
    values, vectors = np.linalg.eigh(model.covariance_)
    spread = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = rng.standard_normal((n_draws, values.size))
    return np.asarray(model.theta_ + noise @ spread.T)


def half_width(variance: FloatArray, level: float) -> FloatArray:
    """Return half the length of a normal interval."""
    return np.asarray(norm.ppf((1 + level) / 2) * np.sqrt(variance))


def quantile_bounds(draws: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper bound of draws, one row a draw."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _check_prediction(model: ParametricModel, prediction: str) -> None:
    if prediction.startswith("_") or not callable(getattr(model, prediction, None)):
        msg = (
            f"{type(model).__name__} has no prediction {prediction!r}. Name one of its "
            "methods, such as 'expected_purchases'."
        )
        raise ValueError(msg)


def _compact(
    model: ParametricModel, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], tuple[NDArray[np.intp], pd.Index] | None]:
    """Replace a summary by its distinct rows, where nothing else varies by row."""
    rest = [*args[1:], *kwargs.values()]
    if not args or not hasattr(args[0], "columns") or any(np.ndim(a) for a in rest):
        return args, None
    names = model._needed_columns()
    table = read_columns(args[0], names)
    columns, codes = distinct([table[name].to_numpy() for name in names])
    compact = pd.DataFrame(dict(zip(names, columns, strict=True)))
    return (compact, *args[1:]), (codes, table.index)


def _scale(prediction: str) -> tuple[OfParameters, OfParameters]:
    """Return the transformation to a scale without edges, and its inverse."""
    if prediction.startswith("probability"):
        return logit, expit
    if prediction.startswith("expected"):
        return np.log, np.exp
    return np.asarray, np.asarray


def _delta(
    model: ParametricModel,
    predict: OfParameters,
    estimate: FloatArray,
    prediction: str,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return bounds by linearising on the scale of the prediction."""
    forward, back = _scale(prediction)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = forward(estimate)
        variance = delta_variance(model, lambda theta: forward(predict(theta)))
        half = half_width(variance, level)
        # A prediction that is 0 or 1 whatever the parameters has no width
        inside = np.isfinite(centre) & np.isfinite(half)
        low = np.where(inside, back(centre - half), estimate)
        high = np.where(inside, back(centre + half), estimate)
    return low, high
