"""Why a customer's risk is what it is, from the attributes of the row.

Attributes and each attribute's share of the log-odds come in; for every customer the
three strongest reasons go out, with the customer's own value and where it stands among
the customers that the model learnt from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.models.tabular.model import AttributeModel

    Floats = NDArray[np.float64]

N_REASONS = 3


def explain_rows(
    model: AttributeModel, attributes: pd.DataFrame, probability: Floats
) -> list[list[str]]:
    """Return the strongest reasons of each customer."""
    rows = model.encoder_.typed(attributes)
    strength = model.contributions(attributes).to_numpy()
    strength = np.where((probability >= model.base_rate_)[:, None], strength, -strength)
    names = list(model.encoder_.kinds_)
    order = np.argsort(-strength, axis=1, kind="stable")[:, :N_REASONS]
    told = np.take_along_axis(strength, order, axis=1) > 0
    told[:, 0] = True  # somebody asks why: the strongest is always told
    sentences = np.full(order.shape, "", dtype=object)
    for position, name in enumerate(names):
        hit = (order == position) & told
        where = hit.any(axis=1)
        if where.any():
            words = _sentences(model, name, rows[name][where])
            sentences[hit] = words
    return [row[keep].tolist() for row, keep in zip(sentences, told, strict=True)]


def _sentences(
    model: AttributeModel, name: str, values: pd.Series
) -> NDArray[np.object_]:
    words = in_words(name)
    missing = values.isna().to_numpy()
    if model.encoder_.kinds_[name] == "number":
        places = _places(values.to_numpy(np.float64), model.quantiles_[name])
        shown = [f"{words} {figure(v)}" for v in values]
    else:
        shares: dict[str, float] = model.shares_[name]
        shown = [f"{words}: {value}" for value in values]
        places = [
            f" ({shares[v]:.0%} of customers)" if v in shares else " (rare)"
            for v in values
        ]
    found = np.array([s + p for s, p in zip(shown, places, strict=True)], dtype=object)
    found[missing] = f"{words} is not known"
    return found


def _places(values: Floats, quantiles: list[float]) -> list[str]:
    if not quantiles:
        return [""] * len(values)
    grid = np.asarray(quantiles)
    below = np.searchsorted(grid, values, side="left") / len(grid)
    above = 1 - np.searchsorted(grid, values, side="right") / len(grid)
    return [
        f": lower than {a:.0%} of customers"
        if a > max(b, 0.5)
        else f": higher than {b:.0%} of customers"
        if b > 0.5
        else ", as many customers have"
        for b, a in zip(below, above, strict=True)
    ]


def in_words(name: str) -> str:
    """Return the name of a column as words."""
    return " ".join(name.replace("_", " ").split()).lower()


def figure(value: Any) -> str:
    """Return a number as a person writes it."""
    number = float(value)
    if not np.isfinite(number):
        return "unknown"
    if number.is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.2f}" if abs(number) >= 100 else f"{number:.3g}"
