"""Gamma-Gamma: what a customer's next order is worth.

It says nothing about when or whether somebody buys: `discounted_clv` puts the two
together.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, gammaincinv
from sklearn.utils.validation import check_is_fitted

from regulars.clv.intervals import PredictionIntervals
from regulars.clv.persistence import JsonModel
from regulars.clv.rows import Rows, as_numbers, read_columns, read_rows, reject
from regulars.errors import AssumptionWarning, NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.clv.fitting import FloatArray, Objective

_CORRELATION_LIMIT = 0.3
_CORRELATION_ROWS = 100_000  # their error is then 0.003
_NARROW = 1e3  # shapes p above which differences of logarithms lose too much
_SET_ASIDE = ("no_repeat_purchase", "no_positive_value")


class GammaGammaModel(PredictionIntervals, JsonModel):
    r"""Gamma-Gamma model of mean spend.

    Each order of a customer is gamma distributed around the customer's own mean, and
    the means follow an inverse gamma over customers [1]_. Use it on repeat buyers,
    beside a model of when they buy. Do not use it where heavy buyers spend clearly more
    (or less) an order: it takes spend and frequency to be independent, and `fit` warns
    where they are not.

    Parameters
    ----------
    penalty : float, default=0.0
        Ridge penalty on the logarithms of the parameters, >= 0, a customer.

    Attributes
    ----------
    p_, q_, v_ : float
        Shape of a customer's orders; shape and rate (in money) of the spread over
        customers.
    correlations_with_frequency_ : dict of str to float
        ``pearson`` and ``spearman`` correlation of frequency and mean spend; of an even
        sample where there are more than 200,000 buyers.
    n_set_aside_ : dict of str to float
        Customers that the fit left out: ``no_repeat_purchase`` (frequency 0) and
        ``no_positive_value`` (mean spend zero or less: gifts, refunds).

    See Also
    --------
    regulars.clv.value.discounted_clv : Purchases times value, discounted.

    Notes
    -----
    The likelihood of a mean m of x orders is equation (1a) of [1]_,

    .. math:: \frac{1}{m\,B(px, q)} \Big(\frac{xm}{xm+v}\Big)^{px}
              \Big(\frac{v}{xm+v}\Big)^{q},

    taken in logarithms with the beta function once a distinct x, so that the cost a
    customer is one logarithm. With no repeat buyer the fit raises; equal values drive
    p and q to the edge, which is said in a warning.

    References
    ----------
    .. [1] Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025,
       equations (1a) and (5).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> x, nu = rng.geometric(0.4, 2000) - 1.0, rng.gamma(4, 1 / 15, 2000)
    >>> m = rng.gamma(6 * np.maximum(x, 1)) / nu / np.maximum(x, 1) * (x > 0)
    >>> summary = pd.DataFrame({"frequency": x, "monetary_value": m})
    >>> model = GammaGammaModel().fit(summary)
    >>> {name: round(value, 2) for name, value in model.params_.items()}
    {'p': 5.03, 'q': 3.87, 'v': 17.6}
    >>> model.n_set_aside_["no_positive_value"]
    0.0
    """

    _parameters: ClassVar[tuple[str, ...]] = ("p", "q", "v")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "monetary_value")
    _unit_columns: ClassVar[tuple[str, ...]] = ("monetary_value",)
    _unit_powers: ClassVar[tuple[int, ...]] = (0, 0, 1)
    _edge_meanings: ClassVar[Mapping[tuple[str, str], str]] = {
        ("p", "upper"): "a customer's orders are all worth the same",
        ("q", "upper"): "all customers spend the same on average",
        ("v", "upper"): "all customers spend the same on average",
        ("p", "lower"): "single orders vary without bound",
        ("q", "lower"): "customers' means vary without bound",
        ("v", "lower"): "customers' means vary without bound",
    }

    p_: float
    q_: float
    v_: float

    def __init__(self, *, penalty: float = 0.0) -> None:
        self.penalty = penalty

    def expected_average_value(self, summary: Any) -> pd.Series:
        """Return each customer's expected mean spend an order.

        Parameters
        ----------
        summary : pandas.DataFrame or ibis.Table
            Columns ``frequency`` (>= 0) and ``monetary_value`` (money; ignored where
            frequency is 0, and counted as 0 where it is negative).

        Returns
        -------
        pandas.Series of shape (n_customers,)
            Money, > 0, with the summary's index.

        Raises
        ------
        DataError
            When a column is missing, or a value is missing for a repeat buyer.

        Warns
        -----
        AssumptionWarning
            When the mean of the fitted distribution is infinite for some customers
            (p x + q <= 1): they are given the median of their distribution instead.

        Notes
        -----
        Equation (5) of Fader and Hardie (2013): p (v + x m) / (p x + q - 1), the mean
        of an inverse gamma with shape p x + q.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> x, nu = rng.geometric(0.4, 2000) - 1.0, rng.gamma(4, 1 / 15, 2000)
        >>> m = rng.gamma(6 * np.maximum(x, 1)) / nu / np.maximum(x, 1) * (x > 0)
        >>> summary = pd.DataFrame({"frequency": x, "monetary_value": m})
        >>> model = GammaGammaModel().fit(summary)
        >>> model.expected_average_value(summary).head(3).round(2).tolist()
        [22.08, 30.83, 30.83]
        """
        check_is_fitted(self, "theta_")
        frequency, value, index = _history(summary)
        mean = self.average_value(frequency, value)
        return pd.Series(mean, index, name="expected_average_value")

    def average_value(self, frequency: FloatArray, value: FloatArray) -> FloatArray:
        """Return the same of arrays that need no check."""
        value = np.where(frequency > 0, np.maximum(value, 0.0), 0.0)
        infinite = self.p_ * frequency + self.q_ <= 1.0
        if infinite.any():
            msg = (
                f"The fitted spread of mean spend has q = {self.q_:.3g} and no finite "
                f"mean for {int(infinite.sum()):,} of {len(infinite):,} customers, who "
                "are given its median. Look for a few enormous orders, or fit with "
                "penalty=0.001."
            )
            warnings.warn(msg, AssumptionWarning, stacklevel=3)
        return self._mean_or_median(frequency, value)

    def _mean_or_median(self, frequency: FloatArray, value: FloatArray) -> FloatArray:
        """Return equation (5), and the median where the mean is infinite."""
        shape = self.p_ * frequency + self.q_
        scale = self.p_ * (self.v_ + frequency * value)
        finite = shape > 1.0
        divisor = np.where(finite, shape - 1.0, 1.0)
        if not finite.all():
            # a gamma quantile of a tiny shape underflows; its floor keeps this finite
            quantile = np.maximum(gammaincinv(shape[~finite], 0.5), 1e-12)
            divisor[~finite] = quantile
        return np.asarray(scale / divisor)

    def expected_average_value_new_customer(self) -> float:
        """Return the mean spend an order of somebody about whom nothing is known.

        Returns
        -------
        float
            Money: p v / (q - 1), or the median where q <= 1.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> x, nu = rng.geometric(0.4, 2000) - 1.0, rng.gamma(4, 1 / 15, 2000)
        >>> m = rng.gamma(6 * np.maximum(x, 1)) / nu / np.maximum(x, 1) * (x > 0)
        >>> summary = pd.DataFrame({"frequency": x, "monetary_value": m})
        >>> model = GammaGammaModel().fit(summary)
        >>> round(model.expected_average_value_new_customer(), 2)
        30.83
        """
        check_is_fitted(self, "theta_")
        return float(self._mean_or_median(np.zeros(1), np.zeros(1))[0])

    def spend_density(self, amount: FloatArray, frequency: FloatArray) -> FloatArray:
        """Return the density of a customer's mean spend, given their purchases.

        Parameters
        ----------
        amount : array of shape (n,)
            Mean spend, money, > 0.
        frequency : array of shape (n,)
            Repeat purchases that the mean is over, >= 1; broadcast.

        Returns
        -------
        array of shape (n,)
            Density a unit of money.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> x, nu = rng.geometric(0.4, 2000) - 1.0, rng.gamma(4, 1 / 15, 2000)
        >>> m = rng.gamma(6 * np.maximum(x, 1)) / nu / np.maximum(x, 1) * (x > 0)
        >>> summary = pd.DataFrame({"frequency": x, "monetary_value": m})
        >>> model = GammaGammaModel().fit(summary)
        >>> grid = np.linspace(0.01, 2000, 200_001)
        >>> float(round(np.trapezoid(model.spend_density(grid, np.array(2)), grid), 4))
        1.0
        """
        check_is_fitted(self, "theta_")
        log_density = _log_density(
            np.asarray(frequency, float), np.asarray(amount, float), self.theta_
        )
        return np.asarray(np.exp(log_density))

    def interval(self, prediction: str, *args: Any, **kwargs: Any) -> pd.DataFrame:
        """Return a prediction with its confidence interval.

        Parameters
        ----------
        prediction : str
            Name of a method, for instance ``"expected_average_value"``.
        *args, **kwargs
            Its arguments, and ``method``, ``level``, ``n_draws`` and ``random_state``
            of `PredictionIntervals.interval`.

        Returns
        -------
        pandas.DataFrame of shape (n_rows, 3)
            ``estimate``, ``lower`` and ``upper``, keyed like the prediction.
        """
        if args and hasattr(args[0], "columns"):
            frequency, value, index = _history(args[0])
            known = {"frequency": frequency, "monetary_value": value}
            args = (pd.DataFrame(known, index=index), *args[1:])
        return super().interval(prediction, *args, **kwargs)

    # -- what the base asks for ---------------------------------------------------

    def _read(self, summary: Any) -> Rows:
        """Set aside who has no repeat purchase or no positive value, and count them."""
        self.n_set_aside_ = dict.fromkeys(_SET_ASIDE, 0.0)
        if set(self._columns) <= set(getattr(summary, "columns", ())):
            if isinstance(summary, pd.DataFrame):
                for name in self._columns:
                    as_numbers(summary[name])  # text is refused before it is compared
            summary = self._set_aside(summary)
        table, weight = read_rows(summary, self._columns)
        self._check(table, weight)
        frequency, value = (table[name].to_numpy() for name in self._columns)
        # Amounts hardly ever repeat, so rows are sorted, not grouped: sums then have
        # the same last digit whatever order the customers came in. (lexsort is slower)
        order = np.argsort(value)
        order = order[np.argsort(frequency[order], kind="stable")]
        frequency, value, weight = frequency[order], value[order], weight[order]
        every = max(1, len(order) // _CORRELATION_ROWS)
        self.correlations_with_frequency_ = frequency_value_correlation(
            frequency[::every], value[::every], weight[::every]
        )
        return Rows({"frequency": frequency, "monetary_value": value}, weight)

    def _set_aside(self, summary: Any) -> Any:
        """Return the usable customers; the same expressions serve pandas and Ibis."""
        once = summary["frequency"] == 0
        nothing = (summary["frequency"] > 0) & (summary["monetary_value"] <= 0)
        self.n_set_aside_ = dict(
            zip(
                _SET_ASIDE,
                (_count(summary, once), _count(summary, nothing)),
                strict=True,
            )
        )
        kept = ~(once | nothing)
        usable = (
            summary[kept] if isinstance(summary, pd.DataFrame) else summary.filter(kept)
        )
        if _count(usable, usable["frequency"] != 0) == 0:
            msg = (
                "Nobody in the summary has a repeat purchase with a positive "
                f"monetary_value (set aside: {self.n_set_aside_}). Gamma-Gamma learns "
                "from repeat buyers: use a longer history, or the mean order value for "
                "everybody."
            )
            raise NotEnoughHistoryError(msg)
        return usable

    def _check(self, table: pd.DataFrame, weight: FloatArray) -> None:
        frequency = table["frequency"].to_numpy()
        reject(
            frequency,
            (frequency < 0) | (frequency != np.floor(frequency)),
            table.index,
            "Column 'frequency' is not a whole number >= 0",
            "It counts repeat purchase periods.",
        )

    def _unit(self, rows: Rows) -> float:
        # the median: where q is near 1 a mean is as large as its largest value
        value = rows["monetary_value"]
        order = np.argsort(value)
        held = np.cumsum(rows.weight[order])
        return float(value[order][np.searchsorted(held, held[-1] / 2.0)])

    def _n_densities(self, rows: Rows) -> float:
        return rows.n_customers

    def _starts(self, rows: Rows) -> list[FloatArray]:
        # (p, q, v) whose mean p v / (q - 1) is one scaled unit: wide, middling, narrow
        shapes = [(1.0, 2.0), (6.0, 4.0), (3.0, 15.0)]
        return [np.log(np.array([p, q, (q - 1.0) / p])) for p, q in shapes]

    def _objective(self, rows: Rows) -> Objective:
        return _objective(rows["frequency"], rows["monetary_value"], rows.weight)

    def _warn(self, optimum: Any) -> None:
        super()._warn(optimum)
        pearson, spearman = self.correlations_with_frequency_.values()
        if max(abs(pearson), abs(spearman)) > _CORRELATION_LIMIT:
            msg = (
                "Mean spend goes along with the number of purchases (Pearson "
                f"{pearson:.2f}, Spearman {spearman:.2f}, limit "
                f"{_CORRELATION_LIMIT}), but Gamma-Gamma takes them as independent: "
                "values of heavy buyers will be biased. Fit customer groups apart, or "
                "prefer a regression for the value."
            )
            warnings.warn(msg, AssumptionWarning, stacklevel=3)


def frequency_value_correlation(
    frequency: FloatArray, value: FloatArray, weight: FloatArray
) -> dict[str, float]:
    """Return how far mean spend goes along with the number of purchases."""
    return {
        "pearson": _pearson(frequency, value, weight),
        "spearman": _pearson(
            _midranks(frequency, weight), _midranks(value, weight), weight
        ),
    }


def _pearson(left: FloatArray, right: FloatArray, weight: FloatArray) -> float:
    total = float(weight.sum())
    left = left - _sum(weight, left) / total
    right = right - _sum(weight, right) / total
    weighted = weight * left
    spread = float(np.sqrt(_sum(weighted, left) * _sum(weight * right, right)))
    if spread < 1e-12 * total:
        return 0.0
    return float(np.clip(_sum(weighted, right) / spread, -1.0, 1.0))


def _midranks(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return ranks of weighted values, ties at the middle of their run."""
    order = np.argsort(values)
    ordered = values[order]
    is_new = np.append(True, ordered[1:] != ordered[:-1])
    run = np.cumsum(is_new) - 1
    held = np.bincount(run, weights=weight[order])
    ranks = np.empty_like(values)
    ranks[order] = (np.cumsum(held) - held / 2.0)[run]
    return ranks


