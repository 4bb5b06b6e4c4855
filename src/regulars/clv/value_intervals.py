"""Confidence intervals of customer lifetime value, from both models at once.

The bounds carry the uncertainty of the purchase model's parameters and of the spend
model's; they do not say how much one customer may vary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv.intervals import (
    check_method,
    delta_variance,
    drawn_parameters,
    half_width,
    quantile_bounds,
)
from regulars.clv.value import discounted_clv

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.clv.base import ParametricModel
    from regulars.clv.fitting import FloatArray

    OfParameters = Callable[[dict[str, FloatArray]], FloatArray]


def discounted_clv_interval(
    model: Any,
    summary: Any,
    *,
    value_model: Any = None,
    method: str = "delta",
    level: float = 0.95,
    n_draws: int = 200,
    random_state: int | None = None,
    **terms: Any,
) -> pd.DataFrame:
    """Return each customer's discounted margin with its confidence interval.

    Parameters
    ----------
    model, summary, value_model
        As in `discounted_clv`.
    method : {"delta", "bootstrap"}, default="delta"
        Linearised in the logarithm of the value, or quantiles over draws of the
        parameters from their asymptotic distribution.
    level : float, default=0.95
        Confidence, 0-1.
    n_draws : int, default=200
        Draws of the bootstrap, > 1.
    random_state : int, optional
        Seed of the bootstrap.
    **terms
        ``margin``, ``discount_rate_annual``, ``horizon_days``, ``time_unit_days`` and,
        without a value model, ``expected_value`` of `discounted_clv`.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, 3)
        ``estimate``, ``lower`` and ``upper``: money, with the summary's index.

    Raises
    ------
    ValueError
        When an argument is out of its range.

    Notes
    -----
    The two models are fitted apart, so their errors are taken as independent.

    Examples
    --------
    >>> summary = pd.DataFrame({
    ...     "frequency": [0, 1, 1, 2, 2, 4, 7],
    ...     "recency": [0, 3, 20, 9, 25, 26, 37],
    ...     "T": [39, 39, 30, 38, 29, 32, 39],
    ...     "weight": [140, 20, 12, 9, 6, 5, 4],
    ... })
    >>> from regulars.clv import BetaGeoModel
    >>> bounds = discounted_clv_interval(
    ...     BetaGeoModel().fit(summary), summary, expected_value=20.0, margin=0.3,
    ...     discount_rate_annual=0.1, horizon_days=365, time_unit_days=7,
    ... )
    >>> bool((bounds["lower"] < bounds["estimate"]).all())
    True
    """
    check_method(method, level, n_draws)
    models = {"model": model, "value_model": value_model}
    fitted = {name: each for name, each in models.items() if each is not None}

    def value(thetas: dict[str, FloatArray]) -> FloatArray:
        moved = {
            name: each._with_theta(thetas[name]) if name in thetas else each
            for name, each in models.items()
        }
        clv = discounted_clv(
            moved["model"], summary, value_model=moved["value_model"], **terms
        )
        return clv.to_numpy()

    estimate = discounted_clv(model, summary, value_model=value_model, **terms)
    if method == "delta":
        low, high = _delta(fitted, value, estimate.to_numpy(), level)
    else:
        low, high = _bootstrap(fitted, value, level, n_draws, random_state)
    bounds = {"estimate": estimate.to_numpy(), "lower": low, "upper": high}
    return pd.DataFrame(bounds, index=estimate.index)


def _delta(
    fitted: dict[str, ParametricModel],
    value: OfParameters,
    estimate: FloatArray,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return bounds by linearising the logarithm, each model's variance apart."""

    def log_value(name: str) -> Callable[[FloatArray], FloatArray]:
        return lambda theta: np.log(value({name: theta}))

    with np.errstate(divide="ignore", invalid="ignore"):
        variances = [
            delta_variance(each, log_value(name)) for name, each in fitted.items()
        ]
        half = half_width(np.sum(variances, axis=0), level)
        known = (estimate > 0) & np.isfinite(half)
        factor = np.where(known, np.exp(half), 1.0)
    return estimate / factor, estimate * factor


def _bootstrap(
    fitted: dict[str, ParametricModel],
    value: OfParameters,
    level: float,
    n_draws: int,
    random_state: int | None,
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles over draws of the parameters of both models."""
    rng = np.random.default_rng(random_state)
    draws = {
        name: drawn_parameters(each, n_draws, rng) for name, each in fitted.items()
    }
    values = [
        value({name: drawn[k] for name, drawn in draws.items()}) for k in range(n_draws)
    ]
    return quantile_bounds(np.stack(values), level)
