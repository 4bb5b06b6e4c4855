"""How well a predicted effect ranks whom an offer moves, from a randomised campaign.

A customer's own effect is never seen: each has the offer or has it not. So all figures
here hold for customers drawn at random, and are unbiased by weighting each by how
likely the draw was. Curves start at nobody and end at everybody, the highest predicted
effect first; customers of equal prediction are taken together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from regulars.errors import DataError
from regulars.metrics.arrays import as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.metrics.arrays import FloatArray

Z_95 = 1.959963984540054


class EffectEstimate(NamedTuple):
    """An effect that was estimated from a randomised campaign.

    Attributes
    ----------
    value : float
        In the units of the outcome.
    standard_error : float
        Of the value.

    Examples
    --------
    >>> EffectEstimate(10.0, 5.0).z
    2.0
    """

    value: float
    standard_error: float

    @property
    def z(self) -> float:
        """Value in standard errors; 0 where there is nothing to estimate."""
        return self.value / self.standard_error if self.standard_error > 0 else 0.0


def uplift_curve(
    *,
    y: ArrayLike,
    treatment: ArrayLike,
    uplift: ArrayLike,
    propensity: ArrayLike | None = None,
) -> pd.DataFrame:
    """Compute what the offer adds when it goes to more and more customers.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        Outcome, such as margin, or 1 where the customer was kept.
    treatment : array-like of shape (n_customers,)
        1 where the customer drew the offer, 0 where control.
    uplift : array-like of shape (n_customers,)
        Predicted effect; any finite numbers, higher first.
    propensity : array-like of shape (n_customers,), optional
        Probability of the offer in the draw, above 0 and below 1; default: the share
        who drew it.

    Returns
    -------
    DataFrame
        ``share`` of customers (0 to 1), ``gain`` (outcome added, per customer of all)
        and ``random`` (the same at that share of customers chosen by chance). The first
        row is nobody.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or one group is empty.

    Notes
    -----
    ``gain`` at the first k of n is (1/n) times the sum of y t / e - y (1 - t) / (1 - e)
    over them: unbiased whatever the shares drawn. O(n log n).

    Examples
    --------
    >>> curve = uplift_curve(
    ...     y=[1, 0, 0, 0], treatment=[1, 0, 1, 0], uplift=[0.9, 0.9, 0.1, 0.1]
    ... )
    >>> curve["gain"].tolist(), curve["random"].tolist()
    ([0.0, 0.5, 0.5], [0.0, 0.25, 0.5])
    """
    trial = _Trial.of(y, treatment, propensity)
    score = _of_length("uplift", uplift, len(trial.y))
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) + 1
    n = len(score)
    gain = np.append(0.0, np.cumsum(trial.effect[order])[ends - 1]) / n
    share = np.append(0.0, ends / n)
    return pd.DataFrame({"share": share, "gain": gain, "random": share * gain[-1]})


def uplift_auc_score(
    *,
    y: ArrayLike,
    treatment: ArrayLike,
    uplift: ArrayLike,
    propensity: ArrayLike | None = None,
) -> float:
    """Compute the area under :func:`uplift_curve`.

    Mean gain per customer when the share who are sent the offer is drawn from 0 to 1.

    Parameters
    ----------
    y, treatment, uplift, propensity : array-like of shape (n_customers,)
        As in :func:`uplift_curve`.

    Returns
    -------
    float
        In the units of the outcome; not divided by that of a perfect ranking, which
        nobody knows.

    Examples
    --------
    >>> uplift_auc_score(
    ...     y=[1, 0, 0, 0], treatment=[1, 0, 1, 0], uplift=[0.9, 0.9, 0.1, 0.1]
    ... )
    0.375
    """
    curve = uplift_curve(y=y, treatment=treatment, uplift=uplift, propensity=propensity)
    return float(np.trapezoid(curve["gain"], curve["share"]))


def qini_auc_score(
    *,
    y: ArrayLike,
    treatment: ArrayLike,
    uplift: ArrayLike,
    propensity: ArrayLike | None = None,
) -> float:
    """Compute the area between :func:`uplift_curve` and choosing by chance.

    Parameters
    ----------
    y, treatment, uplift, propensity : array-like of shape (n_customers,)
        As in :func:`uplift_curve`.

    Returns
    -------
    float
        In the units of the outcome; 0 on average where the ranking is by chance or the
        effect is the same for all. Not divided by that of a perfect ranking.

    Examples
    --------
    >>> qini_auc_score(
    ...     y=[1, 0, 0, 0], treatment=[1, 0, 1, 0], uplift=[0.9, 0.9, 0.1, 0.1]
    ... )
    0.125
    """
    curve = uplift_curve(y=y, treatment=treatment, uplift=uplift, propensity=propensity)
    above = curve["gain"] - curve["random"]
    return float(np.trapezoid(above, curve["share"]))


def uplift_at_k(
    *,
    y: ArrayLike,
    treatment: ArrayLike,
    uplift: ArrayLike,
    k: float,
    propensity: ArrayLike | None = None,
) -> float:
    """Compute the mean effect among the share of customers of highest prediction.

    Parameters
    ----------
    y, treatment, uplift, propensity : array-like of shape (n_customers,)
        As in :func:`uplift_curve`.
    k : float
        Share of customers, above 0 and up to 1. Where the cut falls among equal
        predictions, these count in expectation.

    Returns
    -------
    float
        In the units of the outcome, per customer chosen.

    Examples
    --------
    >>> uplift_at_k(
    ...     y=[1, 0, 0, 0], treatment=[1, 0, 1, 0], uplift=[0.9, 0.9, 0.1, 0.1], k=0.5
    ... )
    1.0
    """
    if not 0.0 < k <= 1.0:
        msg = f"'k' is {k}; a share of customers above 0 and up to 1 was expected."
        raise ValueError(msg)
    curve = uplift_curve(y=y, treatment=treatment, uplift=uplift, propensity=propensity)
    return float(np.interp(k, curve["share"], curve["gain"]) / k)


def uplift_by_group(
    *,
    y: ArrayLike,
    treatment: ArrayLike,
    uplift: ArrayLike,
    n_groups: int = 10,
) -> pd.DataFrame:
    """Compute the effect in groups of equal size by predicted effect.

    Parameters
    ----------
    y, treatment, uplift : array-like of shape (n_customers,)
        As in :func:`uplift_curve`; the draw has to be the same for all customers of a
        group.
    n_groups : int, default=10
        Number of groups, 1 or more; the first has the highest predictions.

    Returns
    -------
    DataFrame
        ``group`` (1, 2, ...), ``n_treated``, ``n_control``, ``predicted`` (mean),
        ``effect``, ``low`` and ``high`` (95% interval; NaN where a side has fewer than
        two customers).

    Notes
    -----
    Difference of means, with Welch's variance. Equal predictions are split in the order
    of the rows.

    Examples
    --------
    >>> table = uplift_by_group(
    ...     y=[1, 0, 1, 0], treatment=[1, 0, 1, 0], uplift=[4, 3, 2, 1], n_groups=2
    ... )
    >>> table["effect"].tolist()
    [1.0, 1.0]
    """
    trial = _Trial.of(y, treatment, None)
    score = _of_length("uplift", uplift, len(trial.y))
    rank = np.empty(len(score), np.int64)
    rank[np.argsort(-score, kind="stable")] = np.arange(len(score))
    group = rank * n_groups // len(score)
    cell = 2 * group + trial.is_treated

    def totals(values: FloatArray) -> FloatArray:
        sums = np.bincount(cell, values, minlength=2 * n_groups)
        return np.asarray(sums, np.float64).reshape(n_groups, 2)

    size = totals(np.ones(len(score)))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = totals(trial.y) / size
        spread = totals((trial.y - mean.ravel()[cell]) ** 2) / (size - 1)
        reach = Z_95 * np.sqrt((spread / size).sum(axis=1))
        predicted = totals(score).sum(axis=1) / size.sum(axis=1)
    effect = mean[:, 1] - mean[:, 0]
    return pd.DataFrame(
        {
            "group": np.arange(1, n_groups + 1),
            "n_treated": size[:, 1].astype(np.int64),
            "n_control": size[:, 0].astype(np.int64),
            "predicted": predicted,
            "effect": effect,
            "low": effect - reach,
            "high": effect + reach,
        }
    )


def policy_value(
    *,
    y: ArrayLike,
    arm: ArrayLike,
    shares: ArrayLike,
    choice: ArrayLike,
    cost: ArrayLike = 0.0,
) -> EffectEstimate:
    """Estimate what a choice of offers would have earned in a randomised campaign.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        Outcome before the offer's cost. Less a forecast made without the campaign, the
        estimate is as unbiased and much sharper.
    arm : array-like of int of shape (n_customers,)
        What each customer drew: 0 for control, else the number of the offer.
    shares : array-like of shape (n_customers, n_offers + 1)
        Probability of each arm.
    choice : array-like of int of shape (n_customers,)
        The offer that is evaluated, numbered as `arm`; 0 for none. It must not have
        been chosen with sight of the customer's own outcome.
    cost : float or array-like of shape (n_customers,), default=0
        Expected cost of the chosen offer.

    Returns
    -------
    EffectEstimate
        Inverse-probability weighted sum over all customers, net of cost.

    Examples
    --------
    >>> value = policy_value(
    ...     y=[4, 1, 5, 2],
    ...     arm=[1, 0, 1, 0],
    ...     shares=[[0.5, 0.5]] * 4,
    ...     choice=[1, 1, 0, 0],
    ... )
    >>> value.value
    6.0
    """
    each = policy_gains(
        as_numbers("y", y),
        np.asarray(arm, np.int64),
        np.asarray(shares, np.float64),
        np.asarray(choice, np.int64),
        np.asarray(cost, np.float64),
    )
    error = each.std(ddof=1) * math.sqrt(len(each))
    return EffectEstimate(float(each.sum()), float(error))


def policy_gains(
    y: FloatArray,
    arm: NDArray[np.int64],
    shares: FloatArray,
    choice: NDArray[np.int64],
    cost: FloatArray,
) -> FloatArray:
    """Return what :func:`policy_value` adds up, by customer."""
    rows = np.arange(len(y))
    weight = (arm == choice) / shares[rows, choice] - (arm == 0) / shares[:, 0]
    return np.where(choice > 0, weight * y - cost, 0.0)


def ranking_test(
    *,
    y: ArrayLike,
    treatment: ArrayLike,
    uplift: ArrayLike,
    baseline: ArrayLike,
    propensity: ArrayLike | None = None,
) -> EffectEstimate:
    """Test whether the effect rises with its prediction.

    Parameters
    ----------
    y, treatment, uplift, propensity : array-like of shape (n_customers,)
        As in :func:`uplift_curve`; `uplift` was predicted without these customers.
    baseline : array-like of shape (n_customers,)
        Forecast of the outcome without the offer.

    Returns
    -------
    EffectEstimate
        Slope: effect per standard deviation of the prediction, with its HC2 error.

    Notes
    -----
    The best linear predictor of the effect [1]_: the slope of (t - e) times the
    standardised prediction, beside a constant, the baseline and t - e, with HC2 errors.
    Over folds in sequence, each predicted by what was learnt on the folds before it,
    the z of the folds add up to one test; pooled folds claim two to three times too
    often.

    References
    ----------
    .. [1] Chernozhukov, V., Demirer, M., Duflo, E. and Fernandez-Val, I. (2018),
       Generic machine learning inference on heterogeneous treatment effects.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> t, effect = np.tile([0, 1], 500), rng.normal(size=1000)
    >>> y = t * effect + rng.normal(size=1000)
    >>> ranking_test(y=y, treatment=t, uplift=effect, baseline=np.zeros(1000)).z > 5
    True
    """
    trial = _Trial.of(y, treatment, propensity)
    n = len(trial.y)
    score, forecast = (
        _of_length("uplift", uplift, n),
        _of_length("baseline", baseline, n),
    )
    spread = score.std()
    if spread == 0:
        return EffectEstimate(0.0, 0.0)
    centred = trial.is_treated - trial.propensity
    columns = [np.ones(n), forecast, centred, centred * (score - score.mean()) / spread]
    design = np.column_stack(columns)
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ design.T @ trial.y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    residual = (trial.y - design @ coefficients) / np.sqrt(
        np.maximum(1 - leverage, 0.1)
    )
    variance = inverse @ (design.T * residual**2) @ design @ inverse
    return EffectEstimate(float(coefficients[3]), float(np.sqrt(variance[3, 3])))


class _Trial(NamedTuple):
    """Outcomes of customers who drew an offer or none."""

    y: FloatArray
    is_treated: NDArray[np.bool_]
    propensity: FloatArray

    @classmethod
    def of(
        cls, y: ArrayLike, treatment: ArrayLike, propensity: ArrayLike | None
    ) -> _Trial:
        outcome = as_numbers("y", y)
        drawn = _of_length("treatment", treatment, len(outcome))
        if not np.isin(drawn, (0.0, 1.0)).all() or drawn.min() == drawn.max():
            msg = (
                "'treatment' must be 1 for customers who drew the offer and 0 for "
                "control, with some of each. An effect needs both."
            )
            raise DataError(msg)
        if propensity is None:
            share = np.full(len(drawn), drawn.mean())
        else:
            share = _of_length("propensity", propensity, len(drawn))
            if not ((share > 0) & (share < 1)).all():
                msg = (
                    "'propensity' must lie between 0 and 1 for every customer: leave "
                    "out those who could not have been in either group."
                )
                raise DataError(msg)
        return cls(outcome, drawn == 1, share)

    @property
    def effect(self) -> FloatArray:
        """Of each customer, unbiased: their outcome, weighted by the draw."""
        weight = np.where(
            self.is_treated, 1 / self.propensity, -1 / (1 - self.propensity)
        )
        effect: FloatArray = self.y * weight
        return effect


def _of_length(name: str, values: ArrayLike, n: int) -> FloatArray:
    array = as_numbers(name, values)
    if len(array) != n:
        msg = f"'{name}' has {len(array):,} values for {n:,} customers. Pass one each."
        raise DataError(msg)
    return array
