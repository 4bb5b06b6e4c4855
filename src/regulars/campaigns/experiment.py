"""A past campaign whose control group was drawn at random, as of its launch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Untouched:
    """Customers whom no campaign contacted, with what they did within a horizon.

    Attributes
    ----------
    features : array of shape (n_customers, n_features)
        As of the day from which the horizon runs; NaN where a value is missing.
    margin : array of shape (n_customers,)
        Margin within the horizon, in the currency of the amounts.
    kept : array of bool of shape (n_customers,)
        Whether they bought within the horizon.
    """

    features: Floats
    margin: Floats
    kept: NDArray[np.bool_]


@dataclass(frozen=True)
class Experiment:
    """Customers of a campaign: which offer each drew, and what they did afterwards.

    Attributes
    ----------
    offers : tuple of str
        Names of the offers, arms 1 and up; arm 0 is the control group.
    features : array of shape (n_customers, n_features)
        As of the launch; the columns of the baseline's.
    arm : array of int of shape (n_customers,)
        0 for control, else the number of the offer.
    shares : array of shape (n_customers, n_offers + 1)
        Probability of each arm, as it was drawn; rows add up to 1.
    margin, kept : arrays of shape (n_customers,)
        Of the horizon after the launch, before the offer's cost.
    is_planned : bool
        Whether `shares` are those that were planned; else they are those that came
        out, and cannot show that the draw was not carried out.
    """

    offers: tuple[str, ...]
    features: Floats
    arm: NDArray[np.int64]
    shares: Floats
    margin: Floats
    kept: NDArray[np.bool_]
    is_planned: bool = True

    def __len__(self) -> int:
        return len(self.arm)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Experiment:
        """Return some of the customers."""
        return replace(
            self,
            features=self.features[rows],
            arm=self.arm[rows],
            shares=self.shares[rows],
            margin=self.margin[rows],
            kept=self.kept[rows],
        )
