"""The Pareto/NBD model: buying at random until leaving at some unseen moment.

The oldest of the family and often the best on a holdout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import digamma, expit, exprel, gammaln, softmax

from regulars.clv.covariates import CovariateBlock
from regulars.clv.draws import latest_of
from regulars.clv.dropout_time import (
    dropout_integral,
    log_counted_integral,
    log_dropout_integral,
)
from regulars.clv.histories import by_distinct
from regulars.clv.purchases import RATE_EDGES, PurchaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regulars.clv.fitting import FloatArray
    from regulars.clv.rows import Rows

    Params = dict[str, FloatArray]


# moments at which who left may have done so
LEAVING_NODES, LEAVING_WEIGHTS = leggauss(6)
# in the logarithm of alpha + time: beyond, nobody who buys as often was silent
LEAVING_REACH = 30.0


class ParetoNBDModel(PurchaseModel):
    """Pareto/NBD: dropout at an exponential time, negative binomial purchases.

    For businesses without a contract. While active, a customer buys as a Poisson
    process whose rate is Gamma(r, alpha) over customers, and leaves at a rate that is
    Gamma(s, beta), whether buying or not.

    Parameters
    ----------
    penalty : float, default 0.0
        L2 penalty on the logarithms of the parameters, >= 0; see `BetaGeoModel`.
    purchase_covariates : sequence of str, default ()
        Columns that change the purchase rate:
        ``alpha_i = alpha * exp(-sum(purchase_z * z))``.
    dropout_covariates : sequence of str, default ()
        Columns that change the dropout rate:
        ``beta_i = beta * exp(-sum(dropout_z * z))``.

    Attributes
    ----------
    r_, alpha_, s_, beta_ : float
        Parameters; alpha and beta in the unit of time of the summary.
    params_, standard_errors_ : dict of str to float
        Parameters, and their standard errors (NaN at an edge).
    correlations_ : pandas.DataFrame
        Correlations of the estimates.
    log_likelihood_, aic_, bic_ : float
        As in the papers.
    converged_ : bool
        True after every fit that returns.

    See Also
    --------
    BetaGeoModel : Leaves after purchases only; faster, and often as good.

    References
    ----------
    .. [1] Schmittlein, Morrison and Colombo (1987), Counting Your Customers: Who Are
       They and What Will They Do Next?, Management Science 33(1).
    .. [2] Fader and Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related
       Expressions.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({
    ...     "frequency": [0, 0, 1, 1, 1, 2, 2, 4, 7],
    ...     "recency": [0, 0, 3, 20, 33, 9, 25, 26, 37],
    ...     "T": [39, 30, 39, 30, 35, 38, 29, 32, 39],
    ...     "weight": [80, 60, 20, 12, 6, 9, 6, 5, 4],
    ... })
    >>> model = ParetoNBDModel().fit(summary)
    >>> {name: round(value, 3) for name, value in model.params_.items()}
    {'r': 0.921, 'alpha': 27.077, 's': 0.6, 'beta': 5.791}
    >>> model.expected_purchases(summary.tail(2), t=26).round(3).tolist()
    [1.602, 2.615]
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    _sample_size: ClassVar[int] = 4_000  # a likelihood costs 32 times that of BG/NBD
    _unit_powers: ClassVar[tuple[int, ...]] = (0, 1, 0, 1)
    _blocks: ClassVar[tuple[CovariateBlock, ...]] = (
        CovariateBlock("alpha", "purchase_covariates", -1.0, "purchase"),
        CovariateBlock("beta", "dropout_covariates", -1.0, "dropout"),
    )
    _edge_meanings: ClassVar[Mapping[tuple[str, str], str]] = {
        **RATE_EDGES,
        ("s", "lower"): "in these data nobody ever seems to leave",
        ("beta", "upper"): "all customers leave at the same rate, or none ever does",
        ("s", "upper"): "all customers leave at the same rate",
        ("beta", "lower"): "customers either leave at once or never",
    }
    _start_shapes = (
        (0.5, 0.6, 6.0),
        (1.0, 1.0, 30.0),
        (0.3, 0.3, 1.0),
        (3.0, 0.5, 3.0),
    )

    # -- likelihood -------------------------------------------------------------

    def _row_likelihood(
        self, rows: Rows, params: Params
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        r, alpha, s, beta = (params[name] for name in self._parameters)
        x, recency, age = rows["frequency"], rows["recency"], rows["T"]
        dropout = dropout_integral(r + x, alpha, s + 1, beta, recency, age)
        log_alpha, log_beta = np.log(alpha + age), np.log(beta + age)
        stayed = -(r + x) * log_alpha - s * log_beta
        dropped = np.log(s) + dropout.log_value
        left = expit(dropped - stayed)
        alive = expit(stayed - dropped)
        front = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        by_r = alive * log_alpha + left * dropout.log_alpha
        by_alpha = alive / (alpha + age) + left * dropout.inverse_alpha
        by_s = alive * log_beta + left * dropout.log_beta
        by_beta = s * alive / (beta + age) + (s + 1) * left * dropout.inverse_beta
        slopes = {
            "r": r * (digamma(r + x) - digamma(r) + np.log(alpha) - by_r),
            "alpha": r - alpha * (r + x) * by_alpha,
            "s": s * (np.log(beta) - by_s) + left,
            "beta": s - beta * by_beta,
        }
        return front + np.logaddexp(stayed, dropped), slopes

    # -- predictions ------------------------------------------------------------

    def _alive(self, rows: Rows, params: Params, ahead: FloatArray | float) -> Any:
        """Return P(alive) when a further time ``ahead`` passes without a purchase."""
        r, alpha, s, beta = (params[name] for name in self._parameters)
        columns = (rows["frequency"], rows["recency"], rows["T"] + ahead)
        return by_distinct(_alive_chance, r, alpha, s, beta, *columns)

    def _active(self, rows: Rows, params: Params) -> tuple[Any, ...]:
        """Return r, alpha, s, beta of a customer who is alive at the cutoff."""
        return (
            params["r"] + rows["frequency"],
            params["alpha"] + rows["T"],
            params["s"],
            params["beta"] + rows["T"],
        )

    def _purchases_if_there(
        self, rows: Rows, params: Params, t: FloatArray
    ) -> FloatArray:
        r, alpha, s, beta = self._active(rows, params)
        return _expected_purchases(r, alpha, s, beta, t)

    def _no_purchase(self, rows: Rows, params: Params, t: FloatArray) -> FloatArray:
        alive = self._alive(rows, params, 0.0)
        some = by_distinct(_some_chance, *self._active(rows, params), t)
        return np.asarray(1.0 - alive * some)

    def _leaving(self, rows: Rows, params: Params, t: FloatArray) -> FloatArray:
        _, _, s, beta = self._active(rows, params)
        chance = -np.expm1(-s * np.log1p(t / beta))
        return np.asarray(self._alive(rows, params, 0.0) * chance)

    def _comebacks(
        self, rows: Rows, params: Params, silence: float
    ) -> Iterator[tuple[FloatArray, float, Rows, Params]]:
        """Yield those who are there, and those who left at some moment of the silence.

        The moments are nodes of Gauss and Legendre in the logarithm of alpha + time.
        """
        r, alpha, s, beta = (params[name] for name in self._parameters)
        there = self._alive(rows, params, silence)
        end = rows["T"] + silence
        yield there, 1.0, rows.with_columns(T=end), params
        begin = np.log(alpha + rows["recency"])
        length = np.minimum(
            np.log(alpha + end) - begin, LEAVING_REACH / (r + rows["frequency"])
        )
        moments = [
            np.exp(begin + length * node) - alpha for node in (LEAVING_NODES + 1.0) / 2
        ]
        density = [
            np.log(weight)
            + (1 - r - rows["frequency"]) * np.log(alpha + time)
            - (s + 1) * np.log(beta + time)
            for time, weight in zip(moments, LEAVING_WEIGHTS, strict=True)
        ]
        for time, share in zip(moments, softmax(density, axis=0), strict=True):
            left = rows.with_columns(T=time)
            yield (1.0 - there) * share, 1.0, left, params | {"s": s + 1.0}

    def _n_purchases(
        self, rows: Rows, params: Params, n: FloatArray, t: FloatArray
    ) -> FloatArray:
        alive = self._alive(rows, params, 0.0)
        chance = by_distinct(_n_chance, n, *self._active(rows, params), t)
        return np.asarray(alive * chance + np.where(n == 0, 1.0 - alive, 0.0))

    def _next_order(self, rows: Rows, params: Params, share: Any) -> FloatArray:
        alive = self._alive(rows, params, 0.0)
        within = share / np.maximum(alive, 1e-300)
        return by_distinct(_waiting_time, within, *self._active(rows, params))

    def _new_purchases(self, params: Params, t: FloatArray) -> FloatArray:
        r, alpha, s, beta = (params[name] for name in self._parameters)
        return _expected_purchases(r, alpha, s, beta, t)

    def _new_n_purchases(
        self, params: Params, n: FloatArray, t: FloatArray
    ) -> FloatArray:
        r, alpha, s, beta = (params[name] for name in self._parameters)
        return _n_chance(n, r, alpha, s, beta, t)

    # -- draws ------------------------------------------------------------------

    def _draw_traits(
        self,
        rows: Rows,
        params: Params,
        rng: np.random.Generator,
        size: tuple[int, ...],
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return draws of: is alive, purchase rate, dropout rate."""
        r, alpha, s, beta = self._active(rows, params)
        alive = rng.random(size) < self._alive(rows, params, 0.0)
        rate = rng.standard_gamma(r, size) / alpha
        return np.asarray(alive, float), rate, rng.standard_gamma(s, size) / beta

    def _draw_purchases(
        self,
        alive: FloatArray,
        rate: FloatArray,
        dropout: FloatArray,
        t: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return draws of the number of purchases in t."""
        stay = rng.standard_exponential(rate.shape) / np.maximum(dropout, 1e-300)
        return np.asarray(alive * rng.poisson(rate * np.minimum(stay, t)), float)

    def _draw_histories(
        self, params: Params, age: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Return draws of frequency and recency of new customers."""
        r, alpha, s, beta = (params[name] for name in self._parameters)
        rate = rng.standard_gamma(np.broadcast_to(r, age.shape)) / alpha
        dropout = rng.standard_gamma(np.broadcast_to(s, age.shape)) / beta
        stay = rng.standard_exponential(age.shape) / np.maximum(dropout, 1e-300)
        active = np.minimum(stay, age)
        made = rng.poisson(rate * active)
        return np.asarray(made, float), latest_of(made, made, active, rng)


def _alive_chance(
    r: FloatArray,
    alpha: FloatArray,
    s: FloatArray,
    beta: FloatArray,
    x: FloatArray,
    recency: FloatArray,
    age: FloatArray,
) -> FloatArray:
    """Return P(alive at age); equation (11) of Fader and Hardie's note."""
    stayed = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    left = dropout_integral(r + x, alpha, s + 1, beta, recency, age).log_value
    return np.asarray(expit(stayed - np.log(s) - left))


def _expected_purchases(
    r: FloatArray, alpha: FloatArray, s: FloatArray, beta: FloatArray, t: FloatArray
) -> FloatArray:
    """Return expected purchases in t of somebody alive; finite at s = 1 too."""
    log_growth = np.log1p(t / beta)
    return np.asarray(r * beta / alpha * log_growth * exprel((1 - s) * log_growth))


def _some_chance(
    r: FloatArray, alpha: FloatArray, s: FloatArray, beta: FloatArray, t: FloatArray
) -> FloatArray:
    """Return P(at least one purchase in t) of somebody alive.

    The density of the wait is that of a purchase at u times P(still there at u).
    """
    front = np.log(r) + r * np.log(alpha) + s * np.log(beta)
    return np.asarray(
        np.exp(front + log_dropout_integral(r + 1, alpha, s, beta, 0.0, t))
    )


def _n_chance(
    n: FloatArray,
    r: FloatArray,
    alpha: FloatArray,
    s: FloatArray,
    beta: FloatArray,
    t: FloatArray,
) -> FloatArray:
    """Return P(exactly n purchases in t) of somebody alive."""
    span = np.maximum(t, 1e-300)
    ways = gammaln(r + n) - gammaln(r) - gammaln(n + 1)
    ways = ways + r * np.log(alpha) + s * np.log(beta)
    log_t = np.where(n > 0, n * np.log(span), 0.0)
    stayed = log_t - (r + n) * np.log(alpha + span) - s * np.log(beta + span)
    left = np.log(s) + log_counted_integral(n, r + n, alpha, s + 1, beta, span)
    return np.asarray(np.exp(ways + np.logaddexp(stayed, left)))


def _waiting_time(
    within: FloatArray,
    r: FloatArray,
    alpha: FloatArray,
    s: FloatArray,
    beta: FloatArray,
) -> FloatArray:
    """Return the time by which somebody alive has bought with a probability.

    Newton's method on the logarithm of what is left of that probability, which is
    close to a line in log time; inf where it is never reached.
    """
    front = np.log(r) + r * np.log(alpha) + s * np.log(beta)
    shape = np.broadcast_shapes(*(np.shape(v) for v in (within, r, alpha, s, beta)))
    ever = np.exp(front + log_dropout_integral(r + 1, alpha, s, beta, 0.0, np.inf))
    reached = np.broadcast_to(within < ever, shape)
    target = np.log(np.where(within < ever, ever - within, 1.0))
    # Without dropout the wait would be shorter: a start from the left
    log_wait = -np.log1p(-np.where(reached, np.minimum(within, 1.0), 0.0)) / r
    for _ in range(30):
        wait = alpha * np.expm1(log_wait)
        rest = front + log_dropout_integral(r + 1, alpha, s, beta, wait, np.inf)
        density = front - r * log_wait - r * np.log(alpha) - s * np.log(beta + wait)
        step = (rest - target) * np.exp(rest - density)
        step = np.where(reached, np.clip(step, -0.5 * log_wait, 5.0), 0.0)
        log_wait = np.minimum(log_wait + step, 600.0)
        if np.max(np.abs(step), initial=0.0) < 1e-12:
            break
    return np.asarray(np.where(reached, alpha * np.expm1(log_wait), np.inf))
