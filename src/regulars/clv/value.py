"""Customer lifetime value: expected purchases times expected value, discounted.

Units are never guessed: the caller says how many days the model's unit of time has.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.linalg import eigh_tridiagonal

from regulars.clv.purchases import PurchaseModel
from regulars.clv.rows import distinct, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray
    from regulars.clv.standing import Standing

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0
_SHARPNESS = 4.0  # quarters of a step are the finest scale on which E may bend
TOLERANCE = 1e-8  # relative, of the discounted sum
_NEGLIGIBLE = 1e-12  # discount factor at which an endless horizon ends
_LOWEST_ENDLESS_RATE = 0.001


def discounted_clv(
    model: Any,
    summary: Any,
    *,
    margin: float | FloatArray,
    discount_rate_annual: float,
    horizon_days: float,
    time_unit_days: float,
    value_model: Any = None,
    expected_value: Any = None,
    step_days: float | None = None,
) -> pd.Series:
    r"""Return each customer's expected discounted margin from the cutoff on.

    What a customer is still going to be worth: also called residual CLV. What they
    have already spent is not in it, and neither is the cost of winning them.

    Parameters
    ----------
    model : fitted purchase model
        Anything with ``expected_purchases(summary, t)``.
    summary : pandas.DataFrame or ibis.Table
        One row a customer, with the columns of `model` (and of `value_model`).
    margin : float or array of shape (n_customers,)
        Share of an order's value that stays after its costs, 0 to 1.
    discount_rate_annual : float
        Yearly rate, >= 0; for an endless horizon at least 0.001.
    horizon_days : float
        How far to look, > 0 days; ``math.inf`` for ever.
    time_unit_days : float
        Days in the model's unit of time (1 for days, 7 for weeks), > 0.
    value_model : GammaGammaModel, optional
        Gives each customer's expected value of an order.
    expected_value : array-like of shape (n_customers,) or float, optional
        The same as numbers, money. Exactly one of the two is needed.
    step_days : float, optional
        Purchases of a step are discounted to the step's end. Default a month of
        30.4375 days; for models of discrete opportunities, one opportunity.

    Returns
    -------
    pandas.Series of shape (n_customers,)
        Money, with the summary's index.

    Raises
    ------
    ValueError
        When an argument is out of its range, or the value is given twice or not at all.
    DataError
        When the summary lacks a column.

    See Also
    --------
    new_customer_clv : From the first purchase on, for somebody not yet won.

    Notes
    -----
    With E(k) the expected purchases within k steps and d the discount factor of a step,

    .. math:: margin \times value \times \sum_k d^k (E(k) - E(k - 1)).

    A step that the horizon cuts short keeps its discount factor, so that the value
    never falls as the horizon grows. The sum is linear in E, and E is smooth: Gauss's
    quadrature replaces the steps by a handful (twelve by six, a thousand by fifteen) to
    about 1e-8. Identical histories are computed once. Expected purchases and expected
    value are taken as independent, as Gamma-Gamma does.

    Examples
    --------
    >>> import pandas as pd
    >>> class Weekly:
    ...     feature_names_in_ = ["T"]
    ...     def expected_purchases(self, summary, t):
    ...         return pd.Series(0.5 * t, summary.index)
    >>> summary = pd.DataFrame({"T": [10.0, 20.0]}, index=["c1", "c2"])
    >>> discounted_clv(
    ...     Weekly(), summary, expected_value=20.0, margin=0.3,
    ...     discount_rate_annual=0.0, horizon_days=70, time_unit_days=7,
    ... ).tolist()
    [30.0, 30.0]
    """
    plan = _Plan.make(
        model, margin, discount_rate_annual, horizon_days, time_unit_days, step_days
    )
    value, index = _order_values(summary, value_model, expected_value, model)
    discounted = plan.purchases_of(model, summary)
    if len(discounted) != len(index):
        msg = f"{len(discounted)} rows of summary but {len(index)} expected values."
        raise ValueError(msg)
    return pd.Series(margin * value * discounted, index, name="clv")


residual_clv = discounted_clv


def discounted_purchases(
    standing: Standing,
    *,
    discount_rate_annual: float,
    horizon_days: float,
    time_unit_days: float,
    step_days: float,
    tolerance: float = TOLERANCE,
) -> FloatArray:
    """Return discounted expected purchases of customers who are there at a cutoff.

    What `discounted_clv` gives, over P(alive), for orders that are worth 1 and cost
    nothing.
    """
    terms = discount_rate_annual, horizon_days, time_unit_days, step_days, tolerance
    return _plan_of(1.0, *terms).if_there(standing)


def new_customer_clv(
    model: Any,
    *,
    margin: float,
    discount_rate_annual: float,
    horizon_days: float,
    time_unit_days: float,
    value_model: Any = None,
    expected_value: float | None = None,
    include_first_purchase: bool = True,
    step_days: float | None = None,
) -> float:
    """Return the expected discounted margin of somebody from their first purchase on.

    The most that winning an average customer may cost.

    Parameters
    ----------
    model : fitted purchase model
        Anything with ``expected_purchases_new_customer(t)``.
    margin, discount_rate_annual, horizon_days, time_unit_days, step_days
        As in `discounted_clv`; the horizon starts at the first purchase.
    value_model : GammaGammaModel, optional
        Gives the population's expected value of an order.
    expected_value : float, optional
        The same as a number, money. Exactly one of the two is needed.
    include_first_purchase : bool, default=True
        Whether the purchase that made them a customer counts.

    Returns
    -------
    float
        Money.

    Raises
    ------
    ValueError
        As `discounted_clv`.

    Examples
    --------
    >>> class Weekly:
    ...     def expected_purchases_new_customer(self, t):
    ...         return 0.5 * t
    >>> new_customer_clv(
    ...     Weekly(), expected_value=20.0, margin=0.3,
    ...     discount_rate_annual=0.0, horizon_days=70, time_unit_days=7,
    ... )
    36.0
    """
    plan = _Plan.make(
        model, margin, discount_rate_annual, horizon_days, time_unit_days, step_days
    )
    _check_one_value(value_model, expected_value)
    if expected_value is None:
        expected_value = value_model.expected_average_value_new_customer()
    _check_range("expected_value", expected_value, 0.0, np.inf)
    purchases = sum(
        weight * float(np.asarray(model.expected_purchases_new_customer(time)).item())
        for time, weight in zip(plan.times, plan.weights, strict=True)
    )
    return float(margin * expected_value * (purchases + include_first_purchase))


@lru_cache(maxsize=64)
def _plan_of(*terms: float) -> _Plan:
    """Return the plan of a model in continuous time: the same at every call."""
    margin, rate, horizon_days, unit, step_days, tolerance = terms
    return _Plan.make(None, margin, rate, horizon_days, unit, step_days, tolerance)


class _Plan:
    """Times at which to evaluate expected purchases, and the weight of each."""

    def __init__(self, times: FloatArray, weights: FloatArray) -> None:
        self.times = times
        self.weights = weights

    @classmethod
    def make(
        cls,
        model: Any,
        margin: float | FloatArray,
        discount_rate_annual: float,
        horizon_days: float,
        time_unit_days: float,
        step_days: float | None,
        tolerance: float = TOLERANCE,
    ) -> _Plan:
        """Check the arguments and return the plan."""
        margins = np.atleast_1d(np.asarray(margin, dtype=np.float64))
        for end in (margins.min(initial=0.0), margins.max(initial=0.0)):
            _check_range("margin", float(end), 0.0, 1.0)
        _check_range("discount_rate_annual", discount_rate_annual, 0.0, np.inf)
        _check_range("time_unit_days", time_unit_days, 0.0, np.inf, above=True)
        _check_horizon(horizon_days, discount_rate_annual)
        is_discrete = bool(getattr(model, "is_discrete", False))
        if step_days is None:
            step_days = time_unit_days if is_discrete else DAYS_PER_MONTH
        _check_range("step_days", step_days, 0.0, np.inf, above=True)
        if is_discrete and np.isfinite(horizon_days):
            horizon_days = np.floor(horizon_days / step_days) * step_days
        rate = np.log1p(discount_rate_annual) * step_days / DAYS_PER_YEAR
        n_steps = horizon_days / step_days
        if np.isinf(n_steps):
            n_steps = np.ceil(-np.log(_NEGLIGIBLE) / rate)
        if is_discrete:
            tolerance = 0.0
        steps, weights = _weights(float(n_steps), rate, tolerance)
        return cls(steps * step_days / time_unit_days, weights)

    def purchases_of(self, model: Any, summary: Any) -> FloatArray:
        """Return discounted expected purchases, computed once a distinct history."""
        if isinstance(model, PurchaseModel):
            standing = model.standing(summary)
            return np.asarray(standing.alive() * self.if_there(standing))
        table = read_columns(summary, [str(name) for name in model.feature_names_in_])
        rows, place = _distinct_rows(table)
        return self._sum(lambda time: np.asarray(model.expected_purchases(rows, time)))[
            place
        ]

    def if_there(self, standing: Standing) -> FloatArray:
        """Return discounted expected purchases of those who are there at the cutoff."""
        return standing.purchases_if_there(self.times, self.weights)

    def _sum(self, expected: Callable[[float], FloatArray]) -> FloatArray:
        times = zip(self.times, self.weights, strict=True)
        return np.asarray(sum(weight * expected(float(time)) for time, weight in times))


def _distinct_rows(table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the distinct rows of a table, and where each row went."""
    columns, place = distinct([table[name].to_numpy() for name in table.columns])
    return pd.DataFrame(dict(zip(table.columns, columns, strict=True))), place


