"""What moves a purchase process's forecast of one customer: what it knows of them."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from regulars.clv.outlook import DAYS_PER_WEEK, silent_in
from regulars.clv.process import ORDER_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.clv.outlook import Outlook

    Floats = NDArray[np.float64]

# what the process reads, and the feature that it is a share of
FEATURE_OF = {
    "frequency": "frequency",
    "gaps": "recency_days",
    "T": "T_days",
    ORDER_SIZE: "aov",
}
# of probabilities, and of weeks
FLOOR = 1e-4


def process_shares(
    outlook: Outlook,
    typical: pd.Series[float],
    *,
    horizon_days: int,
    gap_days: int = 0,
) -> dict[str, Floats]:
    """Return each input's share of the log-odds of no purchase, against one customer.

    Exact Shapley values. The silence is measured in a customer's own gaps: many orders
    and the long silence of somebody with one would be a customer who cannot be.
    """
    own = _inputs(outlook.history)
    # who has orders of the usual size, where the process asks for it
    of_all = _inputs(_typical(typical))
    usual = {name: of_all[name] for name in own}
    names, n_rows = tuple(own), len(own["T"])

    sets = [s for size in range(len(names) + 1) for s in combinations(names, size)]
    # all of them at once: customers under each other, once for each set
    mixed = {
        name: np.concatenate(
            [np.broadcast_to((own if name in s else usual)[name], n_rows) for s in sets]
        )
        for name in names
    }
    standing = outlook.purchases.standing_of(_history(mixed))
    silent = silent_in(standing, horizon_days, gap_days)
    odds = logit(np.clip(silent, FLOOR, 1 - FLOOR)).reshape(len(sets), n_rows)
    value = dict(zip(sets, odds, strict=True))
    return {FEATURE_OF[name]: _shapley(name, names, value) for name in names}


def _shapley(
    name: str, names: tuple[str, ...], value: Mapping[tuple[str, ...], Floats]
) -> Floats:
    """Return the mean step that an input makes, whatever is known before it."""
    total: Floats = np.zeros(len(value[()]))
    for known, before in value.items():
        if name not in known:
            after = value[tuple(n for n in names if n in known or n == name)]
            total += (after - before) / (len(names) * comb(len(names) - 1, len(known)))
    return total


def _typical(medians: pd.Series[float]) -> dict[str, Floats]:
    recency, age = medians["recency_days"], medians["T_days"]
    # medians of columns need not be a history of anybody: of an even number of
    # customers one can lie between two whole numbers of orders
    history = {
        "frequency": np.floor(medians["frequency"]),
        "recency": min(recency, age) / DAYS_PER_WEEK,
        "T": age / DAYS_PER_WEEK,
        # a logarithm: orders of the usual size
        ORDER_SIZE: 0.0,
    }
    return {name: np.array([value]) for name, value in history.items()}


def _inputs(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    orders, age = columns["frequency"], columns["T"]
    gaps = (age - columns["recency"]) * (orders + 1.0) / np.maximum(age, FLOOR)
    inputs = {"frequency": orders, "gaps": gaps, "T": age}
    if ORDER_SIZE in columns:
        inputs[ORDER_SIZE] = columns[ORDER_SIZE]
    return inputs


def _history(mixed: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return a history that can be, of one that is mixed from two customers'."""
    rows = dict(mixed)
    gaps, orders, age = rows.pop("gaps"), rows["frequency"], rows["T"]
    silence = gaps * age / (orders + 1.0)
    # who never came back was last seen at first, who did later than that
    recency = np.where(orders > 0, np.maximum(age - silence, FLOOR), 0.0)
    return {**rows, "recency": recency}
