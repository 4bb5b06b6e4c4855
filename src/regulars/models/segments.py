"""Named segments by a customer's own rhythm and value, for people who plan campaigns.

What is usual is learnt once and kept with the model, so that one customer scored alone
gets the same name as in the nightly batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# rows: on time, late, silent; columns: value low, middle, high
NAMES = np.array(
    [
        ["Steady", "Loyal", "Loyal"],
        ["About to sleep", "Needs attention", "Cannot lose"],
        ["Lost", "Hibernating", "Win back"],
    ]
)
# who has bought once, by the same rows
ONCE = np.array(["New", "Undecided", "Came once"])
# on time, of high value, and at low risk
BEST = "Champions"


class Segments:
    """How long customers are silent for them, how much they are worth, and a name."""

    def __init__(
        self, gap_breaks: tuple[float, float], value_breaks: tuple[float, float]
    ) -> None:
        # in gaps of their own, from which customers are late, and silent
        self.gap_breaks = gap_breaks
        # shares of the customers below middle, and high, value
        self.value_breaks = value_breaks

    def fit(self, features: pd.DataFrame, value: ArrayLike) -> Self:
        """Learn the usual gap, and which value is high."""
        back = features[features["frequency"] > 0]
        gaps = (back["recency_days"] / back["frequency"]).to_numpy(np.float64)
        self.usual_gap_ = float(np.median(gaps)) if len(gaps) else 1.0
        self.value_bounds_ = np.quantile(np.asarray(value), self.value_breaks)
        return self

    def label(
        self, features: pd.DataFrame, value: ArrayLike, band: NDArray[np.str_]
    ) -> NDArray[np.str_]:
        """Return the segment of each customer.

        No name promises more than the probability of churn: who is at high risk is not
        on time, and the best are at low risk.
        """
        repeats = features["frequency"].to_numpy(np.float64)
        # drawn towards the usual gap, as if each had shown that one beside their own
        gap = (features["recency_days"].to_numpy(np.float64) + self.usual_gap_) / (
            repeats + 1.0
        )
        silence = features["days_since_last_order"].to_numpy(np.float64) / gap
        lateness = np.searchsorted(self.gap_breaks, silence, side="right")
        lateness = np.maximum(lateness, (band == "high").astype(int))
        tier = np.searchsorted(self.value_bounds_, np.asarray(value), side="left")
        names = np.where(repeats > 0, NAMES[lateness, tier], ONCE[lateness])
        is_best = (repeats > 0) & (lateness == 0) & (tier == 2) & (band == "low")
        return np.where(is_best, BEST, names)

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt as JSON-safe data."""
        return {
            "gap_breaks": list(self.gap_breaks),
            "value_breaks": list(self.value_breaks),
            "usual_gap": self.usual_gap_,
            "value_bounds": self.value_bounds_.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the segments that `to_dict` described."""
        segments = cls(tuple(data["gap_breaks"]), tuple(data["value_breaks"]))
        segments.usual_gap_ = float(data["usual_gap"])
        segments.value_bounds_ = np.array(data["value_bounds"])
        return segments
