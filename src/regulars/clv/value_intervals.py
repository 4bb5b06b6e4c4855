"""Confidence intervals of customer lifetime value, from both models at once.

In: what `discounted_clv` takes. Out: the same value with a lower and an upper bound,
which carry the uncertainty of the purchase model's parameters and of the spend model's.
They narrow as customers are added; they do not say how much one customer may vary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from regulars.clv.intervals import METHODS
from regulars.clv.value import discounted_clv

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.clv.fitting import FloatArray

__all__ = ["discounted_clv_interval"]

_STEP = 0.01  # standard errors: small for the curvature, large for the rounding


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
    _check(method, level, n_draws)
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


def _check(method: str, level: float, n_draws: int) -> None:
    if method not in METHODS:
        msg = f"method must be one of {list(METHODS)}, got {method!r}."
        raise ValueError(msg)
    if not 0 < level < 1:
        msg = f"level must lie between 0 and 1 (0.95 for 95%), got {level!r}."
        raise ValueError(msg)
    if n_draws < 2:
        msg = f"n_draws must be at least 2, got {n_draws!r}."
        raise ValueError(msg)


def _delta(
    fitted: dict[str, Any],
    value: Callable[[dict[str, FloatArray]], FloatArray],
    estimate: FloatArray,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return bounds by linearising the logarithm along the axes of each covariance."""
    variance = np.zeros_like(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, each in fitted.items():
            values, vectors = np.linalg.eigh(each.covariance_)
            for spread, vector in zip(values, vectors.T, strict=True):
                if spread <= 0:
                    continue
                step = _STEP * np.sqrt(spread) * vector
                above = np.log(value({name: each.theta_ + step}))
                below = np.log(value({name: each.theta_ - step}))
                variance += ((above - below) / (2 * _STEP)) ** 2
        half = norm.ppf((1 + level) / 2) * np.sqrt(variance)
        known = (estimate > 0) & np.isfinite(half)
        factor = np.where(known, np.exp(half), 1.0)
    return estimate / factor, estimate * factor


def _bootstrap(
    fitted: dict[str, Any],
    value: Callable[[dict[str, FloatArray]], FloatArray],
    level: float,
    n_draws: int,
    random_state: int | None,
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles over draws of the parameters of both models."""
    rng = np.random.default_rng(random_state)
    draws = {}
    for name, each in fitted.items():
        values, vectors = np.linalg.eigh(each.covariance_)
        spread = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = rng.standard_normal((n_draws, values.size))
        draws[name] = each.theta_ + noise @ spread.T
    values = np.stack(
        [
            value({name: drawn[k] for name, drawn in draws.items()})
            for k in range(n_draws)
        ]
    )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