def _count(summary: Any, chosen: Any) -> float:
    """Return how many customers are chosen, counting weights."""
    weight = summary["weight"] if "weight" in summary.columns else 1.0
    total = (
        (chosen * weight).sum()
        if isinstance(summary, pd.DataFrame)
        else (
            summary.aggregate(n=(chosen.cast("float64") * weight).sum()).to_pandas()[
                "n"
            ][0]
        )
    )
    return 0.0 if pd.isna(total) else float(total)


def _history(summary: Any) -> tuple[FloatArray, FloatArray, pd.Index]:
    """Return frequency and value; a value nobody has earned yet is zero."""
    columns = ["frequency", "monetary_value"]
    if set(columns) <= set(getattr(summary, "columns", ())):
        known = summary["frequency"] > 0
        if isinstance(summary, pd.DataFrame):
            value = summary["monetary_value"].where(known, 0.0)
            summary = summary.assign(monetary_value=value)
        else:
            value = known.ifelse(summary["monetary_value"], 0.0)
            summary = summary.mutate(monetary_value=value)
    table = read_columns(summary, columns)
    value = np.maximum(table["monetary_value"].to_numpy(), 0.0)
    return table["frequency"].to_numpy(), value, table.index


def _log_density(x: FloatArray, m: FloatArray, theta: FloatArray) -> FloatArray:
    """Return the log of equation (1a)."""
    p, q, v = np.exp(theta)
    total = x * m
    return np.asarray(
        -betaln(p * x, q)
        - np.log(m)
        - p * x * np.log1p(v / total)
        - q * np.log1p(total / v)
    )


