"""sBG: how long subscribers stay, when each renewal date may be the last.

Retention rises although nobody changes: the fickle leave first. For contracts, where
leaving is seen; for shops, where it is not, see BG/NBD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma
from sklearn.utils.validation import check_is_fitted

from regulars.clv.histories import by_distinct
from regulars.clv.intervals import PredictionIntervals
from regulars.clv.opportunities import whole_steps
from regulars.clv.persistence import JsonModel
from regulars.clv.rows import read_columns, reject
from regulars.errors import DataError, NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.clv.fitting import FloatArray, Objective
    from regulars.clv.rows import Rows

_ADVICE = "recency counts renewals made, T renewal dates that have come."
_LAST_STEP = 100_000  # terms of a discounted sum; the rest is bounded by its tail


class ShiftedBetaGeoModel(PredictionIntervals, JsonModel):
    """Shifted beta-geometric model of subscriptions.

    At each renewal date a subscriber leaves with a probability of their own, constant
    over time and Beta(alpha, beta) over subscribers [1]_.

    Parameters
    ----------
    penalty : float, default=0.0
        Ridge penalty on the logarithms of the parameters, >= 0, a subscriber.

    Attributes
    ----------
    alpha_, beta_ : float
        Of the probability to leave at a renewal date; its mean is
        alpha / (alpha + beta).

    See Also
    --------
    summary_from_survivors : The summary of a cohort's published table.

    Notes
    -----
    ``T`` is the number of renewal dates that have come since the start, ``recency``
    the number of renewals made. Who is still there has recency = T; who left at date
    recency + 1 has recency < T. (Others count the first period too: their recency and
    T are one more.) The likelihood is B(alpha + 1, beta + recency) / B(alpha, beta)
    for who left, B(alpha, beta + T) / B(alpha, beta) for who stayed.

    References
    ----------
    .. [1] Fader and Hardie (2007), How to Project Customer Retention, Journal of
       Interactive Marketing 21(1), equations (1)-(7) and appendix B.
    .. [2] Fader and Hardie (2010), Customer-Base Valuation in a Contractual Setting,
       Marketing Science 29(1), equation (6).

    Examples
    --------
    >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> model = ShiftedBetaGeoModel().fit(cohort)
    >>> {name: round(value, 3) for name, value in model.params_.items()}
    {'alpha': 0.668, 'beta': 3.806}
    """

    #: Time is counted in renewal dates: horizons are whole numbers.
    is_discrete: ClassVar[bool] = True
    _parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    _columns: ClassVar[tuple[str, ...]] = ("recency", "T")
    _unit_powers: ClassVar[tuple[int, ...]] = (0, 0)
    _edge_meanings: ClassVar[Mapping[tuple[str, str], str]] = {
        ("alpha", "lower"): "nobody leaves",
        ("beta", "upper"): "everybody leaves with the same probability, or nobody does",
        ("alpha", "upper"): "everybody leaves with the same probability",
        ("beta", "lower"): "everybody leaves at once",
    }

    alpha_: float
    beta_: float

    def __init__(self, penalty: float = 0.0) -> None:
        self.penalty = penalty

    # -- of a cohort --------------------------------------------------------------

    def survival(self, t: Any) -> Any:
        """Return the share of a cohort that is left after t renewal dates.

        Parameters
        ----------
        t : int or array of shape (n,)
            Renewal dates since the start, >= 0.

        Returns
        -------
        float or array of shape (n,)
            Between 0 and 1; equation (6).

        Raises
        ------
        ValueError
            When `t` is no whole number >= 0.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> float(round(ShiftedBetaGeoModel().fit(cohort).survival(12), 3))
        0.378
        """
        check_is_fitted(self, "theta_")
        steps = whole_steps(t)
        return np.exp(
            betaln(self.alpha_, self.beta_ + steps) - betaln(self.alpha_, self.beta_)
        )

    def retention_rate(self, t: Any) -> Any:
        """Return the share of those up for the t-th renewal who renew.

        Parameters
        ----------
        t : int or array of shape (n,)
            Number of the renewal date, >= 1.

        Returns
        -------
        float or array of shape (n,)
            Between 0 and 1, rising in `t`; equation (8).

        Raises
        ------
        ValueError
            When `t` is no whole number >= 1.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model = ShiftedBetaGeoModel().fit(cohort)
        >>> model.retention_rate([1, 8]).round(3).tolist()
        [0.851, 0.942]
        """
        check_is_fitted(self, "theta_")
        steps = whole_steps(t)
        if (steps < 1).any():
            msg = f"t must be at least 1 (the first renewal date), got {t!r}."
            raise ValueError(msg)
        return (self.beta_ + steps - 1) / (self.alpha_ + self.beta_ + steps - 1)

    def expected_purchases_new_customer(self, t: Any) -> Any:
        """Return the expected renewals of a new subscriber at the first dates.

        Parameters
        ----------
        t : int or array of shape (n,)
            Number of renewal dates, >= 0.

        Returns
        -------
        float or array of shape (n,)
            Between 0 and `t`.

        Raises
        ------
        ValueError
            When `t` is no whole number >= 0.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model = ShiftedBetaGeoModel().fit(cohort)
        >>> round(model.expected_purchases_new_customer(3), 2)
        2.27
        """
        check_is_fitted(self, "theta_")
        steps = whole_steps(t)
        expected = self._renewals(np.zeros_like(steps), steps)
        return expected if steps.ndim else float(expected)

    # -- of subscribers -----------------------------------------------------------

    def probability_alive(self, summary: Any, t: Any = 0) -> pd.Series:
        """Return P(still subscribed after t more renewal dates).

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            Columns ``recency`` and ``T``, in renewal dates.
        t : int or array of shape (n_customers,), default=0
            Coming renewal dates, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            0 for who has left; with the summary's index.

        Raises
        ------
        DataError
            When the summary cannot be that of subscribers.
        ValueError
            When `t` is no whole number >= 0.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model = ShiftedBetaGeoModel().fit(cohort)
        >>> model.probability_alive(cohort, 2).round(2).tolist()[-2:]
        [0.0, 0.89]
        """
        is_active, n, index = self._contracts(summary)
        steps = whole_steps(t, len(index))
        later = betaln(self.alpha_, self.beta_ + n + steps)
        values = np.exp(later - betaln(self.alpha_, self.beta_ + n)) * is_active
        return pd.Series(values, index, name="probability_alive")

    def expected_purchases(self, summary: Any, t: Any) -> pd.Series:
        """Return the expected number of renewals at the next t renewal dates.

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            As in `probability_alive`.
        t : int or array of shape (n_customers,)
            Coming renewal dates, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            Between 0 and `t`; 0 for who has left.

        Raises
        ------
        DataError, ValueError
            As `probability_alive`.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model = ShiftedBetaGeoModel().fit(cohort)
        >>> model.expected_purchases(cohort, 3).round(2).tolist()[-2:]
        [0.0, 2.68]
        """
        is_active, n, index = self._contracts(summary)
        steps = np.broadcast_to(whole_steps(t, len(index)), n.shape)
        values = self._renewals(n, steps) * is_active
        return pd.Series(values, index, name="expected_purchases")

    def probability_no_purchase(self, summary: Any, t: Any) -> pd.Series:
        """Return P(no renewal at any of the next t renewal dates).

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            As in `probability_alive`.
        t : int or array of shape (n_customers,)
            Coming renewal dates, >= 0.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            1 for who has left or where `t` is 0; else P(leaves at the next date),
            because leaving is for good.

        Raises
        ------
        DataError, ValueError
            As `probability_alive`.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model = ShiftedBetaGeoModel().fit(cohort)
        >>> model.probability_no_purchase(cohort, 3).round(2).tolist()[-2:]
        [1.0, 0.06]
        """
        next_one = np.minimum(whole_steps(t), 1.0)
        renews = self.probability_alive(summary, next_one)
        values = np.where(next_one > 0, 1.0 - renews, 1.0)
        return pd.Series(values, renews.index, name="probability_no_purchase")

    def discounted_expected_renewals(
        self, summary: Any, *, discount_rate: float
    ) -> pd.Series:
        """Return the renewals still to come, for ever, discounted.

        Just before the next renewal date: a renewal there counts in full. Times the
        net payment a period, it is what a subscriber is still worth.

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            As in `probability_alive`.
        discount_rate : float
            Rate **a renewal period**, >= 0.001.

        Returns
        -------
        pandas.Series of shape (n_customers,)
            DERL, equation (6) of [2]_; 0 for who has left.

        Raises
        ------
        ValueError
            When the rate is below 0.001: the sum may have no bound.
        DataError
            As `probability_alive`.

        References
        ----------
        .. [2] Fader and Hardie (2010), Marketing Science 29(1), 85-93.

        Examples
        --------
        >>> cohort = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model = ShiftedBetaGeoModel().fit(cohort)
        >>> stayed = pd.DataFrame({"recency": [0, 4], "T": [0, 4]})
        >>> left = model.discounted_expected_renewals(stayed, discount_rate=0.1)
        >>> left.round(1).tolist()
        [5.4, 6.9]
        """
        if not (np.isfinite(discount_rate) and discount_rate >= 0.001):
            msg = (
                f"discount_rate must be at least 0.001 a period, got {discount_rate!r}."
            )
            raise ValueError(msg)
        is_active, n, index = self._contracts(summary)
        tenures, place = np.unique(n, return_inverse=True)
        n_terms = int(np.ceil(np.log(1e16) / np.log1p(discount_rate)))
        total = np.zeros(tenures.size)
        steps = np.arange(min(n_terms, _LAST_STEP), dtype=np.float64)
        fade = np.exp(-np.log1p(discount_rate) * steps)
        for k, tenure in enumerate(tenures):
            later = betaln(self.alpha_, self.beta_ + tenure + 1 + steps)
            kept = np.exp(later - betaln(self.alpha_, self.beta_ + tenure))
            total[k] = float((kept * fade).sum())
        values = total[place] * is_active
        return pd.Series(values, index, name="discounted_expected_renewals")

    # -- pieces ---------------------------------------------------------------------

    def _renewals(self, n: FloatArray, steps: FloatArray) -> FloatArray:
        """Return the sum over i <= steps of P(renews n + i times | renewed n times)."""
        tenures, horizons = np.broadcast_arrays(n, steps)

        def renewals(tenure: FloatArray, horizon: FloatArray) -> FloatArray:
            total = np.zeros(np.broadcast(tenure, horizon).shape)
            start = betaln(self.alpha_, self.beta_ + tenure)
            for step in range(1, int(np.max(horizon, initial=0)) + 1):
                kept = np.exp(betaln(self.alpha_, self.beta_ + tenure + step) - start)
                total += kept * (step <= horizon)
            return total

        return by_distinct(renewals, tenures, horizons)

    def _contracts(self, summary: Any) -> tuple[FloatArray, FloatArray, pd.Index]:
        check_is_fitted(self, "theta_")
        table = read_columns(summary, self._columns)
        _check_contracts(table)
        recency, n = table["recency"].to_numpy(), table["T"].to_numpy()
        return (recency == n).astype(np.float64), n, table.index

    def _check(self, table: pd.DataFrame, weight: FloatArray) -> None:
        _check_contracts(table)
        if not (table["T"] > 0).any():
            msg = (
                "No renewal date has come for anybody yet (T is 0 everywhere), so "
                "nothing tells who renews. Pass a later cutoff."
            )
            raise NotEnoughHistoryError(msg)

    def _starts(self, rows: Rows) -> list[FloatArray]:
        left = float((rows.weight * (rows["recency"] < rows["T"])).sum())
        faced = float((rows.weight * np.minimum(rows["recency"] + 1, rows["T"])).sum())
        mean = float(np.clip(left / faced, 0.02, 0.98))
        sizes = (1.0, 4.0, 20.0)
        return [np.log(np.array([s * mean, s * (1 - mean)])) for s in sizes]

    def _objective(self, rows: Rows) -> Objective:
        left = (rows["recency"] < rows["T"]).astype(np.float64)
        kept = np.where(left > 0, rows["recency"], rows["T"])
        weight, n = rows.weight, rows.n_customers

        def evaluate(theta: FloatArray) -> tuple[float, FloatArray]:
            alpha, beta = np.exp(theta)
            both = digamma(alpha + beta + left + kept) - digamma(alpha + beta)
            value = (weight * betaln(alpha + left, beta + kept)).sum()
            slopes = [
                alpha
                * (weight * (digamma(alpha + left) - digamma(alpha) - both)).sum(),
                beta * (weight * (digamma(beta + kept) - digamma(beta) - both)).sum(),
            ]
            return float(value - n * betaln(alpha, beta)), np.array(slopes)

        return evaluate


def summary_from_survivors(n_survivors: Sequence[float]) -> pd.DataFrame:
    """Return the summary of a cohort of which only the survivors were counted.

    Parameters
    ----------
    n_survivors : sequence of float
        Subscribers at the start, then after each renewal date; never rising.

    Returns
    -------
    pandas.DataFrame
        Columns ``recency``, ``T`` and ``weight``, a row a way the contracts went.

    Raises
    ------
    DataError
        When there are fewer than two numbers, or they rise, or one is negative.

    Examples
    --------
    >>> summary_from_survivors([1000, 631, 468]).to_dict("list")
    {'recency': [0.0, 1.0, 2.0], 'T': [2.0, 2.0, 2.0], 'weight': [369.0, 163.0, 468.0]}
    """
    alive = np.asarray(n_survivors, dtype=np.float64)
    falls = alive.ndim == 1 and alive.size >= 2 and bool((np.diff(alive) <= 0).all())
    if not (falls and np.isfinite(alive).all() and alive[-1] >= 0):
        msg = (
            "n_survivors must be at least two numbers >= 0 that never rise, the first "
            f"the size of the cohort, got {list(n_survivors)!r}."
        )
        raise DataError(msg)
    n_dates = alive.size - 1
    weight = np.append(alive[:-1] - alive[1:], alive[-1])
    recency = np.arange(n_dates + 1, dtype=np.float64)
    frame = pd.DataFrame({"recency": recency, "T": float(n_dates), "weight": weight})
    return frame[frame["weight"] > 0].reset_index(drop=True)


def _check_contracts(table: pd.DataFrame) -> None:
    recency, n = table["recency"].to_numpy(), table["T"].to_numpy()
    for name, values in (("recency", recency), ("T", n)):
        bad = (values < 0) | (values != np.floor(values))
        reject(values, bad, table.index, f"{name} is not a whole number >= 0", _ADVICE)
    reject(n, recency > n, table.index, "recency is greater than T", _ADVICE)
