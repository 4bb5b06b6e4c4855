"""Sentences about one attribute of customers, and where they stand with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from regulars.models.profile import Profile

    Floats = NDArray[np.float64]


def sentences(
    attributes: pd.DataFrame,
    profile: Profile,
    position: int,
    who: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Return what an attribute says of some of the customers, a sentence each."""
    name = str(attributes.columns[position])
    values = attributes[name][who]
    words = in_words(name)
    missing = values.isna().to_numpy()
    if name in profile.quantiles:
        places = _places(values.to_numpy(np.float64), profile.quantiles[name])
        shown = [f"{words} {figure(v)}" for v in values]
    else:
        shares = profile.shares[name]
        shown = [f"{words}: {value}" for value in values]
        places = [
            f" ({shares[v]:.0%} of customers)" if v in shares else " (rare)"
            for v in values
        ]
    said = np.array([s + p for s, p in zip(shown, places, strict=True)], dtype=object)
    said[missing] = f"{words} is not known"
    return said


def _places(values: Floats, quantiles: Sequence[float]) -> list[str]:
    if not quantiles:
        return [""] * len(values)
    grid = np.asarray(quantiles)
    # strictly below and above: customers of the same value are on neither side
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
    # beyond 1e15 a float no longer tells whole numbers apart
    if number.is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.2f}" if abs(number) >= 100 else f"{number:.3g}"
