"""The test window, looked at once: figures with 95% intervals, and curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.calibration import reliability_curve
from regulars.metrics.curves import gains_curve, lift_curve, roc_points
from regulars.metrics.intervals import (
    evaluate_churn,
    evaluate_churn_intervals,
    evaluate_value,
)
from regulars.metrics.value import mae

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

MODEL = "model"
CURVE_POINTS = 101
# the churn rate is off by more than chance, in standard errors, and enough to matter
DRIFT_ERRORS = 3.0
LEAST_DRIFT = 0.02
# total spend is off by a third either way; of a few buyers one large order moves it
SPEND_DRIFT = 1.33
FEWEST_BUYERS = 100


@dataclass(frozen=True)
class ChurnTest:
    """Churn forecasts against what happened in one window.

    Attributes
    ----------
    metrics : dict of str to dict
        By forecast (``model`` and the baselines): the keys of ``train --json``.
    intervals : dict of str to dict
        By forecast and metric: lower and upper 95% bounds.
    curves : dict of str to dict
        By forecast: ``roc``, ``gains``, ``lift`` (None where it is undefined) and
        ``reliability``.
    churned : array of shape (n_customers,)
        What happened: 1 where the customer churned, else 0.
    forecasts : mapping of str to array of shape (n_customers,)
        Probabilities by forecast; the gate, the slices and the offer start from them.
    """

    metrics: dict[str, dict[str, Any]]
    intervals: dict[str, dict[str, list[float]]]
    curves: dict[str, dict[str, Any]] = field(repr=False)
    churned: NDArray[np.float64] = field(repr=False, compare=False)
    forecasts: Mapping[str, NDArray[np.float64]] = field(repr=False, compare=False)


@dataclass(frozen=True)
class ValueTest:
    """Spend forecasts against what was spent in one window.

    Attributes
    ----------
    metrics : dict of str to dict
        By forecast: the keys of `regulars.metrics.evaluate_value`, and ``typical_mae``,
        the mean absolute error of typical spend.
    tenths : DataFrame or None
        Of the model, by tenth of expected spend: see
        `regulars.models.spend.interval_tenths`.
    """

    metrics: dict[str, dict[str, float]]
    tenths: pd.DataFrame | None = field(default=None, repr=False, compare=False)


def evaluate_churn_forecasts(
    churned: ArrayLike,
    forecasts: Mapping[str, NDArray[np.float64]],
    *,
    cutoff: date | None,
    random_state: int = 0,
) -> ChurnTest:
    """Evaluate probabilities of churn.

    Parameters
    ----------
    churned : array-like of shape (n_customers,)
        1 where the customer churned, else 0.
    forecasts : mapping of str to array of shape (n_customers,)
        Probabilities by ``model`` and by each baseline.
    cutoff : date
        Cutoff of the window.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    ChurnTest

    Examples
    --------
    >>> from datetime import date
    >>> p = np.array([0.1, 0.4, 0.6, 0.9] * 10)
    >>> forecasts, cutoff = {"model": p}, date(2024, 1, 1)
    >>> test = evaluate_churn_forecasts([0, 0, 1, 1] * 10, forecasts, cutoff=cutoff)
    >>> test.metrics["model"]["roc_auc"]
    1.0
    """
    y = np.asarray(churned)
    metrics, intervals, curves = {}, {}, {}
    for name, probability in forecasts.items():
        figures = finite(evaluate_churn(y, probability))
        metrics[name] = {"cutoff": cutoff and cutoff.isoformat(), **figures}
        ends = evaluate_churn_intervals(y, probability, random_state=random_state)
        intervals[name] = {
            metric: [*finite({"low": low, "high": high}).values()]
            for metric, (low, high) in ends.items()
        }
        curves[name] = churn_curves(y, probability)
    return ChurnTest(metrics, intervals, curves, y.astype(np.float64), dict(forecasts))


def churn_curves(
    churned: NDArray[np.float64], probability: NDArray[np.float64]
) -> dict[str, Any]:
    """Return the curves of one forecast, as `ChurnTest` has them."""
    roc = roc_points(churned, probability, max_points=CURVE_POINTS)
    return {
        # the first threshold is infinite by definition, which JSON cannot hold
        "roc": _curve(roc.drop(columns="threshold")),
        "gains": _curve(gains_curve(churned, probability)),
        "lift": _curve(lift_curve(churned, probability)),
        "reliability": reliability_curve(churned, probability).to_dict("records"),
    }


def evaluate_spend_forecasts(
    spend: ArrayLike,
    forecasts: Mapping[str, NDArray[np.float64]],
    *,
    typical: NDArray[np.float64] | None = None,
) -> ValueTest:
    """Evaluate expected spend, and typical spend.

    Parameters
    ----------
    spend : array-like of shape (n_customers,)
        Net spend in the window.
    forecasts : mapping of str to array of shape (n_customers,)
        Expected spend by ``model`` and by each baseline.
    typical : array of shape (n_customers,), optional
        Typical spend by ``model``. Default, and what baselines have: one figure is said
        for both.

    Returns
    -------
    ValueTest

    Examples
    --------
    >>> forecasts, typical = {"model": np.array([1.0, 2.0])}, np.array([1.0, 3.0])
    >>> test = evaluate_spend_forecasts([1.0, 3.0], forecasts, typical=typical)
    >>> test.metrics["model"]["mae"], test.metrics["model"]["typical_mae"]
    (0.5, 0.0)
    """
    metrics = {}
    for name, predicted in forecasts.items():
        figures = finite(evaluate_value(spend, predicted))
        metrics[name] = {**figures, "typical_mae": figures["mae"]}
    if typical is not None and np.isfinite(typical).all():
        metrics[MODEL]["typical_mae"] = mae(spend, typical)
    return ValueTest(metrics)


def drift_notes(churn: ChurnTest | None, value: ValueTest | None) -> list[str]:
    """Return in what the level of the test window was unlike the forecast's.

    A level that is off by more than chance explains is the window's doing (a season, a
    price, a campaign), or the model's; either way a reader has to know of it.
    """
    notes = []
    if churn is not None:
        probability, churn_rate = churn.forecasts[MODEL], churn.churned.mean()
        expected_rate = probability.mean()
        # standard error of the churn rate if every probability were true
        error = np.sqrt((probability * (1 - probability)).sum()) / len(probability)
        if abs(expected_rate - churn_rate) > max(DRIFT_ERRORS * error, LEAST_DRIFT):
            notes.append(
                f"In the test window {churn_rate:.1%} of the customers left where "
                f"{expected_rate:.1%} were expected to, more than chance explains: it "
                "was unlike the windows before it (a season, prices, new customers). "
                "Look at the backtest before trusting the level of the probabilities."
            )
    n_buyers = 0 if churn is None else np.sum(churn.churned == 0)
    ratio = value.metrics[MODEL].get("total_ratio") if value else None
    if (
        n_buyers >= FEWEST_BUYERS
        and ratio
        and not 1 / SPEND_DRIFT < ratio < SPEND_DRIFT
    ):
        notes.append(
            f"In the test window customers spent {1 / ratio:.0%} of what was expected "
            "in all. The order of the customers may hold all the same; the level of "
            "expected spend and of customer value is to be taken with care."
        )
    return notes


def _curve(points: pd.DataFrame) -> dict[str, Any] | None:
    """Return the points, or None where all or none churned and there is no curve."""
    if points.isna().to_numpy().any():
        return None
    return {str(name): values.tolist() for name, values in points.items()}


def finite(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures with None where one is undefined, as JSON wants it."""
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in figures.items()
    }
