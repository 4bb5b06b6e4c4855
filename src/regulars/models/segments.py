"""Named RFM segments, for people who plan campaigns.

The bounds are learnt once and kept with the model, so that one customer scored alone
gets the same name as in the nightly batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

QUANTILES = (0.2, 0.4, 0.6, 0.8)

# rows: recency, 1 (longest silent) to 5; columns: frequency, 1 (fewest orders) to 5
NAMES = np.array(
    [
        ["Lost", "Lost", "At risk", "At risk", "Cannot lose"],
        ["Hibernating", "Hibernating", "At risk", "At risk", "Cannot lose"],
        ["About to sleep", "About to sleep", "Needs attention", "Loyal", "Loyal"],
        ["Promising", "Potential loyal", "Potential loyal", "Loyal", "Loyal"],
        ["New", "Potential loyal", "Potential loyal", "Champions", "Champions"],
    ]
)


class RfmSegments:
    """Recency and frequency fifths, and a name for each cell."""

    def fit(self, features: pd.DataFrame) -> Self:
        """Learn the bounds."""
        self.recency_bounds_ = np.quantile(features["days_since_last_order"], QUANTILES)
        self.frequency_bounds_ = np.quantile(features["n_orders"], QUANTILES)
        return self

    def label(self, features: pd.DataFrame) -> NDArray[np.str_]:
        """Return the segment of each customer.

        On a bound the longer silence and the fewer orders count: one-time buyers are
        never called frequent because they are many.
        """
        silence = features["days_since_last_order"].to_numpy()
        recency = 4 - np.searchsorted(self.recency_bounds_, silence, side="right")
        orders = features["n_orders"].to_numpy()
        frequency = np.searchsorted(self.frequency_bounds_, orders, side="left")
        names: NDArray[np.str_] = NAMES[recency, frequency]
        return names

    def to_dict(self) -> dict[str, Any]:
        """Return the bounds as JSON-safe data."""
        return {
            "recency_bounds": self.recency_bounds_.tolist(),
            "frequency_bounds": self.frequency_bounds_.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the segments that `to_dict` described."""
        segments = cls()
        segments.recency_bounds_ = np.array(data["recency_bounds"])
        segments.frequency_bounds_ = np.array(data["frequency_bounds"])
        return segments
