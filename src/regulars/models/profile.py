"""The spread of each attribute in the training rows, which reasons compare with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from regulars.models.tabular.encoding import TabularEncoder

N_QUANTILES = 101


@dataclass(frozen=True)
class Profile:
    """The spread of each attribute."""

    # of each number, from the smallest to the largest
    quantiles: Mapping[str, list[float]]
    # of each category, the share of the customers
    shares: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, attributes: pd.DataFrame, encoder: TabularEncoder) -> Self:
        """Describe the rows that an encoder was fitted to."""
        grid = np.linspace(0, 1, N_QUANTILES)
        quantiles, shares = {}, {}
        for name, kind in encoder.kinds_.items():
            if kind == "number":
                known = attributes[name].dropna()
                spread = np.quantile(known, grid) if len(known) else np.empty(0)
                quantiles[name] = spread.tolist()
            else:
                counts = attributes[name].value_counts(normalize=True, dropna=False)
                shares[name] = {v: float(counts[v]) for v in encoder.levels_[name]}
        return cls(quantiles, shares)

    @classmethod
    def of_columns(cls, attributes: pd.DataFrame) -> Self:
        """Describe numbers, and categories as objects."""
        grid = np.linspace(0, 1, N_QUANTILES)
        quantiles, shares = {}, {}
        for name in map(str, attributes):
            values = attributes[name]
            if values.dtype == object:
                shares[name] = {
                    str(level): float(share)
                    for level, share in values.value_counts(normalize=True).items()
                }
            else:
                known = values.dropna()
                spread = np.quantile(known, grid) if len(known) else np.empty(0)
                quantiles[name] = spread.tolist()
        return cls(quantiles, shares)

    def to_dict(self) -> dict[str, Any]:
        """Return the spread as JSON-safe data."""
        return asdict(self)
