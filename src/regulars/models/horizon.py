"""What scores are about: the predicted window, the money, the risk bands."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

BANDS = ("low", "medium", "high")


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """What scores are about; the predicted window is [cutoff + gap, ... + horizon)."""

    # None where a label column says what is predicted
    horizon_days: int | None
    gap_days: int = 0
    # share of spend that is margin, of lines without a margin of their own
    margin: float
    discount_rate_annual: float
    clv_horizon_days: int
    # churn_probability from which risk is medium, and high
    risk_bands: tuple[float, float]
    # the shorter horizon that a short history could teach; None: the horizon
    label_horizon_days: int | None = None
    currency: str = ""
    # silence in own gaps from which customers are late, and silent
    gap_breaks: tuple[float, float] = (1.5, 4.0)
    # shares of the customers below middle, and high, value
    value_breaks: tuple[float, float] = (0.5, 0.8)
    # how churn is extrapolated to the horizon; see regulars.models.extrapolation
    extrapolation_weight: float = 0.0

    @property
    def days(self) -> int:
        """The days of the predicted window, where there is one."""
        assert self.horizon_days is not None
        return self.horizon_days

    @property
    def teaching(self) -> Horizon:
        """The horizon that the members of the ensembles learn on."""
        return replace(self, horizon_days=self.label_horizon_days or self.horizon_days)

    def bands(self, probability: NDArray[np.float64]) -> NDArray[np.str_]:
        """Return the risk band of each probability of churn."""
        position = np.searchsorted(self.risk_bands, probability, side="right")
        return np.array(BANDS)[position]

    def to_dict(self) -> dict[str, Any]:
        """Return the terms as JSON-safe data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the terms that `to_dict` described."""
        pairs = ("risk_bands", "gap_breaks", "value_breaks")
        terms: dict[str, Any] = {
            name: tuple(value) if name in pairs else value
            for name, value in data.items()
        }
        # its name in models saved before 2026-11
        if "steadiness" in terms:
            terms["extrapolation_weight"] = terms.pop("steadiness")
        return cls(**terms)