def _weights(
    end: float, rate: float, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """Return nodes (in steps) and weights w with sum w E(node) = the discounted sum."""
    whole = int(np.floor(end + 1e-9))
    steps = np.arange(1, whole + 1, dtype=np.float64)
    # by parts: sum d^k (E_k - E_{k-1}) = sum (d^k - d^{k+1}) E_k, and the last stays
    weights = np.exp(-rate * steps) * -np.expm1(-rate)
    if end - whole > 1e-9:
        last, last_weight = float(end), float(np.exp(-rate * (whole + 1)))
    else:
        last, last_weight = float(whole), float(np.exp(-rate * whole))
        steps, weights = steps[:-1], weights[:-1]
    if tolerance:
        steps, weights = _gauss(steps, weights, last_weight, tolerance)
    return np.append(steps, last), np.append(weights, last_weight)


def _gauss(
    steps: FloatArray, weights: FloatArray, last_weight: float, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """Return few nodes and weights that stand for a weighted sum over many steps.

    Gauss's quadrature of the discrete measure in u = log(1 + 4 k), by Lanczos: exact
    for polynomials in u of twice as many degrees as nodes. Expected purchases, a
    function of t with its singularities at negative t, are analytic in u up to
    imaginary pi, which tells how many nodes are needed.
    """
    mass = float(weights.sum())
    if mass <= 0.0 or not steps.size:
        return steps[:0], weights[:0]
    u = np.log1p(_SHARPNESS * steps)
    reach = np.pi / max(float(u[-1] - u[0]) / 2.0, 1e-9)
    per_node = 2.0 * np.log(reach + np.hypot(reach, 1.0))
    tolerance = tolerance * (mass + last_weight) / mass
    n_nodes = 1 + int(np.ceil(max(-np.log(tolerance), 0.0) / per_node))
    if n_nodes >= steps.size:
        return steps, weights
    diagonal: list[float] = []
    beside: list[float] = []
    centre = float(u.mean())
    before, vector = np.zeros_like(u), np.sqrt(weights / mass)
    basis = [vector]
    for _ in range(n_nodes):
        image = (u - centre) * vector
        diagonal.append(float((vector * image).sum()))
        image = image - diagonal[-1] * vector - (beside[-1] if beside else 0.0) * before
        for known in basis:  # Lanczos loses orthogonality; this keeps it
            image = image - float((known * image).sum()) * known
        beside.append(float(np.sqrt((image**2).sum())))
        before, vector = vector, image / beside[-1]
        basis.append(vector)
    values, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside[:-1]))
    return np.expm1(values + centre) / _SHARPNESS, mass * vectors[0] ** 2


