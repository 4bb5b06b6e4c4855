"""Maximum profit measures: what the best campaign earns that a churn score allows.

Written from the papers, with our sign: the positive class is the churner (the papers
call it class 0), and a higher score means likelier to churn. A customer who would have
stayed is assumed to take the incentive when offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betainc

from regulars.metrics.arrays import dot
from regulars.metrics.costs import CampaignCosts, accept_shapes
from regulars.metrics.profit_steps import ProfitSteps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.metrics.arrays import FloatArray


class MaximumProfit(NamedTuple):
    """Profit of the best campaign and how many customers it contacts.

    Attributes
    ----------
    profit : float
        Profit a customer of the whole base, in the currency of the CLV; 0 or more.
    target_fraction : float
        Share of customers to contact, 0 to 1.

    Examples
    --------
    >>> MaximumProfit(profit=2.5, target_fraction=0.1).profit
    2.5
    """

    profit: float
    target_fraction: float


def empc(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    incentive_cost: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    accept_alpha: float = 6.0,
    accept_beta: float = 14.0,
) -> MaximumProfit:
    r"""Compute the expected maximum profit measure for churn and whom to contact.

    It answers which of two models earns more in a retention campaign whose acceptance
    rate is not known beforehand, and how large that campaign should be. Use
    :func:`mpc` where the acceptance rate is known.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more: one for
        all as in [1]_, or each customer's own as in [2]_.
    incentive_cost : float or array-like of shape (n_customers,), default=10
        What the offer costs when it is taken, 0 or more.
    contact_cost : float or array-like of shape (n_customers,), default=1
        What reaching a customer costs, 0 or more.
    accept_alpha, accept_beta : float, default=6 and 14
        Shape of the Beta distribution of the share of churners who accept, above 0;
        its mean is alpha / (alpha + beta), 0.3 by default.

    Returns
    -------
    MaximumProfit
        ``profit`` a customer of the base and the ``target_fraction`` to contact. Both
        are 0 where nobody churned: there is nothing to win.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative or a shape is not above 0.

    See Also
    --------
    empc_score : The profit alone.
    mpc : The same at one known acceptance rate.

    Notes
    -----
    The integral over acceptance rates g with density h,

    .. math:: \int_0^1 \max_t [ g \sum_{s_i \ge t, y_i = 1} (v_i - d_i)
              - \sum_{s_i \ge t} (f_i + d_i [y_i = 0]) ] h(g) dg / n

    (v: `clv`, d: `incentive_cost`, f: `contact_cost`), is exact: the best threshold
    changes only at the vertices of the convex hull, and between two of them the
    integral is a difference of regularised incomplete beta functions. Customers of
    equal score are contacted together. O(n log n).

    References
    ----------
    .. [1] Verbraken, T., Verbeke, W. and Baesens, B. (2013). A novel profit maximizing
       metric for measuring classification performance of customer churn prediction
       models. IEEE Transactions on Knowledge and Data Engineering 25(5).
    .. [2] Oskarsdottir, M., Baesens, B. and Vanthienen, J. (2018). Profit-based model
       selection for customer retention using individual customer lifetime values.
       Big Data 6(1).

    Examples
    --------
    >>> y = [0, 1, 0, 1, 0, 1, 0, 1]
    >>> score = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]
    >>> profit, target_fraction = empc(y, score)
    >>> round(profit, 5), round(target_fraction, 5)
    (23.87559, 0.87437)
    """
    for name, shape in (("accept_alpha", accept_alpha), ("accept_beta", accept_beta)):
        if not 0.0 < shape < np.inf:
            msg = f"'{name}' is {shape}; a finite number above 0 was expected."
            raise ValueError(msg)
    costs = CampaignCosts(incentive_cost=incentive_cost, contact_cost=contact_cost)
    steps = ProfitSteps.of(y, score, clv, costs)
    return _expected_over_rates(steps, accept_alpha, accept_beta)


def expected_maximum_profit(
    y: ArrayLike, score: ArrayLike, clv: ArrayLike, costs: CampaignCosts
) -> MaximumProfit:
    """Compute :func:`empc` around the acceptance rate of the costs."""
    shapes = accept_shapes(costs.accept_rate)
    return _expected_over_rates(ProfitSteps.of(y, score, clv, costs), **shapes)


def _expected_over_rates(
    steps: ProfitSteps, accept_alpha: float, accept_beta: float
) -> MaximumProfit:
    best, rates = _best_ranges(steps)
    # g h(g) is the mean times the density of a Beta with alpha one higher, so that
    # both integrals between two rates are differences of incomplete beta functions
    mean_rate = accept_alpha / (accept_alpha + accept_beta)
    chance = np.diff(betainc(accept_alpha, accept_beta, rates))
    rate_part = mean_rate * np.diff(betainc(accept_alpha + 1.0, accept_beta, rates))
    n_customers = float(steps.contacted[-1])
    profit = dot(rate_part, steps.saved[best]) - dot(chance, steps.spent[best])
    fraction = dot(chance, steps.contacted[best])
    return MaximumProfit(profit / n_customers, fraction / n_customers)


def _best_ranges(steps: ProfitSteps) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the best steps and the acceptance rates between which each is best."""
    best = steps.best_steps()
    # two neighbours earn the same at the rate at which what is saved pays what is spent
    saved, spent = np.diff(steps.saved[best]), np.diff(steps.spent[best])
    change = np.ones(saved.size)
    np.divide(spent, saved, out=change, where=saved > 0.0)
    change = np.maximum.accumulate(np.clip(change, 0.0, 1.0))
    return best, np.concatenate(([0.0], change, [1.0]))


