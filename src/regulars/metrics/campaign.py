"""Whom to contact, and what it earns, at the costs of one offer.

With outcomes (1 = churned) these measure what a past window would have earned; without,
:func:`expected_profit` says what the next contact is expected to earn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from regulars.metrics.arrays import as_numbers, check_probability
from regulars.metrics.costs import CampaignCosts, offer_amounts
from regulars.metrics.curves import thinned
from regulars.metrics.profit_steps import ProfitSteps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from regulars.metrics.arrays import FloatArray

# frozen, so that one object can be the default of every function here
DEFAULT_COSTS = CampaignCosts()


class BestThreshold(NamedTuple):
    """The threshold that earned most, and what it earned.

    Attributes
    ----------
    threshold : float
        Contact where score >= threshold; infinite where contacting nobody is best.
    profit : float
        Total profit in the currency of the CLV, 0 or more.
    target_fraction : float
        Share of customers contacted, 0 to 1.

    Examples
    --------
    >>> BestThreshold(threshold=0.4, profit=94.0, target_fraction=0.5).threshold
    0.4
    """

    threshold: float
    profit: float
    target_fraction: float


def profit_curve(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    costs: CampaignCosts = DEFAULT_COSTS,
    max_points: int | None = None,
) -> pd.DataFrame:
    """Compute the profit of contacting more and more customers, highest scores first.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; the order in which customers are contacted.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    costs : CampaignCosts, optional
        Costs of the offer and the rate at which it is taken; else its defaults.
    max_points : int, optional
        Keep at most so many points, 2 or more; all distinct scores by default.

    Returns
    -------
    DataFrame
        Columns ``threshold`` (contact where score >= threshold; infinite in the first
        row), ``n_contacted``, ``share_contacted`` (0 to 1) and ``profit`` (total).

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative or `max_points` below 2.

    Notes
    -----
    A contacted churner earns ``accept_rate * (clv - incentive_cost) - contact_cost``;
    a customer who would have stayed costs ``incentive_cost + contact_cost``. Customers
    of equal score are contacted together. O(n log n).

    Examples
    --------
    >>> curve = profit_curve([1, 0], [0.9, 0.1], costs=CampaignCosts(accept_rate=0.5))
    >>> curve["n_contacted"].tolist(), curve["profit"].tolist()
    ([0, 1, 2], [0.0, 94.0, 83.0])
    """
    steps = ProfitSteps.of(y, score, clv, costs)
    curve = pd.DataFrame(
        {
            "threshold": steps.threshold,
            "n_contacted": steps.contacted.astype(np.int64),
            "share_contacted": steps.contacted / steps.contacted[-1],
            "profit": steps.profit(costs.accept_rate),
        }
    )
    return thinned(curve, max_points)


def best_threshold(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    costs: CampaignCosts = DEFAULT_COSTS,
) -> BestThreshold:
    """Find the threshold that would have earned most.

    Choose it on a validation window, never on the window it is then judged on. With
    calibrated probabilities :func:`expected_profit` above 0 needs no window at all and
    heeds each customer's own value.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    costs : CampaignCosts, optional
        Costs of the offer and the rate at which it is taken; else its defaults.

    Returns
    -------
    BestThreshold
        The highest of several thresholds that earn the same.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative.

    Examples
    --------
    >>> best_threshold([1, 0], [0.9, 0.1], costs=CampaignCosts(accept_rate=0.5))
    BestThreshold(threshold=0.9, profit=94.0, target_fraction=0.5)
    """
    curve = profit_curve(y, score, clv=clv, costs=costs)
    best = curve.iloc[int(curve["profit"].to_numpy().argmax())]
    return BestThreshold(
        float(best["threshold"]), float(best["profit"]), float(best["share_contacted"])
    )


def profit_at_threshold(
    y: ArrayLike,
    score: ArrayLike,
    threshold: float,
    *,
    clv: ArrayLike = 200.0,
    costs: CampaignCosts = DEFAULT_COSTS,
) -> float:
    """Compute the total profit of contacting all customers at or above a threshold.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers, on the scale of the threshold.
    threshold : float
        Contact where score >= threshold; infinite for nobody.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    costs : CampaignCosts, optional
        Costs of the offer and the rate at which it is taken; else its defaults.

    Returns
    -------
    float
        Total profit in the currency of the CLV; below 0 where the campaign loses.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative or the threshold is NaN.

    Examples
    --------
    >>> costs = CampaignCosts(accept_rate=0.5)
    >>> profit_at_threshold([1, 0], [0.9, 0.1], 0.5, costs=costs)
    94.0
    """
    if math.isnan(threshold):
        msg = "'threshold' is NaN; a score was expected, or infinity for nobody."
        raise ValueError(msg)
    steps = ProfitSteps.of(y, score, clv, costs)
    # thresholds fall along the steps; the last one at or above the limit counts
    step = int(np.searchsorted(-steps.threshold, -threshold, side="right")) - 1
    return float(steps.profit(costs.accept_rate)[step])


def profit_at_capacity(
    y: ArrayLike,
    score: ArrayLike,
    capacity: int,
    *,
    clv: ArrayLike = 200.0,
    costs: CampaignCosts = DEFAULT_COSTS,
) -> float:
    """Compute the total profit of contacting so many customers, highest scores first.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; the order in which customers are contacted.
    capacity : int
        Customers to contact, 0 or more; beyond all customers it contacts all.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    costs : CampaignCosts, optional
        Costs of the offer and the rate at which it is taken; else its defaults.

    Returns
    -------
    float
        Total profit in the currency of the CLV; where the capacity falls among equal
        scores, the expected profit under a random order of them.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount or the capacity is negative.

    Examples
    --------
    >>> profit_at_capacity([1, 0], [0.9, 0.1], 1, costs=CampaignCosts(accept_rate=0.5))
    94.0
    """
    if capacity < 0:
        msg = f"'capacity' is {capacity}; 0 customers or more were expected."
        raise ValueError(msg)
    steps = ProfitSteps.of(y, score, clv, costs)
    return float(
        np.interp(float(capacity), steps.contacted, steps.profit(costs.accept_rate))
    )


def expected_profit(
    probability: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    costs: CampaignCosts = DEFAULT_COSTS,
) -> FloatArray:
    """Compute what contacting each customer is expected to earn.

    Contact where it is above 0; with a limited budget, take the highest. It needs a
    calibrated probability, and assumes that the offer can only persuade: where a
    randomised campaign exists, uplift says more.

    Parameters
    ----------
    probability : array-like of shape (n_customers,)
        Calibrated churn probability, 0 to 1.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    costs : CampaignCosts, optional
        Costs of the offer and the rate at which it is taken; else its defaults.

    Returns
    -------
    ndarray of shape (n_customers,)
        Money a customer, below 0 where the contact is expected to lose.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length or outside its range.
    ValueError
        If an amount is negative.

    Notes
    -----
    ``p (accept_rate (clv - incentive_cost)) - (1 - p) incentive_cost - contact_cost``.

    Examples
    --------
    >>> costs = CampaignCosts(accept_rate=0.5)
    >>> expected_profit([0.5, 0.01], costs=costs).round(2).tolist()
    [41.5, -9.95]
    """
    chance = as_numbers("probability", probability)
    check_probability(np.zeros(chance.size), chance)  # no outcome is known yet
    value, incentive, contact = offer_amounts(chance.size, clv, costs)
    won = chance * costs.accept_rate * (value - incentive)
    return np.asarray(won - (1.0 - chance) * incentive - contact)


def break_even_probability(
    *,
    clv: ArrayLike = 200.0,
    costs: CampaignCosts = DEFAULT_COSTS,
) -> FloatArray:
    """Compute the churn probability above which contacting a customer pays.

    Parameters
    ----------
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    costs : CampaignCosts, optional
        Costs of the offer and the rate at which it is taken; else its defaults.

    Returns
    -------
    ndarray of shape (n_customers,)
        Of shape (1,) where all amounts are single numbers. Above 1, infinite at the
        most, where contacting the customer never pays.

    Raises
    ------
    DataError
        If an array is not finite or lengths differ.
    ValueError
        If an amount is negative.

    See Also
    --------
    expected_profit : Is 0 at this probability.

    Examples
    --------
    >>> costs = CampaignCosts(accept_rate=0.5)
    >>> break_even_probability(clv=[200.0, 20.0], costs=costs).round(3).tolist()
    [0.105, 0.733]
    """
    amounts = (clv, costs.incentive_cost, costs.contact_cost)
    n_customers = max(np.size(amount) for amount in amounts)
    value, incentive, contact = offer_amounts(n_customers, clv, costs)
    # expected profit rises by the slope from -(incentive + contact) at probability 0
    slope = costs.accept_rate * (value - incentive) + incentive
    break_even = np.full(n_customers, math.inf)
    np.divide(incentive + contact, slope, out=break_even, where=slope > 0.0)
    return break_even