def _objective(x: FloatArray, m: FloatArray, weight: FloatArray) -> Objective:
    """Return the log-likelihood with its gradient over log p, log q, log v.

    Special functions are taken once a distinct x; a row costs one logarithm.
    """
    counts, place = np.unique(x, return_inverse=True)
    held = np.bincount(place, weights=weight).astype(np.float64)
    total, weighted_x = x * m, weight * x
    constant = _sum(weight, np.log(m))
    n_purchases, log_total = float(weighted_x.sum()), _sum(weighted_x, np.log(total))

    def evaluate(theta: FloatArray) -> tuple[float, FloatArray]:
        p, q, v = np.exp(theta)
        # log1p, not differences of logarithms: q and v may be huge together
        share = np.log1p(total / v)
        everybody = _sum(weight, share)
        if p < _NARROW:
            own = _sum(weighted_x, share) - log_total + n_purchases * theta[2]
        else:
            own = _sum(weighted_x, np.log1p(v / total))
        value = -_sum(held, betaln(p * counts, q)) - p * own - q * everybody
        both = digamma(p * counts + q)
        slope_p = _sum(held * counts, both - digamma(p * counts)) - own
        slope_q = _sum(held, both - digamma(q)) - everybody
        slope_v = _sum(q * weight * total - p * v * weighted_x, 1.0 / (total + v))
        return value - constant, np.array([p * slope_p, q * slope_q, slope_v])

    return evaluate


def _sum(left: FloatArray, right: FloatArray) -> float:
    """Return the sum of products; threads of a BLAS cost more than they save here."""
    return float(np.einsum("i,i->", left, right))
