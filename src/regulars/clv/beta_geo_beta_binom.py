"""BG/BB: customers who may buy at given opportunities, and one day leave for good.

In: for each customer the number of opportunities so far, how many they took, and which
was the last. Out: how likely they are still there and what they will do at the next
ones. For yearly donations, conferences, catalogues: wherever time comes in counted
steps. BG/NBD and Pareto/NBD are for purchases at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, gammaln
from sklearn.utils.validation import check_is_fitted

from regulars.clv.base import ParametricModel
from regulars.clv.histories import by_distinct, check_count, check_horizon
from regulars.clv.rows import read_columns, reject
from regulars.errors import NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.clv.fitting import FloatArray, Objective
    from regulars.clv.rows import Rows

__all__ = ["BetaGeoBetaBinomModel", "whole_steps"]

_ADVICE = "frequency, recency and T count opportunities after the first purchase."


class BetaGeoBetaBinomModel(ParametricModel):
    """Beta-geometric / beta-Bernoulli model of purchases at discrete opportunities.

    While alive, a customer takes each opportunity with a probability of their own
    (Beta(alpha, beta) over customers), and dies at the start of one with another
    (Beta(gamma, delta)) [1]_.

    Parameters
    ----------
    penalty : float, default=0.0
        Ridge penalty on the logarithms of the parameters, >= 0, a customer.

    Attributes
    ----------
    alpha_, beta_ : float
        Of the probability to buy at an opportunity.
    gamma_, delta_ : float
        Of the probability to leave before an opportunity.

    See Also
    --------
    BetaGeoModel : The same thought in continuous time.

    Notes
    -----
    ``frequency`` is the number of opportunities taken, ``recency`` the number of the
    last one taken (0 if none), ``T`` the number of opportunities so far. The likelihood
    of equation (5) is a sum of T - recency + 1 terms, added in logarithms, once a
    distinct history. No opportunity taken by anybody raises.

    References
    ----------
    .. [1] Fader, Hardie and Shang (2010), Customer-Base Analysis in a Discrete-Time
       Noncontractual Setting, Marketing Science 29(6), equations (5) and (11)-(14).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> lifetime = rng.geometric(rng.beta(0.7, 2.8, 2000)) - 1
    >>> buys = rng.random((2000, 6)) < rng.beta(1.2, 0.8, 2000)[:, None]
    >>> buys &= np.arange(1, 7) <= lifetime[:, None]
    >>> last = (buys * np.arange(1, 7)).max(axis=1)
    >>> summary = pd.DataFrame({"frequency": buys.sum(1), "recency": last, "T": 6})
    >>> model = BetaGeoBetaBinomModel().fit(summary)
    >>> bool(model.expected_purchases(summary, 5).between(0, 5).all())
    True
    """

    #: Time is counted in opportunities: horizons are whole numbers.
    is_discrete: ClassVar[bool] = True
    _parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _unit_powers: ClassVar[tuple[int, ...]] = (0, 0, 0, 0)
    _edge_meanings: ClassVar[Mapping[tuple[str, str], str]] = {
        ("alpha", "upper"): "everybody buys with the same probability",
        ("beta", "upper"): "everybody buys with the same probability",
        ("gamma", "lower"): "nobody ever leaves",
        (
            "delta",
            "upper",
        ): "nobody ever leaves, or everybody with the same probability",
        ("gamma", "upper"): "everybody leaves with the same probability",
        ("beta", "lower"): "whoever is alive takes every opportunity",
    }

    alpha_: float
    beta_: float
    gamma_: float
    delta_: float

    def __init__(self, penalty: float = 0.0) -> None:
        self.penalty = penalty

    # -- predictions --------------------------------------------------------------

    def probability_alive(self, summary: Any, t: float = 0) -> pd.Series:
        """Return P(still there at opportunity T + t).

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            Columns ``frequency``, ``recency`` and ``T``, in opportunities.
        t : int or array of shape (n_customers,), default=0
            Opportunities from now, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            Probabilities with the summary's index (appendix, A10).

        Raises
        ------
        DataError
            When the summary cannot be that of customers with opportunities.
        ValueError
            When `t` is no whole number >= 0.
        """
        x, recency, n, index = self._histories(summary)
        steps = whole_steps(t, len(index))

        def alive(
            x: FloatArray, recency: FloatArray, n: FloatArray, t: FloatArray
        ) -> FloatArray:
            survived = self._log_taken(x, n) + self._log_survived(n + t)
            return np.asarray(np.exp(survived - self._log_likelihood(x, recency, n)))

        return self._series(
            by_distinct(alive, x, recency, n, steps), index, "probability_alive"
        )

    def expected_purchases(self, summary: Any, t: float) -> pd.Series:
        """Return the expected number of purchases at the next opportunities.

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            As in `probability_alive`.
        t : int or array of shape (n_customers,)
            Number of coming opportunities, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            Between 0 and `t`, with the summary's index.

        Raises
        ------
        DataError, ValueError
            As `probability_alive`.

        Notes
        -----
        Equation (13) as its sum over opportunities, which has no pole at gamma = 1.
        """
        x, recency, n, index = self._histories(summary)
        steps = whole_steps(t, len(index))

        def expected(
            x: FloatArray, recency: FloatArray, n: FloatArray, t: FloatArray
        ) -> FloatArray:
            base = betaln(self.alpha_ + x + 1, self.beta_ + n - x) - betaln(
                self.alpha_, self.beta_
            )
            base = base - self._log_likelihood(x, recency, n)
            total = np.zeros(np.broadcast(x, t).shape)
            for step in range(1, int(np.max(t, initial=0)) + 1):
                total += np.exp(base + self._log_survived(n + step)) * (step <= t)
            return total

        values = by_distinct(expected, x, recency, n, steps)
        return self._series(values, index, "expected_purchases")

    def probability_no_purchase(self, summary: Any, t: float) -> pd.Series:
        """Return P(none of the next opportunities is taken).

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            As in `probability_alive`.
        t : int or array of shape (n_customers,)
            Number of coming opportunities, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            Probabilities with the summary's index.

        Raises
        ------
        DataError, ValueError
            As `probability_alive`.

        Notes
        -----
        A history that stays as it is for t more opportunities has the likelihood of
        (frequency, recency, T + t): the probability is the ratio of the two.
        """
        x, recency, n, index = self._histories(summary)
        steps = whole_steps(t, len(index))

        def silent(
            x: FloatArray, recency: FloatArray, n: FloatArray, t: FloatArray
        ) -> FloatArray:
            later = self._log_likelihood(x, recency, n + t)
            return np.asarray(np.exp(later - self._log_likelihood(x, recency, n)))

        values = np.minimum(by_distinct(silent, x, recency, n, steps), 1.0)
        return self._series(values, index, "probability_no_purchase")

    def probability_n_purchases(self, summary: Any, n: int, t: Any) -> pd.Series:
        """Return P(exactly so many of the next opportunities are taken).

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            As in `probability_alive`.
        n : int
            How many, >= 0.
        t : int or array of shape (n_customers,)
            Number of coming opportunities, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            Probabilities with the summary's index (equation 12).

        Raises
        ------
        DataError, ValueError
            As `probability_alive`, and when `n` is no whole number >= 0.
        """
        wanted = check_count(n)
        if wanted == 0:
            silent = self.probability_no_purchase(summary, t)
            return silent.rename("probability_n_purchases")
        k = float(wanted)
        x, recency, age, index = self._histories(summary)
        steps = whole_steps(t, len(index))

        def exactly(
            x: FloatArray, recency: FloatArray, n: FloatArray, t: FloatArray
        ) -> FloatArray:
            known = self._log_likelihood(x, recency, n)
            total = np.zeros(np.broadcast(x, t).shape)
            for i in range(int(k), int(np.max(t, initial=0)) + 1):
                ways = _log_binomial(float(i), k) + self._log_taken(x + k, n + i)
                leaves = ways + self._log_left_after(n + i) - known
                stays = ways + self._log_survived(n + i) - known
                total += np.exp(leaves) * (i < t) + np.exp(stays) * (i == t)
            return total

        values = by_distinct(exactly, x, recency, age, steps)
        return self._series(values, index, "probability_n_purchases")

    def expected_purchases_new_customer(self, t: float) -> Any:
        """Return the expected purchases of a new customer at the first opportunities.

        Parameters
        ----------
        t : int or array of shape (n,)
            Number of opportunities, >= 0.

        Returns
        -------
        float or array of shape (n,)
            Equation (8).

        Raises
        ------
        ValueError
            When `t` is no whole number >= 0.
        """
        check_is_fitted(self, "theta_")
        steps = whole_steps(t)
        most = int(np.max(steps, initial=0))
        survived = np.exp(self._log_survived(np.arange(most + 1.0)))
        survived[0] = 0.0
        mean = self.alpha_ / (self.alpha_ + self.beta_)
        expected = mean * np.cumsum(survived)[steps.astype(int)]
        return expected if steps.ndim else float(expected)

    def probability_n_purchases_new_customer(self, n: Any, t: Any) -> Any:
        """Return P(a new customer takes exactly n of the first t opportunities).

        Parameters
        ----------
        n, t : int or array of shape (n_values,)
            How many of how many, >= 0; broadcast.

        Returns
        -------
        float or array of shape (n_values,)
            Equation (7); 0 where n exceeds t.

        Raises
        ------
        ValueError
            When `n` or `t` is no whole number >= 0.
        """
        check_is_fitted(self, "theta_")
        counts, steps = np.broadcast_arrays(check_count(n), whole_steps(t))
        possible = counts <= steps
        taken = np.minimum(counts, steps)
        total = np.zeros(counts.shape)
        for i in range(
            int(np.min(taken, initial=0)), int(np.max(steps, initial=0)) + 1
        ):
            after = np.maximum(taken, i)
            ways = _log_binomial(after, taken) + self._log_taken(taken, after)
            leaves = np.exp(ways + self._log_left_after(after)) * (i < steps)
            stays = np.exp(ways + self._log_survived(after)) * (i == steps)
            total = total + (leaves + stays) * (i >= taken)
        total = total * possible
        return total if total.ndim else float(total)

    # -- pieces of the likelihood ---------------------------------------------------

    def _log_taken(self, x: Any, n: Any) -> FloatArray:
        """Return log P(one given pattern of x in n opportunities | alive)."""
        taken = betaln(self.alpha_ + x, self.beta_ + n - x)
        return np.asarray(taken - betaln(self.alpha_, self.beta_))

    def _log_survived(self, n: Any) -> FloatArray:
        """Return log P(alive at opportunity n)."""
        survived = betaln(self.gamma_, self.delta_ + n)
        return np.asarray(survived - betaln(self.gamma_, self.delta_))

    def _log_left_after(self, n: Any) -> FloatArray:
        """Return log P(alive at opportunity n and not at the next)."""
        left = betaln(self.gamma_ + 1, self.delta_ + n)
        return np.asarray(left - betaln(self.gamma_, self.delta_))

    def _log_likelihood(
        self, x: FloatArray, recency: FloatArray, n: FloatArray
    ) -> FloatArray:
        """Return equation (5) in logarithms, by row."""
        x, recency, n = np.broadcast_arrays(x, recency, n)
        return _Terms(x, recency, n).evaluate(self.theta_)[0]

    def _histories(
        self, summary: Any
    ) -> tuple[FloatArray, FloatArray, FloatArray, pd.Index]:
        check_is_fitted(self, "theta_")
        table = read_columns(summary, self._columns)
        _check_opportunities(table)
        x, recency, n = (table[name].to_numpy() for name in self._columns)
        return x, recency, n, table.index

    def _series(self, values: FloatArray, index: pd.Index, name: str) -> pd.Series:
        return pd.Series(np.broadcast_to(values, (len(index),)), index, name=name)

    # -- what the base asks for -----------------------------------------------------

    def _check(self, table: pd.DataFrame, weight: FloatArray) -> None:
        _check_opportunities(table)
        if not (table["frequency"] > 0).any():
            msg = (
                f"None of {weight.sum():,.0f} customers has taken an opportunity "
                "(frequency is 0 everywhere), so nothing tells how often they do. "
                "Count more opportunities."
            )
            raise NotEnoughHistoryError(msg)

    def _starts(self, rows: Rows) -> list[FloatArray]:
        share = float(rows.weight @ rows["frequency"]) / max(
            float(rows.weight @ rows["T"]), 1.0
        )
        mean = np.clip(share, 0.05, 0.95)
        return [
            np.log(np.array([2 * mean, 2 * (1 - mean), 0.5, 3.0])),
            np.log(np.array([1.0, 1.0, 1.0, 1.0])),
            np.log(np.array([5 * mean, 5 * (1 - mean), 0.2, 20.0])),
        ]

    def _objective(self, rows: Rows) -> Objective:
        terms = _Terms(rows["frequency"], rows["recency"], rows["T"])
        weight = rows.weight

        def evaluate(theta: FloatArray) -> tuple[float, FloatArray]:
            value, slopes = terms.evaluate(theta)
            return float((weight * value).sum()), (weight * slopes).sum(axis=1)

        return evaluate


class _Terms:
    """The terms of equation (5), laid out flat: one for each possible time of leaving.

    The last term of a row is "never left"; the others left after opportunity k.
    """

    def __init__(self, x: FloatArray, recency: FloatArray, n: FloatArray) -> None:
        counts = (n - recency).astype(np.int64) + 1
        self.first = np.cumsum(counts) - counts
        self.row = np.repeat(np.arange(counts.size), counts)
        self.taken = x[self.row]
        self.until = recency[self.row] + (
            np.arange(self.row.size) - self.first[self.row]
        )
        self.left = np.ones(self.row.size)
        self.left[self.first + counts - 1] = 0.0

    def evaluate(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log-likelihoods by row, and slopes by log-parameter and row."""
        alpha, beta, gamma, delta = np.exp(theta)
        x, k, left = self.taken, self.until, self.left
        terms = betaln(alpha + x, beta + k - x) + betaln(gamma + left, delta + k)
        top = np.maximum.reduceat(terms, self.first)
        share = np.exp(terms - top[self.row])
        total = np.add.reduceat(share, self.first)
        share /= total[self.row]
        value = top + np.log(total) - betaln(alpha, beta) - betaln(gamma, delta)
        slopes = [
            alpha
            * self._slope(share, alpha + x, alpha + beta + k, alpha, alpha + beta),
            beta
            * self._slope(share, beta + k - x, alpha + beta + k, beta, alpha + beta),
            gamma
            * self._slope(
                share, gamma + left, gamma + delta + left + k, gamma, gamma + delta
            ),
            delta
            * self._slope(
                share, delta + k, gamma + delta + left + k, delta, gamma + delta
            ),
        ]
        return value, np.array(slopes)

    def _slope(
        self, share: FloatArray, own: FloatArray, both: FloatArray, a: float, ab: float
    ) -> FloatArray:
        """Return the mean over terms of the slope of log B, less the prior's."""
        slope = (digamma(own) - digamma(a)) - (digamma(both) - digamma(ab))
        return np.asarray(np.add.reduceat(share * slope, self.first))


