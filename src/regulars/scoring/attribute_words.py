"""Sentences about one attribute of customers, and where they stand with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.models.profile import Profile

# share of the customers on one side of whom a number is high or low
OFF_MIDDLE = 0.6
# share of the customers with the same number, from which it is one to name
OFTEN = 0.2


class OfOne:
    """What one attribute says of each customer; nothing where it is usual."""

    def __init__(self, codes: NDArray[np.intp], said: Sequence[str]) -> None:
        self._codes = codes
        self._said = np.array(said, dtype=object)

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Whether there is anything to say."""
        return np.asarray(self._said != "", bool)[self._codes]

    def texts(self, places: NDArray[np.intp]) -> NDArray[np.object_]:
        """Return the sentences of some customers."""
        return np.asarray(self._said[self._codes[places]])


def sentences(attributes: pd.DataFrame, profile: Profile) -> list[OfOne]:
    """Return what each attribute says."""
    return [_of_one(attributes[name], profile) for name in attributes.columns]


def _of_one(values: pd.Series, profile: Profile) -> OfOne:
    # the same value is the same sentence
    codes, kinds = pd.factorize(values, use_na_sentinel=False)
    name, distinct = str(values.name), list(kinds)
    words = in_words(name)
    if name in profile.quantiles:
        said = _of_numbers(words, distinct, profile.quantiles[name])
    else:
        said = _of_categories(words, distinct, profile.shares[name])
    missing = pd.isna(kinds)
    said = [
        f"{words} is not known" if unknown else text
        for text, unknown in zip(said, missing, strict=True)
    ]
    return OfOne(np.asarray(codes), said)


def _of_categories(
    words: str, kinds: Sequence[Any], shares: Mapping[str, float]
) -> list[str]:
    return [
        f"{words}: {kind}"
        + (f" ({shares[kind]:.0%} of customers)" if kind in shares else " (rare)")
        for kind in kinds
    ]


def _of_numbers(
    words: str, kinds: Sequence[float], quantiles: Sequence[float]
) -> list[str]:
    values, grid = np.asarray(kinds, dtype=np.float64), np.asarray(quantiles)
    if not len(grid):
        return [f"{words} {figure(value)}" for value in values]
    # strictly below and above: customers of the same value are on neither side
    below = np.searchsorted(grid, values, side="left") / len(grid)
    above = 1 - np.searchsorted(grid, values, side="right") / len(grid)
    return [
        f"{words} {figure(value)}{place}" if (place := _place(b, a)) else ""
        for value, b, a in zip(values, below, above, strict=True)
    ]


def _place(below: float, above: float) -> str:
    """Say where a number stands; in the middle there is nothing to say."""
    if above >= OFF_MIDDLE:
        return f": lower than {above:.0%} of customers"
    if below >= OFF_MIDDLE:
        return f": higher than {below:.0%} of customers"
    same = 1 - below - above
    return f", as {same:.0%} of customers" if same >= OFTEN else ""


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
