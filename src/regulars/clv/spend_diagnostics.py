"""Whether Gamma-Gamma fits: the density of mean spend, and mean spend by frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.clv.rows import read_rows
from regulars.errors import NotEnoughHistoryError

if TYPE_CHECKING:
    from regulars.clv.fitting import FloatArray


def spend_density(
    value_model: Any, summary: Any, *, n_points: int = 100, upper_share: float = 0.99
) -> pd.DataFrame:
    """Return the density of mean spend among repeat buyers, and the model's.

    Parameters
    ----------
    value_model : GammaGammaModel
        Fitted.
    summary : pandas.DataFrame or ibis.Table
        Columns ``frequency`` and ``monetary_value`` (optional ``weight``).
    n_points : int, default=100
        Points from 0 to the quantile of `upper_share`, >= 10.
    upper_share : float, default=0.99
        Share of repeat buyers whose mean spend the range covers, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        ``value`` (money), ``actual`` (a kernel estimate on the logarithm) and
        ``expected`` densities a unit of money.

    Raises
    ------
    NotEnoughHistoryError
        When there is no repeat buyer with a positive value.

    Notes
    -----
    The model's density is the mean over the buyers' own frequencies.

    Examples
    --------
    >>> from regulars.clv import GammaGammaModel
    >>> rng = np.random.default_rng(0)
    >>> value = rng.gamma(6, 1, 500) * 15 / rng.gamma(4, 1, 500)
    >>> rows = pd.DataFrame({"frequency": 1, "monetary_value": value})
    >>> model = GammaGammaModel(penalty=0.001).fit(rows)
    >>> spend_density(model, rows, n_points=50).shape
    (50, 3)
    """
    frequency, value, weight = _repeat_buyers(summary)
    order = np.argsort(value, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    place = int(np.searchsorted(share, upper_share))
    top = value[order][min(place, value.size - 1)]
    grid = np.linspace(0.0, float(top), n_points + 1)[1:]
    counts, member = np.unique(frequency, return_inverse=True)
    held = np.bincount(member, weights=weight) / weight.sum()
    expected = sum(
        part * value_model.spend_density(grid, np.array(count))
        for part, count in zip(held, counts, strict=True)
    )
    actual = _log_kernel_density(value, weight, grid)
    return pd.DataFrame({"value": grid, "actual": actual, "expected": expected})


def spend_by_frequency(summary: Any, *, max_frequency: int = 10) -> pd.DataFrame:
    """Return mean spend by number of repeat purchases: flat if Gamma-Gamma holds.

    Parameters
    ----------
    summary : pandas.DataFrame or ibis.Table
        Columns ``frequency`` and ``monetary_value`` (optional ``weight``).
    max_frequency : int, default=10
        The last row is this frequency or more, >= 1.

    Returns
    -------
    pandas.DataFrame
        ``frequency``, ``n_customers``, ``mean_value`` and ``standard_error`` (money;
        missing where one customer is all there is).

    Raises
    ------
    NotEnoughHistoryError
        When there is no repeat buyer with a positive value.

    Examples
    --------
    >>> rows = pd.DataFrame(
    ...     {"frequency": [0, 1, 1], "monetary_value": [0.0, 10.0, 20.0]}
    ... )
    >>> spend_by_frequency(rows)["mean_value"].tolist()
    [15.0]
    """
    frequency, value, weight = _repeat_buyers(summary)
    groups, place = np.unique(np.minimum(frequency, max_frequency), return_inverse=True)
    n = np.bincount(place, weights=weight)
    mean = np.bincount(place, weights=weight * value) / n
    squares = np.bincount(place, weights=weight * (value - mean[place]) ** 2)
    error = np.sqrt(squares / np.where(n > 1, (n - 1) * n, np.nan))
    return pd.DataFrame(
        {
            "frequency": groups.astype(int),
            "n_customers": n,
            "mean_value": mean,
            "standard_error": error,
        }
    )


def _repeat_buyers(summary: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return frequency, value and weight of repeat buyers with a positive value."""
    columns = ["frequency", "monetary_value"]
    if isinstance(summary, pd.DataFrame) and set(columns) <= set(summary.columns):
        summary = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    elif set(columns) <= set(getattr(summary, "columns", ())):
        known = (summary["frequency"] > 0) & (summary["monetary_value"] > 0)
        summary = summary.filter(known)
    table, weight = read_rows(summary, columns)
    if table.empty:
        msg = "There is no repeat buyer with a positive monetary_value to look at."
        raise NotEnoughHistoryError(msg)
    return table["frequency"].to_numpy(), table["monetary_value"].to_numpy(), weight


def _log_kernel_density(
    value: FloatArray, weight: FloatArray, grid: FloatArray
) -> FloatArray:
    """Return a kernel density on the logarithm, binned so that size does not matter."""
    logs = np.log(value)
    mean = np.average(logs, weights=weight)
    spread = np.sqrt(np.average((logs - mean) ** 2, weights=weight))
    width = max(1.06 * spread * float(weight.sum()) ** -0.2, 1e-3)
    edges = np.linspace(logs.min() - 1e-9, logs.max() + 1e-9, 513)
    held, _ = np.histogram(logs, bins=edges, weights=weight)
    centres = (edges[:-1] + edges[1:]) / 2
    z = (np.log(grid)[:, None] - centres) / width
    kernel = np.exp(-0.5 * z**2) / (width * np.sqrt(2 * np.pi))
    return np.asarray(kernel @ (held / weight.sum()) / grid)