def _log_binomial(n: Any, k: Any) -> FloatArray:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def whole_steps(t: Any, n_rows: int | None = None) -> FloatArray:
    """Return a horizon in whole opportunities, or raise.

    Parameters
    ----------
    t : int or array of shape (n_rows,)
        Number of opportunities, >= 0.
    n_rows : int, optional
        Rows it must go with.

    Returns
    -------
    array
        ``t`` as float64.

    Raises
    ------
    ValueError
        When ``t`` is no whole number >= 0, or has the wrong length.

    Examples
    --------
    >>> whole_steps(3)
    array(3.)
    """
    steps = check_horizon(t, n_rows)
    if (steps != np.floor(steps)).any():
        msg = f"t must be a whole number of opportunities, got {t!r}."
        raise ValueError(msg)
    return steps


def _check_opportunities(table: pd.DataFrame) -> None:
    """Raise if a history cannot be one of opportunities taken and left."""
    x, recency, n = (table[name].to_numpy() for name in ("frequency", "recency", "T"))
    for name in ("frequency", "recency", "T"):
        values = table[name].to_numpy()
        bad = (values < 0) | (values != np.floor(values))
        reject(values, bad, table.index, f"{name} is not a whole number >= 0", _ADVICE)
    rules = [
        (recency > n, "recency is greater than T"),
        (x > recency, "frequency is greater than recency"),
        ((x == 0) & (recency > 0), "frequency is 0 but recency is not"),
    ]
    for bad, what in rules:
        reject(x, bad, table.index, what, _ADVICE)