def empc_score(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    incentive_cost: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    accept_alpha: float = 6.0,
    accept_beta: float = 14.0,
) -> float:
    """Compute the profit of :func:`empc` alone, for use as a scorer.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    clv, incentive_cost, contact_cost : float or array-like of shape (n_customers,)
        Amounts of money, 0 or more; 200, 10 and 1 by default.
    accept_alpha, accept_beta : float, default=6 and 14
        Shape of the distribution of the acceptance rate, above 0.

    Returns
    -------
    float
        Profit a customer of the base, 0 or more.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative or a shape is not above 0.

    Examples
    --------
    >>> round(empc_score([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.3]), 4)
    28.0
    """
    return empc(
        y,
        score,
        clv=clv,
        incentive_cost=incentive_cost,
        contact_cost=contact_cost,
        accept_alpha=accept_alpha,
        accept_beta=accept_beta,
    ).profit


def mpc(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    incentive_cost: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    accept_rate: float = 0.3,
) -> MaximumProfit:
    """Compute the maximum profit measure for churn at a known acceptance rate.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    clv : float or array-like of shape (n_customers,), default=200
        Customer lifetime value that is kept when a churner stays, 0 or more.
    incentive_cost : float or array-like of shape (n_customers,), default=10
        What the offer costs when it is taken, 0 or more.
    contact_cost : float or array-like of shape (n_customers,), default=1
        What reaching a customer costs, 0 or more.
    accept_rate : float, default=0.3
        Share of contacted churners who accept and stay, 0 to 1.

    Returns
    -------
    MaximumProfit
        ``profit`` a customer of the base and the ``target_fraction`` to contact, the
        smaller of two that earn the same. Both 0 where no campaign pays.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative or the rate is not in [0, 1].

    Notes
    -----
    At most :func:`empc` with the same mean acceptance rate: a campaign that may adapt
    to the rate earns no less. Customers of equal score are contacted together.

    References
    ----------
    .. [1] Verbraken, T., Verbeke, W. and Baesens, B. (2013), as for :func:`empc`.

    Examples
    --------
    >>> mpc([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.3])
    MaximumProfit(profit=28.0, target_fraction=0.5)
    """
    costs = CampaignCosts(
        incentive_cost=incentive_cost,
        contact_cost=contact_cost,
        accept_rate=accept_rate,
    )
    return maximum_profit(y, score, clv, costs)


def maximum_profit(
    y: ArrayLike, score: ArrayLike, clv: ArrayLike, costs: CampaignCosts
) -> MaximumProfit:
    """Compute :func:`mpc` at the costs of an offer."""
    steps = ProfitSteps.of(y, score, clv, costs)
    profit = steps.profit(costs.accept_rate)
    # the first of equals is the smaller campaign
    best = int(np.argmax(profit))
    n_customers = float(steps.contacted[-1])
    return MaximumProfit(
        float(profit[best]) / n_customers, float(steps.contacted[best]) / n_customers
    )


def mpc_score(
    y: ArrayLike,
    score: ArrayLike,
    *,
    clv: ArrayLike = 200.0,
    incentive_cost: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    accept_rate: float = 0.3,
) -> float:
    """Compute the profit of :func:`mpc` alone, for use as a scorer.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 where the customer churned, 0 where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    clv, incentive_cost, contact_cost : float or array-like of shape (n_customers,)
        Amounts of money, 0 or more; 200, 10 and 1 by default.
    accept_rate : float, default=0.3
        Share of contacted churners who accept and stay, 0 to 1.

    Returns
    -------
    float
        Profit a customer of the base, 0 or more.

    Raises
    ------
    DataError
        If an array is empty, not finite, of another length, or `y` is not 0 or 1.
    ValueError
        If an amount is negative or the rate is not in [0, 1].

    Examples
    --------
    >>> mpc_score([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.3])
    28.0
    """
    return mpc(
        y,
        score,
        clv=clv,
        incentive_cost=incentive_cost,
        contact_cost=contact_cost,
        accept_rate=accept_rate,
    ).profit
