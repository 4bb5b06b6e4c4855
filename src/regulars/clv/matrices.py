"""P(alive) and expected purchases for every pair of frequency and recency.

These two numbers decide what a model expects of a customer of one age, so one picture
shows all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from regulars.clv.fitting import FloatArray


def alive_matrix(
    model: Any, T: float, *, max_frequency: int = 20, n_recencies: int = 40
) -> pd.DataFrame:
    """Return P(alive) of every pair of frequency and recency at one age.

    Parameters
    ----------
    model : fitted purchase model
        Without covariates.
    T : float
        Age of the customers in the model's unit, > 0.
    max_frequency : int, default=20
        Rows 0 to this.
    n_recencies : int, default=40
        Columns, recencies evenly from 0 to `T`; for discrete models every whole one.

    Returns
    -------
    pandas.DataFrame of shape (max_frequency + 1, n_recencies)
        Index ``frequency``, columns ``recency``; missing where a pair cannot occur.

    Examples
    --------
    >>> from regulars.clv import BetaGeoBetaBinomModel
    >>> rows = pd.DataFrame({
    ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
    ...     "weight": [60, 25, 15],
    ... })
    >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
    >>> alive_matrix(model, 4, max_frequency=1).shape
    (2, 5)
    """
    rows, shape = _grid(model, T, max_frequency, n_recencies)
    return _matrix(rows, model.probability_alive(rows["summary"]), shape)


def purchases_matrix(
    model: Any, T: float, t: float, *, max_frequency: int = 20, n_recencies: int = 40
) -> pd.DataFrame:
    """Return expected purchases in t of every pair of frequency and recency.

    Parameters
    ----------
    model : fitted purchase model
        Without covariates.
    T, t : float
        Age of the customers and length of the period, in the model's unit, > 0.
    max_frequency, n_recencies : int
        As in `alive_matrix`.

    Returns
    -------
    pandas.DataFrame of shape (max_frequency + 1, n_recencies)
        Index ``frequency``, columns ``recency``; missing where a pair cannot occur.

    Examples
    --------
    >>> from regulars.clv import BetaGeoBetaBinomModel
    >>> rows = pd.DataFrame({
    ...     "frequency": [0, 1, 2], "recency": [0, 2, 4], "T": 4,
    ...     "weight": [60, 25, 15],
    ... })
    >>> model = BetaGeoBetaBinomModel(penalty=0.01).fit(rows)
    >>> int(purchases_matrix(model, 4, 3, max_frequency=1).isna().sum().sum())
    5
    """
    rows, shape = _grid(model, T, max_frequency, n_recencies)
    return _matrix(rows, model.expected_purchases(rows["summary"], t), shape)


def _grid(
    model: Any, T: float, max_frequency: int, n_recencies: int
) -> tuple[dict[str, Any], tuple[FloatArray, FloatArray]]:
    """Return the pairs of frequency and recency that can occur at an age."""
    is_discrete = bool(getattr(model, "is_discrete", False))
    recencies = (
        np.arange(T + 1) if is_discrete else np.linspace(0.0, float(T), n_recencies)
    )
    counts = np.arange(max_frequency + 1, dtype=np.float64)
    x, recency = (
        grid.ravel() for grid in np.meshgrid(counts, recencies, indexing="ij")
    )
    possible = (x == 0) == (recency == 0)
    if is_discrete:
        possible &= x <= recency
    summary = pd.DataFrame({"frequency": x, "recency": recency, "T": float(T)})
    return {"summary": summary[possible], "possible": possible}, (counts, recencies)


def _matrix(
    rows: dict[str, Any], values: pd.Series, shape: tuple[FloatArray, FloatArray]
) -> pd.DataFrame:
    counts, recencies = shape
    filled = np.full(rows["possible"].size, np.nan)
    filled[rows["possible"]] = values.to_numpy()
    return pd.DataFrame(
        filled.reshape(counts.size, recencies.size),
        index=pd.Index(counts.astype(int), name="frequency"),
        columns=pd.Index(recencies, name="recency"),
    )