def _order_values(
    summary: Any, value_model: Any, expected_value: Any, model: Any
) -> tuple[FloatArray, pd.Index]:
    """Return expected value of an order for each customer, and the index."""
    _check_one_value(value_model, expected_value)
    if value_model is not None:
        value = value_model.expected_average_value(summary)
        return value.to_numpy(), value.index
    index = read_columns(summary, [str(n) for n in model.feature_names_in_]).index
    numbers = np.asarray(expected_value, dtype=np.float64)
    if numbers.shape not in ((), (len(index),)):
        msg = (
            f"expected_value has shape {numbers.shape}; it must be one number or one a "
            f"row of the summary ({len(index)})."
        )
        raise ValueError(msg)
    bad: NDArray[np.bool_] = ~np.isfinite(numbers)
    if bad.any():
        msg = (
            f"expected_value is missing or infinite for {int(bad.sum())} of "
            f"{numbers.size} customers. Pass finite money."
        )
        raise ValueError(msg)
    return np.broadcast_to(numbers, (len(index),)), index


def _check_one_value(value_model: Any, expected_value: Any) -> None:
    if (value_model is None) == (expected_value is None):
        msg = (
            "Pass either value_model or expected_value, got "
            f"{'neither' if value_model is None else 'both'}."
        )
        raise ValueError(msg)


def _check_horizon(horizon_days: float, discount_rate_annual: float) -> None:
    if horizon_days != np.inf:
        _check_range("horizon_days", horizon_days, 0.0, np.inf, above=True)
    elif discount_rate_annual < _LOWEST_ENDLESS_RATE:
        msg = (
            f"discount_rate_annual is {discount_rate_annual!r}; an endless horizon "
            f"needs at least {_LOWEST_ENDLESS_RATE}, or the value has no bound. Pass a "
            "rate, or a finite horizon_days."
        )
        raise ValueError(msg)


def _check_range(
    name: str, value: float, low: float, high: float, *, above: bool = False
) -> None:
    if low <= value <= high and np.isfinite(value) and not (above and value == low):
        return
    sign = ">" if above else ">="
    upper = f" and <= {high:g}" if np.isfinite(high) else " and finite"
    msg = f"{name} must be {sign} {low:g}{upper}, got {value!r}."
    raise ValueError(msg)
