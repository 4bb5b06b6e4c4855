"""Customers who stay and customers who leave: what reasons compare a customer with.

Against the average of all, a good customer in a shop that most people leave would have
nothing that speaks for leaving, however long the silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Usual:
    """What is usual of some customers."""

    # medians, of those for whom they are known
    features: pd.Series[float]
    # means of the contributions to the log-odds of churn
    contributions: pd.Series[float]

    @classmethod
    def of(
        cls, features: pd.DataFrame, contributions: pd.DataFrame, weight: Floats
    ) -> Self:
        """Return what is usual of customers that count for more or less."""
        medians = {
            str(name): _median(features[name].to_numpy(np.float64), weight)
            for name in features.columns
        }
        means = np.average(contributions.to_numpy(), axis=0, weights=weight)
        return cls(
            pd.Series(medians, dtype="float64"),
            pd.Series(means, index=contributions.columns),
        )

    @cached_property
    def usual(self) -> dict[str, float]:
        """The medians by name."""
        return {str(name): float(value) for name, value in self.features.items()}

    def shares_of(self, columns: Iterable[str]) -> Floats:
        """Return the contributions of some columns; 0 of one that nobody's had."""
        return np.array([self._shares.get(name, 0.0) for name in columns])

    @cached_property
    def _shares(self) -> dict[str, float]:
        return {str(name): float(each) for name, each in self.contributions.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-safe data."""
        known = self.features.dropna()
        return {
            "features": known.to_dict(),
            "contributions": self.contributions.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` described."""
        return cls(
            pd.Series(data["features"], dtype="float64"),
            pd.Series(data["contributions"], dtype="float64"),
        )


@dataclass(frozen=True)
class Contrast:
    """Those who stay and those who leave, as the model expects them."""

    stay: Usual
    leave: Usual

    @classmethod
    def of(
        cls, features: pd.DataFrame, contributions: pd.DataFrame, churn: Floats
    ) -> Self:
        """Learn both from customers, each counted by the probability of either."""
        return cls(
            Usual.of(features, contributions, 1.0 - churn),
            Usual.of(features, contributions, churn),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return both as JSON-safe data."""
        return {"stay": self.stay.to_dict(), "leave": self.leave.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` described."""
        return cls(Usual.from_dict(data["stay"]), Usual.from_dict(data["leave"]))


def _median(values: Floats, weight: Floats) -> float:
    known = np.isfinite(values)
    if not known.any():
        return np.nan
    values, weight = values[known], weight[known]
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(reached, 0.5 * reached[-1])])
