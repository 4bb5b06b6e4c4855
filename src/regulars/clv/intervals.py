"""Confidence intervals for any prediction of any fitted model.

A fitted model, the name of one of its predictions and its arguments come in; a frame
with estimate, lower and upper bound goes out. The bounds speak of the uncertainty of
the parameters: they narrow as customers are added. They do not say how many purchases
one customer may make; for that there are the ``distribution_*`` draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from regulars.clv.rows import distinct, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from regulars.clv.base import ParametricModel
    from regulars.clv.fitting import FloatArray

    Prediction = Callable[[FloatArray], FloatArray]

METHODS = ("delta", "bootstrap")
_STEP = 0.01  # standard errors: small for the curvature, large for the rounding


def prediction_interval(
    model: ParametricModel,
    prediction: str,
    *args: Any,
    method: str = "delta",
    level: float = 0.95,
    n_draws: int = 200,
    random_state: int | None = None,
    **kwargs: Any,
) -> pd.DataFrame:
    """Return a prediction with its confidence interval."""
    _check(model, prediction, method, level, n_draws)
    args, place = _compact(model, args, kwargs)

    def predict(theta: FloatArray) -> FloatArray:
        result = getattr(model._with_theta(theta), prediction)(*args, **kwargs)
        if isinstance(result, pd.DataFrame):
            msg = f"{prediction} returns a frame; intervals are for one number a row."
            raise ValueError(msg)
        return np.atleast_1d(np.asarray(result, dtype=np.float64))

    estimate = predict(model.theta_)
    if method == "delta":
        low, high = _delta(model, predict, estimate, prediction, level)
    else:
        low, high = _bootstrap(model, predict, level, n_draws, random_state)
    bounds = np.column_stack([estimate, low, high])
    if place is not None:
        bounds = bounds[place.codes]
    index = None if place is None else place.index
    return pd.DataFrame(bounds, index=index, columns=["estimate", "lower", "upper"])


class _Place:
    """Where each row of a frame went among the distinct ones."""

    def __init__(self, codes: NDArray[np.intp], index: pd.Index) -> None:
        self.codes, self.index = codes, index


def _check(
    model: ParametricModel, prediction: str, method: str, level: float, n_draws: int
) -> None:
    if not hasattr(model, "theta_"):
        model._with_theta(np.empty(0))  # raises scikit-learn's NotFittedError
    if prediction.startswith("_") or not callable(getattr(model, prediction, None)):
        msg = (
            f"{type(model).__name__} has no prediction {prediction!r}. Name one of its "
            "methods, such as 'expected_purchases'."
        )
        raise ValueError(msg)
    if method not in METHODS:
        msg = f"method must be one of {list(METHODS)}, got {method!r}."
        raise ValueError(msg)
    if not 0 < level < 1:
        msg = f"level must lie between 0 and 1 (0.95 for 95%), got {level!r}."
        raise ValueError(msg)
    if n_draws < 2:
        msg = f"n_draws must be at least 2, got {n_draws!r}."
        raise ValueError(msg)


def _compact(
    model: ParametricModel, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], _Place | None]:
    """Replace a summary by its distinct rows, where nothing else varies by row."""
    rest = [*args[1:], *kwargs.values()]
    if not args or not hasattr(args[0], "columns") or any(np.ndim(a) for a in rest):
        return args, None
    names = model._needed_columns()
    table = read_columns(args[0], names)
    columns, codes = distinct([table[name].to_numpy() for name in names])
    compact = pd.DataFrame(dict(zip(names, columns, strict=True)))
    return (compact, *args[1:]), _Place(codes, table.index)


def _scale(prediction: str) -> tuple[Prediction, Prediction]:
    """Return the transformation to a scale without edges, and its inverse."""
    if prediction.startswith("probability"):
        return logit, expit
    if prediction.startswith("expected"):
        return np.log, np.exp
    return np.asarray, np.asarray


def _delta(
    model: ParametricModel,
    predict: Prediction,
    estimate: FloatArray,
    prediction: str,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return bounds by linearising along the axes of the covariance."""
    forward, back = _scale(prediction)
    values, vectors = np.linalg.eigh(model.covariance_)
    variance = np.zeros_like(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = forward(estimate)
        for value, vector in zip(values, vectors.T, strict=True):
            if value <= 0:
                continue
            step = _STEP * np.sqrt(value) * vector
            above = forward(predict(model.theta_ + step))
            below = forward(predict(model.theta_ - step))
            variance += ((above - below) / (2 * _STEP)) ** 2
        half = norm.ppf((1 + level) / 2) * np.sqrt(variance)
        # A prediction that is 0 or 1 whatever the parameters has no width
        inside = np.isfinite(centre) & np.isfinite(half)
        low = np.where(inside, back(centre - half), estimate)
        high = np.where(inside, back(centre + half), estimate)
    return low, high


def _bootstrap(
    model: ParametricModel,
    predict: Prediction,
    level: float,
    n_draws: int,
    random_state: int | None,
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles over draws of the parameters."""
    rng = np.random.default_rng(random_state)
    values, vectors = np.linalg.eigh(model.covariance_)
    spread = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = rng.standard_normal((n_draws, values.size))
    draws = np.stack([predict(model.theta_ + spread @ row) for row in noise])
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
