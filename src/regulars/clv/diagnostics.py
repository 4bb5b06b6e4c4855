"""Whether a purchase model fits: actual figures beside expected ones.

Where a count will do, nothing is computed for single customers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.clv.rows import distinct, read_columns, read_rows
from regulars.errors import DataError, NotEnoughHistoryError

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray

_DAY = np.timedelta64(1, "D")


def tracking(
    model: Any,
    purchase_days: Any,
    *,
    time_unit_days: float,
    calibration_end: dt.date | None = None,
    end: dt.date | None = None,
    period_days: int = 7,
) -> pd.DataFrame:
    """Return repeat purchases period by period: those made and those expected.

    Parameters
    ----------
    model : fitted purchase model
        With ``expected_purchases_new_customer`` and without covariates.
    purchase_days : pandas.DataFrame or ibis.Table
        Columns ``customer_id`` and ``day``; rows where an optional ``is_purchase`` is
        false do not count, and a customer's rows of one day count once.
    time_unit_days : float
        Days in the model's unit of time (1 for days, 7 for weeks), > 0.
    calibration_end : datetime.date, optional
        First day that the model did not see. Customers who came later are left out.
        Default: the model saw everything.
    end : datetime.date, optional
        Where to stop (exclusive). Default the day after the last purchase.
    period_days : int, default=7
        Length of a period, >= 1. The last one may reach beyond `end`'s data and is
        then left out.

    Returns
    -------
    pandas.DataFrame
        One row a whole period: ``period`` (1, 2, ...), ``start`` (date), ``actual``,
        ``expected``, ``actual_cumulative``, ``expected_cumulative`` and
        ``is_holdout`` (the period ends after `calibration_end`).

    Raises
    ------
    DataError
        When a column is missing.
    NotEnoughHistoryError
        When there is not one whole period.

    Notes
    -----
    Everybody who first bought on day d is expected to make E(s - d) repeat purchases by
    day s, summed over the days of first purchases [1]_: the cost is days times
    periods, whatever the number of customers.

    References
    ----------
    .. [1] Fader, Hardie and Lee (2005), A Note on Implementing the Pareto/NBD Model in
       MATLAB, note 008, page 8.

    Examples
    --------
    >>> class HalfADay:
    ...     def expected_purchases_new_customer(self, t):
    ...         return 0.5 * t
    >>> days = pd.date_range("2024-01-01", periods=14)
    >>> log = pd.DataFrame({"customer_id": "c1", "day": days})
    >>> tracking(HalfADay(), log, time_unit_days=1)[["actual", "expected"]].values
    array([[6. , 3.5],
           [7. , 3.5]])
    """
    dates, repeats, new = _counts_by_day(purchase_days, calibration_end)
    start = dates[0]
    stop = dates[-1] + _DAY if end is None else np.datetime64(end, "D")
    n_periods = int((stop - start) / _DAY) // period_days
    if n_periods < 1:
        msg = (
            f"The purchases from {start} to {stop} do not fill one period of "
            f"{period_days} days. Pass a longer log or a smaller period_days."
        )
        raise NotEnoughHistoryError(msg)
    day = ((dates - start) / _DAY).astype(np.int64)
    ends = period_days * np.arange(1, n_periods + 1)
    actual = np.append(0.0, np.cumsum(repeats))[np.searchsorted(day, ends, side="left")]
    ages = np.maximum(ends[:, None] - day, 0) / time_unit_days
    expected = _new_customers(model, ages) @ new
    starts = pd.to_datetime(start + (ends - period_days) * _DAY).date
    first_unseen = (
        np.inf
        if calibration_end is None
        else ((np.datetime64(calibration_end, "D") - start) / _DAY)
    )
    return pd.DataFrame(
        {
            "period": np.arange(1, n_periods + 1),
            "start": starts,
            "actual": np.diff(actual, prepend=0.0),
            "expected": np.diff(expected, prepend=0.0),
            "actual_cumulative": actual,
            "expected_cumulative": expected,
            "is_holdout": ends > first_unseen,
        }
    )


def frequency_fit(model: Any, summary: Any, *, max_frequency: int = 7) -> pd.DataFrame:
    """Return how many customers made 0, 1, 2, ... repeat purchases, and should have.

    Parameters
    ----------
    model : fitted purchase model
        With ``probability_n_purchases_new_customer`` and without covariates.
    summary : pandas.DataFrame or ibis.Table
        Columns ``frequency`` and ``T`` (optional ``weight``): who the model was
        fitted to.
    max_frequency : int, default=7
        The last row counts this many purchases or more, >= 1.

    Returns
    -------
    pandas.DataFrame
        One row a frequency: ``frequency``, ``actual`` and ``expected`` customers. Both
        columns add up to the number of customers.

    Raises
    ------
    DataError
        When a column is missing.

    Notes
    -----
    Expected counts are sums over customers of P(X(T) = n), once a distinct T.

    Examples
    --------
    >>> from regulars.clv import BetaGeoBetaBinomModel
    >>> rows = pd.DataFrame({
    ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
    ...     "weight": [60, 25, 15],
    ... })
    >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
    >>> frequency_fit(model, rows, max_frequency=2)["actual"].tolist()
    [60.0, 25.0, 15.0]
    """
    table, weight = read_rows(summary, ["frequency", "T"])
    frequency = np.minimum(table["frequency"].to_numpy(), max_frequency).astype(int)
    (ages,), place = distinct([table["T"].to_numpy()])
    customers = np.bincount(place, weights=weight)
    expected = [
        float(customers @ model.probability_n_purchases_new_customer(np.array(n), ages))
        for n in range(max_frequency)
    ]
    actual = np.bincount(frequency, weights=weight, minlength=max_frequency + 1)
    rest = max(float(weight.sum()) - sum(expected), 0.0)
    return pd.DataFrame(
        {
            "frequency": np.arange(max_frequency + 1),
            "actual": actual,
            "expected": [*expected, rest],
        }
    )


def holdout_by_frequency(
    model: Any, summary: Any, actual: Any, *, t: float, max_frequency: int = 7
) -> pd.DataFrame:
    """Return mean purchases of the holdout period, by frequency before it.

    Parameters
    ----------
    model : fitted purchase model
        With ``expected_purchases``.
    summary : pandas.DataFrame
        One row a customer, with the columns of the model, at the cutoff.
    actual : array-like of shape (n_customers,)
        Purchase days of each in the holdout period, >= 0. A Series is matched by its
        index; customers it does not name made none.
    t : float
        Length of the holdout period in the model's unit, > 0.
    max_frequency : int, default=7
        The last row is this frequency or more, >= 1.

    Returns
    -------
    pandas.DataFrame
        One row a frequency that occurs: ``frequency``, ``n_customers``, ``actual`` and
        ``expected`` purchases a customer.

    Raises
    ------
    DataError
        When a column is missing or `actual` does not fit the summary.

    Examples
    --------
    >>> class Steady:
    ...     def expected_purchases(self, summary, t):
    ...         return pd.Series(0.5 * t, summary.index)
    >>> rows = pd.DataFrame({"frequency": [0, 0, 3]})
    >>> found = holdout_by_frequency(Steady(), rows, [1, 2, 4], t=4.0)
    >>> found[["actual", "expected"]].to_numpy().tolist()
    [[1.5, 2.0], [4.0, 2.0]]
    """
    frequency = read_columns(summary, ["frequency"])["frequency"]
    expected = model.expected_purchases(summary, t)
    made = _aligned(actual, frequency.index)
    group = np.minimum(frequency.to_numpy(), max_frequency)
    frame = pd.DataFrame({"frequency": group, "actual": made, "expected": expected})
    means = frame.groupby("frequency").agg(
        n_customers=("actual", "size"),
        actual=("actual", "mean"),
        expected=("expected", "mean"),
    )
    return means.reset_index().astype({"frequency": int})


def holdout_scores(expected: Any, actual: Any) -> dict[str, float]:
    """Return how far expected purchases are from those made.

    Parameters
    ----------
    expected, actual : array-like of shape (n_customers,)
        Purchases of each customer in the holdout period. Where both are Series, they
        are matched by index and customers without actual purchases made none.

    Returns
    -------
    dict of str to float
        ``mae``, ``rmse`` (purchases a customer), ``total_ratio`` (expected total over
        actual total, less 1), ``spearman`` (rank correlation).

    Raises
    ------
    DataError
        When the lengths differ or nobody bought anything.

    Examples
    --------
    >>> scores = holdout_scores([1.0, 0.5], [1, 1])
    >>> scores["mae"], scores["total_ratio"]
    (0.25, -0.25)
    """
    index = expected.index if isinstance(expected, pd.Series) else None
    predicted = np.asarray(expected, dtype=np.float64)
    made = _aligned(actual, pd.RangeIndex(predicted.size) if index is None else index)
    total = float(made.sum())
    if total <= 0:
        msg = (
            "Nobody bought anything in the holdout period, so there is nothing to "
            "compare expectations with. Pass a longer holdout."
        )
        raise DataError(msg)
    error = predicted - made
    ranks = pd.DataFrame({"expected": predicted, "actual": made}).rank()
    varies = bool((ranks.std() > 0).all())
    correlation = ranks.corr().to_numpy()[0, 1] if varies else 0.0
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "total_ratio": float(predicted.sum()) / total - 1.0,
        "spearman": float(correlation),
    }


def survival_fit(model: Any, summary: Any) -> pd.DataFrame:
    """Return the share of subscribers left after each renewal date, and the model's.

    Parameters
    ----------
    model : ShiftedBetaGeoModel
        Fitted.
    summary : pandas.DataFrame or ibis.Table
        Columns ``recency`` and ``T`` (optional ``weight``).

    Returns
    -------
    pandas.DataFrame
        ``period`` (0, 1, ...), ``n_at_risk``, ``actual`` and ``expected`` shares.

    Notes
    -----
    The actual share is Kaplan and Meier's: subscribers count for as many dates as they
    have come to.

    Examples
    --------
    >>> from regulars.clv import ShiftedBetaGeoModel, summary_from_survivors
    >>> cohort = summary_from_survivors([100, 80, 70])
    >>> fit = survival_fit(ShiftedBetaGeoModel().fit(cohort), cohort)
    >>> fit["actual"].round(2).tolist()
    [1.0, 0.8, 0.7]
    """
    table, weight = read_rows(summary, ["recency", "T"])
    recency, n = table["recency"].to_numpy(), table["T"].to_numpy()
    periods = np.arange(1, int(n.max()) + 1)
    faced = np.minimum(recency + 1, n).astype(int)
    at_risk = np.bincount(faced, weights=weight, minlength=periods.size + 1)
    at_risk = np.cumsum(at_risk[::-1])[::-1][1:]
    left = recency < n
    n_left = np.bincount(
        (recency[left] + 1).astype(int),
        weights=weight[left],
        minlength=periods.size + 1,
    )[1:]
    return pd.DataFrame(
        {
            "period": np.append(0, periods),
            "n_at_risk": np.append(float(weight.sum()), at_risk),
            "actual": np.append(
                1.0, np.cumprod(1.0 - n_left / np.maximum(at_risk, 1e-9))
            ),
            "expected": model.survival(np.append(0, periods)),
        }
    )


def _counts_by_day(
    purchase_days: Any, calibration_end: dt.date | None
) -> tuple[NDArray[np.datetime64], FloatArray, FloatArray]:
    """Return days, repeat and first purchases on each, counted in the engine."""
    table = (
        ibis.memtable(purchase_days)
        if isinstance(purchase_days, pd.DataFrame)
        else purchase_days
    )
    missing = [name for name in ("customer_id", "day") if name not in table.columns]
    if missing:
        msg = (
            f"purchase_days lacks the columns {missing}; it has {list(table.columns)}. "
            "Pass one row a customer and day."
        )
        raise DataError(msg)
    if "is_purchase" in table.columns:
        table = table.filter(table["is_purchase"])
    days = table.select("customer_id", day=table["day"].cast("date")).distinct()
    by_customer = ibis.window(group_by="customer_id")
    days = days.mutate(first=days["day"].min().over(by_customer))
    if calibration_end is not None:
        days = days.filter(days["first"] < ibis.literal(calibration_end))
    counts = days.group_by("day").aggregate(
        purchases=days.count(), new=(days["day"] == days["first"]).sum()
    )
    frame = counts.order_by("day").to_pandas()
    if frame.empty:
        msg = "purchase_days has no purchase before calibration_end. Pass a longer log."
        raise NotEnoughHistoryError(msg)
    day = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]")
    made, new = (frame[name].to_numpy(np.float64) for name in ("purchases", "new"))
    return day, made - new, new


def _new_customers(model: Any, ages: FloatArray) -> FloatArray:
    """Return expected purchases of new customers, once a distinct age."""
    distinct_ages, place = np.unique(ages, return_inverse=True)
    expected = np.asarray(model.expected_purchases_new_customer(distinct_ages))
    return expected[place].reshape(ages.shape)


def _aligned(actual: Any, index: pd.Index) -> FloatArray:
    """Return purchases in the order of an index; who is not named made none."""
    if isinstance(actual, pd.Series):
        unknown = actual.index.difference(index)
        if len(unknown):
            msg = (
                f"'actual' names {len(unknown):,} customers that the model was not "
                f"asked about ({', '.join(map(str, unknown[:5]))}). Keep only those of "
                "the summary."
            )
            raise DataError(msg)
        return actual.reindex(index, fill_value=0).to_numpy(dtype=np.float64)
    made = np.asarray(actual, dtype=np.float64)
    if made.shape != (len(index),):
        msg = (
            f"'actual' has shape {made.shape}, but there are {len(index)} customers. "
            "Pass one number a customer."
        )
        raise DataError(msg)
    return made
