"""What moves a purchase process's forecast of one customer: its own three inputs."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import logit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.clv.process import PurchaseProcess

    Floats = NDArray[np.float64]

INPUTS = ("frequency", "recency_days", "T_days")
FLOOR = 1e-4


def process_shares(
    process: PurchaseProcess,
    features: pd.DataFrame,
    typical: Mapping[str, float] | pd.Series,
    *,
    horizon_days: int,
    gap_days: int = 0,
) -> pd.DataFrame:
    """Return each input's share of the log-odds of no purchase, against one customer.

    Exact Shapley values. The second input is the silence in a customer's own gaps:
    somebody with more orders and the same days of silence would be another person,
    and one with fewer may not exist.
    """
    own = _coordinates(features)
    usual = _coordinates(pd.DataFrame({name: [typical[name]] for name in INPUTS}))

    def log_odds(known: tuple[str, ...]) -> Floats:
        mixed = {name: own[name] if name in known else usual[name] for name in INPUTS}
        silent = process.predict(
            features.assign(**_history(mixed, len(features))),
            horizon_days=horizon_days,
            gap_days=gap_days,
        )["btyd_no_purchase_probability"]
        odds: Floats = logit(np.clip(silent.to_numpy(), FLOOR, 1 - FLOOR))
        return odds

    value = {
        known: log_odds(known)
        for size in range(len(INPUTS) + 1)
        for known in combinations(INPUTS, size)
    }
    shares = {name: _shapley(name, value) for name in INPUTS}
    return pd.DataFrame(shares, index=features.index)


def _shapley(name: str, value: Mapping[tuple[str, ...], Floats]) -> Floats:
    total: Floats = np.zeros(len(value[()]))
    for known, before in value.items():
        if name not in known:
            after = value[tuple(n for n in INPUTS if n in known or n == name)]
            weight = 1.0 / (len(INPUTS) * comb(len(INPUTS) - 1, len(known)))
            total += weight * (after - before)
    return total


def _coordinates(features: pd.DataFrame) -> dict[str, Floats]:
    orders, recency, age = (features[name].to_numpy(np.float64) for name in INPUTS)
    gaps = (age - recency) * (orders + 1.0) / np.maximum(age, 1.0)
    return dict(zip(INPUTS, (orders, gaps, age), strict=True))


def _history(mixed: Mapping[str, Floats], n_rows: int) -> dict[str, Floats]:
    """Return a history that can be, of one that is mixed from two customers'."""
    orders, gaps, age = (np.broadcast_to(mixed[name], n_rows) for name in INPUTS)
    silence = np.minimum(gaps * age / (orders + 1.0), age)
    # who never came back was last seen at first
    recency = np.where(orders > 0, age - silence, 0.0)
    return dict(zip(INPUTS, (orders, recency, age), strict=True))
