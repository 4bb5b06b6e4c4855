"""Features as ranks among the customers of their own snapshot.

A log that grows, or a season, moves the level of a feature from cutoff to cutoff: what
was a long history in spring is a short one in autumn. Its rank among the customers of
the same day does not move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# points of each column's distribution that are kept
N_QUANTILES = 201
# between snapshots, of the mean rank in all of them, from which a column has drifted
LEAST_DRIFT = 0.05


class SnapshotRanks:
    """Ranks of columns against the customers of one snapshot.

    Parameters
    ----------
    columns : sequence of str
        Those that become ranks; the others stay as they are.

    Attributes
    ----------
    quantiles_ : dict of str to array of shape (n_quantiles,)
        Of each column in the snapshot; empty where nobody has a value.

    Examples
    --------
    >>> spring = pd.DataFrame({"orders": [1.0, 2.0, 2.0, 5.0]})
    >>> ranks = SnapshotRanks(["orders"]).fit(spring)
    >>> ranks.transform(spring)["orders"].round(1).tolist()
    [0.1, 0.5, 0.5, 0.9]
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)

    def fit(self, rows: pd.DataFrame) -> Self:
        """Learn how the columns are distributed in a snapshot.

        Parameters
        ----------
        rows : DataFrame of shape (n_customers, n_features)
            Everybody of the snapshot.

        Returns
        -------
        self
        """
        self.quantiles_ = {
            name: _quantiles(rows[name].to_numpy(np.float64)) for name in self.columns
        }
        return self

    def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with ranks in (0, 1); what is missing stays missing.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_features)
            Customers of the snapshot, or others to be compared with them.

        Returns
        -------
        DataFrame of shape (n_rows, n_features)
        """
        ranked = {
            name: _rank(rows[name].to_numpy(np.float64), self.quantiles_[name])
            for name in self.columns
        }
        return rows.assign(**ranked)

    def of(self, values: Floats, names: Sequence[str]) -> Floats:
        """Return the same of an array with named columns."""
        if not self.columns:
            return values
        ranked = values.copy()
        for name in self.columns:
            place = list(names).index(name)
            ranked[:, place] = _rank(values[:, place], self.quantiles_[name])
        return ranked

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt as JSON-safe data.

        Returns
        -------
        dict
        """
        return {name: points.tolist() for name, points in self.quantiles_.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the ranks that `to_dict` described.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.

        Returns
        -------
        SnapshotRanks
        """
        model = cls(tuple(data))
        model.quantiles_ = {name: np.array(points) for name, points in data.items()}
        return model


def ranked_by_snapshot(
    rows: pd.DataFrame, snapshots: ArrayLike, columns: Sequence[str]
) -> pd.DataFrame:
    """Return rows of several snapshots, each ranked among those of its own."""
    code, each = pd.factorize(np.asarray(snapshots))
    places = [np.flatnonzero(code == number) for number in range(len(each))]
    parts = []
    for place in places:
        own = rows.iloc[place]
        parts.append(SnapshotRanks(columns).fit(own).transform(own))
    # back to the order in which the rows came
    order = np.argsort(np.concatenate(places))
    return pd.concat(parts).iloc[order]


def drifting(rows: pd.DataFrame, snapshots: ArrayLike) -> tuple[str, ...]:
    """Return the columns whose level moves from snapshot to snapshot."""
    ranks = rows.rank(pct=True).groupby(np.asarray(snapshots)).mean()
    spread = ranks.max() - ranks.min()
    return tuple(str(name) for name in rows.columns[spread > LEAST_DRIFT])


def _quantiles(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    if not len(known):
        return known
    grid = np.linspace(0, 1, N_QUANTILES)
    return np.quantile(known, grid, method="inverted_cdf")


def _rank(values: Floats, points: Floats) -> Floats:
    """Return the share of the points below each value, ties by half."""
    if not len(points):
        return np.full(len(values), np.nan)
    below = np.searchsorted(points, values, side="left")
    up_to = np.searchsorted(points, values, side="right")
    return np.where(np.isnan(values), np.nan, (below + up_to) / (2 * len(points)))
