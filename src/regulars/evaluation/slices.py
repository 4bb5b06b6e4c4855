"""Slices of the customer base, and how well a forecast does on each.

A model that is good on the whole cannot hide here that it is bad for some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.evaluation.clustered_gap import pooled_log_loss_gap
from regulars.evaluation.holdout import finite
from regulars.metrics.intervals import evaluate_churn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

MOST_COHORTS = 8
MOST_VALUES = 12
FEWEST_CUSTOMERS = 30
RESAMPLES = 400
BANDS = ("lowest third", "middle third", "highest third")
UNKNOWN = "unknown"
PERIODS = {"M": "month", "Q": "quarter", "Y": "year"}


def label_customers(
    features: pd.DataFrame, attributes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Label the customers of a cutoff by the parts they belong to.

    Parameters
    ----------
    features : DataFrame of shape (n_customers, n_features + 2)
        ``customer_id``, ``cutoff``, ``T_days`` (days since the first purchase) and
        ``revenue`` (past spend, net), as `build_matrix` gives them.
    attributes : DataFrame, optional
        ``customer_id`` and columns of the customers table. A column with more than 12
        values, or with one, is left out.

    Returns
    -------
    DataFrame of shape (n_customers, n_kinds)
        In the order of `features`: ``cohort`` (period of the first purchase: the
        finest of month, quarter and year with at most 8 of them), ``value_band``
        (thirds of past spend; equal spend stays together), and the attributes.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": [1, 2, 3], "cutoff": "2024-03-01",
    ...                      "T_days": [10.0, 40.0, 60.0], "revenue": [9.0, 5.0, 7.0]})
    >>> label_customers(rows)["value_band"].tolist()
    ['highest third', 'lowest third', 'middle third']
    >>> label_customers(rows)["cohort"].tolist()
    ['2024-02', '2024-01', '2024-01']
    """
    first = pd.to_datetime(features["cutoff"]) - pd.to_timedelta(
        features["T_days"], unit="D"
    )
    labels = {"cohort": _cohorts(first), "value_band": in_thirds(features["revenue"])}
    if attributes is not None:
        known = attributes.drop_duplicates("customer_id").set_index("customer_id")
        for name in known.columns:
            values = known[name].reindex(features["customer_id"]).astype("string")
            if 1 < values.nunique() <= MOST_VALUES:
                labels[str(name)] = values.fillna(UNKNOWN).to_numpy()
    return pd.DataFrame(labels, index=features.index)


def in_thirds(values: pd.Series) -> NDArray[np.object_]:
    """Return the third that each value lies in; equal values stay together."""
    share = values.rank(pct=True, method="average")
    # a share of exactly a third is in the lower band, whatever its last bit
    place = np.searchsorted([1 / 3, 2 / 3], share.fillna(0) - 1e-12, side="left")
    bands = np.array(BANDS, dtype=object)[place]
    return np.where(values.notna().to_numpy(), bands, UNKNOWN)


def _cohorts(first: pd.Series) -> NDArray[Any]:
    for period in PERIODS:
        labels = first.dt.to_period(period).astype(str)
        if labels.nunique() <= MOST_COHORTS:
            break
    return np.asarray(labels)


def evaluate_slices(
    churned: ArrayLike,
    model: ArrayLike,
    rival: ArrayLike,
    labels: pd.DataFrame,
    *,
    customers: ArrayLike | None = None,
    level: float = 0.95,
    random_state: int = 0,
) -> list[dict[str, Any]]:
    """Evaluate a forecast and a rival on each part of the base.

    Parameters
    ----------
    churned : array-like of shape (n_customers,)
        1 where the customer churned, else 0.
    model, rival : array-like of shape (n_customers,)
        Probability of churn by each.
    labels : DataFrame of shape (n_customers, n_kinds)
        As `label_customers` gives it.
    customers : array-like of shape (n_customers,), optional
        Owner of each row, where a customer has several (windows together); default:
        each row is another customer.
    level : float, default=0.95
        Confidence level of the paired intervals.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    list of dict
        One a part: ``slice`` (kind), ``value``, ``n_customers``, ``share``,
        ``churn_rate``, ``predicted_rate``, ``roc_auc``, ``log_loss``, ``ece`` of the
        model and ``difference`` (log loss of the model less the rival's: below 0 the
        model is better) with ``low`` and ``high``. Figures of a part with fewer than
        30 customers are None.

    Examples
    --------
    >>> y, p = np.array([0, 1] * 40), np.array([0.2, 0.8] * 40)
    >>> labels = pd.DataFrame({"value_band": ["a"] * 80})
    >>> [row] = evaluate_slices(y, p, 1 - p, labels)
    >>> row["value"], row["difference"] < 0
    ('a', True)
    """
    y, own, other = (np.asarray(a, dtype=np.float64) for a in (churned, model, rival))
    owners = np.arange(len(y)) if customers is None else np.asarray(customers)
    rows = []
    for kind in labels.columns:
        values = labels[kind].to_numpy()
        for value in _ordered(values):
            here = values == value
            row = {"slice": kind, "value": str(value), "share": float(here.mean())}
            part = (y[here], own[here], other[here])
            figures = _figures(*part, owners[here], level, random_state)
            rows.append(row | figures)
    return rows


def _ordered(values: NDArray[Any]) -> list[Any]:
    names = sorted(set(values))
    return [b for b in BANDS if b in names] if set(names) <= set(BANDS) else names


def _figures(
    y: Floats,
    own: Floats,
    other: Floats,
    owners: NDArray[Any],
    level: float,
    random_state: int,
) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "n_customers": len(y),
        "churn_rate": float(y.mean()),
        "predicted_rate": float(own.mean()),
        **dict.fromkeys(
            ("roc_auc", "log_loss", "ece", "difference", "low", "high"), None
        ),
    }
    if len(y) < FEWEST_CUSTOMERS:
        return figures
    metrics = evaluate_churn(y, own)
    gap = pooled_log_loss_gap(
        y,
        own,
        other,
        owners,
        n_resamples=RESAMPLES,
        level=level,
        random_state=random_state,
    )
    numbers: Mapping[str, float] = {
        **{name: metrics[name] for name in ("roc_auc", "log_loss", "ece")},
        **gap._asdict(),
    }
    return figures | finite(numbers)
