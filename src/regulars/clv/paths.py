"""P(alive) of many customers along time, through their past purchases.

It rises at each purchase and falls between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.clv.purchases import PurchaseModel


def alive_paths(
    model: PurchaseModel,
    purchases: pd.DataFrame,
    dates: Sequence[Any] | pd.DatetimeIndex,
    *,
    time_unit_days: float = 1.0,
) -> pd.DataFrame:
    """Return P(alive) of each customer at the end of each date.

    Parameters
    ----------
    model : PurchaseModel
        Fitted without covariates, in the unit of time given here.
    purchases : pandas.DataFrame
        A row a purchase: ``customer_id``, and ``order_date`` or ``order_time``.
        Purchases of one day are one. Returns are left out, as far as there are the
        columns ``is_return`` and ``amount`` (negative: a return).
    dates : sequence of dates of length n_dates
        Where to look; T runs to the date itself.
    time_unit_days : float, default 1.0
        Days in the unit of time of the fit; 7 for weeks.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, n_dates)
        Probabilities; NaN before a customer's first purchase. Rows are sorted by
        ``customer_id``.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> from regulars.clv import BetaGeoModel
    >>> summary = pd.DataFrame({
    ...     "frequency": [0, 1, 1, 2, 2, 4, 7],
    ...     "recency": [0, 3, 20, 9, 25, 26, 37],
    ...     "T": [39, 39, 30, 38, 29, 32, 39],
    ...     "weight": [140, 20, 12, 9, 6, 5, 4],
    ... })
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann"],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-01-05"]),
    ... })
    >>> dates = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-02-05"])
    >>> paths = alive_paths(BetaGeoModel().fit(summary), log, dates)
    >>> paths.loc["ann"].round(2).tolist()
    [1.0, 0.57, 0.19]
    """
    days = _purchase_days(purchases)
    when = pd.DatetimeIndex(pd.to_datetime(list(dates))).normalize()
    ids, owner = np.unique(days["customer_id"].to_numpy(), return_inverse=True)
    shape = (ids.size, when.size)
    # Days are sorted by customer and day: one search finds the last before a date
    day = days["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    look = when.to_numpy().astype("datetime64[D]").astype(np.int64)
    first = np.searchsorted(owner, np.arange(ids.size))
    width = int(max(day.max(initial=0), look.max(initial=0))) + 2
    base = int(min(day.min(initial=0), look.min(initial=0)))
    key = owner * (width - base) + (day - base)
    target = np.arange(ids.size)[:, np.newaxis] * (width - base) + (look - base)
    last = np.searchsorted(key, target.ravel(), side="right").reshape(shape) - 1
    started = last >= first[:, np.newaxis]
    last = np.maximum(last, first[:, np.newaxis])
    begin = day[first][:, np.newaxis]
    summary = pd.DataFrame(
        {
            "frequency": (last - first[:, np.newaxis]).ravel(),
            "recency": (day[last] - begin).ravel() / time_unit_days,
            "T": np.where(started, look - begin, 0).ravel() / time_unit_days,
        }
    )
    alive = model.probability_alive(summary).to_numpy().reshape(shape)
    index = pd.Index(ids, name="customer_id")
    return pd.DataFrame(np.where(started, alive, np.nan), index=index, columns=when)


def _purchase_days(purchases: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct purchase days, sorted by customer and day."""
    time = next((n for n in ("order_date", "order_time") if n in purchases), None)
    if time is None or "customer_id" not in purchases:
        msg = (
            "alive_paths needs the columns 'customer_id' and 'order_date' (or "
            f"'order_time'); the purchases have {sorted(map(str, purchases.columns))}."
        )
        raise DataError(msg)
    bought = purchases
    if "is_return" in bought:
        bought = bought[~(bought["is_return"].eq(True).fillna(False))]
    if "amount" in bought:
        bought = bought[~(bought["amount"] < 0)]
    day = pd.to_datetime(bought[time]).dt.normalize()
    days = pd.DataFrame({"customer_id": bought["customer_id"], "day": day})
    return days.drop_duplicates().sort_values(["customer_id", "day"])
