"""BG/BB: customers who may buy at given opportunities, and one day leave for good.

For yearly donations, conferences, catalogues: wherever time comes in counted steps.
BG/NBD and Pareto/NBD are for purchases at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaln
from sklearn.utils.validation import check_is_fitted

from regulars.clv.histories import by_distinct, check_count
from regulars.clv.intervals import PredictionIntervals
from regulars.clv.opportunities import (
    Terms,
    check_opportunities,
    log_binomial,
    whole_steps,
)
from regulars.clv.persistence import JsonModel
from regulars.clv.rows import read_columns
from regulars.errors import NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.clv.fitting import FloatArray, Objective
    from regulars.clv.rows import Rows


class BetaGeoBetaBinomModel(PredictionIntervals, JsonModel):
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

        Examples
        --------
        >>> rows = pd.DataFrame({
        ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
        ...     "weight": [60, 25, 15],
        ... })
        >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
        >>> model.probability_alive(rows).round(2).tolist()
        [0.52, 0.78, 1.0]
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

        Examples
        --------
        >>> rows = pd.DataFrame({
        ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
        ...     "weight": [60, 25, 15],
        ... })
        >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
        >>> model.expected_purchases(rows, 3).round(2).tolist()
        [0.16, 0.45, 0.85]
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

        Examples
        --------
        >>> rows = pd.DataFrame({
        ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
        ...     "weight": [60, 25, 15],
        ... })
        >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
        >>> model.probability_no_purchase(rows, 3).round(2).tolist()
        [0.87, 0.66, 0.42]
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

        Examples
        --------
        >>> rows = pd.DataFrame({
        ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
        ...     "weight": [60, 25, 15],
        ... })
        >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
        >>> model.probability_n_purchases(rows, 1, 3).round(2).tolist()
        [0.11, 0.24, 0.36]
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
                ways = log_binomial(float(i), k) + self._log_taken(x + k, n + i)
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

        Examples
        --------
        >>> rows = pd.DataFrame({
        ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
        ...     "weight": [60, 25, 15],
        ... })
        >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
        >>> round(model.expected_purchases_new_customer(4), 2)
        0.56
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

        Examples
        --------
        >>> rows = pd.DataFrame({
        ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
        ...     "weight": [60, 25, 15],
        ... })
        >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
        >>> model.probability_n_purchases_new_customer([0, 1], 4).round(2).tolist()
        [0.62, 0.24]
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
            ways = log_binomial(after, taken) + self._log_taken(taken, after)
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
        return Terms(x, recency, n).evaluate(self.theta_)[0]

    def _histories(
        self, summary: Any
    ) -> tuple[FloatArray, FloatArray, FloatArray, pd.Index]:
        check_is_fitted(self, "theta_")
        table = read_columns(summary, self._columns)
        check_opportunities(table)
        x, recency, n = (table[name].to_numpy() for name in self._columns)
        return x, recency, n, table.index

    def _series(self, values: FloatArray, index: pd.Index, name: str) -> pd.Series:
        return pd.Series(np.broadcast_to(values, (len(index),)), index, name=name)

    # -- what the base asks for -----------------------------------------------------

    def _check(self, table: pd.DataFrame, weight: FloatArray) -> None:
        check_opportunities(table)
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
        terms = Terms(rows["frequency"], rows["recency"], rows["T"])
        weight = rows.weight

        def evaluate(theta: FloatArray) -> tuple[float, FloatArray]:
            value, slopes = terms.evaluate(theta)
            return float((weight * value).sum()), (weight * slopes).sum(axis=1)

        return evaluate
