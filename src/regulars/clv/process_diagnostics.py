"""Whether a purchase process holds, as plain data for the report page.

In: a process fitted at a cutoff, its customers with what they bought afterwards, and
the purchase days of everybody. Out: one JSON-safe dict of tracking by week, purchases
by frequency, the matrix of P(alive) and the density of spend, which
`regulars.report.process_charts` draws without computing anything.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.clv.diagnostics import alive_matrix, tracking
from regulars.clv.process import DAYS_PER_WEEK, purchase_summary
from regulars.clv.spend_diagnostics import spend_density
from regulars.errors import DataError, NotEnoughHistoryError

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from regulars.clv.process import PurchaseProcess

_MOST_FREQUENT = 7  # the last group by frequency is this or more


def process_diagnostics(
    process: PurchaseProcess,
    rows: pd.DataFrame,
    purchase_days: Any = None,
    *,
    cutoff: dt.date,
    end: dt.date | None = None,
) -> dict[str, dict[str, Any]]:
    """Return how a fitted purchase process compares with what happened.

    Parameters
    ----------
    process : PurchaseProcess
        Fitted to the customers of `rows`.
    rows : DataFrame of shape (n_customers, n_columns)
        RFM features at the cutoff, with ``n_purchases`` (purchase days in the horizon)
        and ``btyd_expected_purchases``.
    purchase_days : ibis.Table or DataFrame, optional
        ``customer_id``, ``day`` and optionally ``is_purchase``, of everybody whom the
        process was fitted to. Default: no tracking through time.
    cutoff : datetime.date
        First day that the process did not see.
    end : datetime.date, optional
        Where tracking stops (exclusive). Default: the day after the last purchase.

    Returns
    -------
    dict of str to dict
        ``tracking`` (``week``, ``start``, ``actual``, ``expected``, both cumulative,
        ``cutoff_week``), ``by_frequency`` (``frequency`` as a label, ``n_customers``,
        ``actual``, ``expected`` purchases a customer), ``alive_matrix``
        (``frequency``, ``recency`` in weeks, ``p``; None where a pair cannot occur) and
        ``spend_density`` (``value``, ``actual``, ``expected``). JSON-safe.

    Raises
    ------
    DataError
        When a column is missing.

    See Also
    --------
    regulars.clv.diagnostics.tracking

    Examples
    --------
    >>> import datetime
    >>> import pandas as pd
    >>> from regulars.clv.process import PurchaseProcess
    >>> rng = np.random.default_rng(0)
    >>> age = rng.uniform(100, 300, 2000)
    >>> active = np.minimum(age, rng.exponential(1 / rng.gamma(1.0, 0.01, 2000)))
    >>> repeats = rng.poisson(rng.gamma(1.0, 0.02, 2000) * active)
    >>> most = np.maximum(repeats, 1)
    >>> last = np.where(repeats > 0, active * rng.beta(most, 1), 0.0)
    >>> spend = 20 * rng.gamma(6.0 * most) / most / rng.gamma(4.0, size=2000)
    >>> rows = pd.DataFrame({"frequency": 1.0 * repeats, "T_days": age,
    ...     "recency_days": last, "monetary_value": np.where(repeats > 0, spend, 0.0)})
    >>> process = PurchaseProcess().fit(rows)
    >>> forecast = process.predict(rows, horizon_days=90)
    >>> rows = rows.assign(n_purchases=1.0, **forecast)
    >>> found = process_diagnostics(process, rows, cutoff=datetime.date(2024, 1, 1))
    >>> sorted(found), found["by_frequency"]["actual"][:2]
    (['alive_matrix', 'by_frequency', 'spend_density'], [1.0, 1.0])
    """
    summary = purchase_summary(rows)
    found = {
        "by_frequency": _by_frequency(rows),
        "alive_matrix": _alive(process.purchases_, summary),
    }
    with suppress(NotEnoughHistoryError):  # nobody who came back paid anything
        found["spend_density"] = _lists(spend_density(process.spend_, summary))
    if purchase_days is not None:
        with suppress(NotEnoughHistoryError):  # not one whole week
            weeks = _tracking(process.purchases_, purchase_days, cutoff, end)
            found["tracking"] = weeks
    return found


def _by_frequency(rows: pd.DataFrame) -> dict[str, Any]:
    needed = ["frequency", "n_purchases", "btyd_expected_purchases"]
    missing = [name for name in needed if name not in rows.columns]
    if missing:
        msg = (
            f"The rows lack the columns {missing}. Pass those of a cutoff whose "
            "outcomes are known, with the forecasts of the process."
        )
        raise DataError(msg)
    group = rows["frequency"].clip(upper=_MOST_FREQUENT).astype(int)
    means = rows.groupby(group.rename("group")).agg(
        n_customers=("frequency", "size"),
        actual=("n_purchases", "mean"),
        expected=("btyd_expected_purchases", "mean"),
    )
    labels = [str(frequency) for frequency in means.index]
    if (rows["frequency"] > _MOST_FREQUENT).any():
        labels[-1] = f"{_MOST_FREQUENT} or more"
    return {"frequency": labels, **_lists(means)}


def _alive(model: Any, summary: pd.DataFrame) -> dict[str, Any]:
    """Return P(alive) of the oldest customers, as far as frequencies commonly go."""
    frequency = summary["frequency"]
    most = int(np.clip(frequency.quantile(0.99), 5, 40))
    oldest = float(summary["T"].max())
    matrix = alive_matrix(model, oldest, max_frequency=most)
    return {
        "frequency": matrix.index.tolist(),
        "recency": [round(float(week), 2) for week in matrix.columns],
        "p": matrix.astype(object).where(matrix.notna(), None).to_numpy().tolist(),
    }


def _tracking(
    model: Any, purchase_days: Any, cutoff: dt.date, end: dt.date | None
) -> dict[str, Any]:
    weeks = tracking(
        model,
        purchase_days,
        time_unit_days=DAYS_PER_WEEK,
        calibration_end=cutoff,
        end=end,
    )
    seen = (cutoff - weeks["start"].iloc[0]).days / DAYS_PER_WEEK
    kept = weeks.drop(columns="is_holdout").rename(columns={"period": "week"})
    kept["start"] = kept["start"].astype(str)
    return {**_lists(kept), "cutoff_week": round(seen, 2)}


def _lists(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): frame[name].tolist() for name in frame.columns}
