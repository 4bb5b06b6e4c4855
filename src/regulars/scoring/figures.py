"""Numbers as texts that a person would write, an array at a time."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    # of object: a text each
    Texts = NDArray[np.object_]


def number(values: Floats, digits: int = 0) -> Texts:
    """Return numbers with separated thousands; unknown ones as 0."""
    known = np.nan_to_num(values, posinf=np.inf, neginf=-np.inf).tolist()
    return _texts([f"{value:,.{digits}f}" for value in known])


def counted(values: Floats, noun: str, plural: str = "") -> Texts:
    """Return how many there are of a thing."""
    one = np.round(values) == 1
    nouns = [f" {noun}" if n else f" {plural or noun + 's'}" for n in one.tolist()]
    return joined(number(values), _texts(nouns))


def days_ago(values: Floats) -> Texts:
    """Return how long ago a day is."""
    ago = joined(counted(values, "day"), " ago")
    return either(np.round(values) == 0, "today", ago)


def money(values: Floats, currency: str) -> Texts:
    """Return amounts; cents are shown below a hundred, above they are noise."""
    amount = either(np.abs(values) < 100, number(values, 2), number(values))
    return joined(f"{currency} ", amount) if currency else amount


def percent(values: Floats) -> Texts:
    """Return shares as whole per cent."""
    return joined(number(100 * values), "%")


def either(is_so: NDArray[np.bool_], so: Texts | str, otherwise: Texts) -> Texts:
    """Return one text where something is so, another where it is not."""
    return np.where(is_so, np.asarray(so, dtype=object), otherwise)


def joined(*parts: Texts | str) -> Texts:
    """Return texts put together; a single one stands for everybody."""
    whole: Texts = reduce(operator.add, (np.asarray(p, dtype=object) for p in parts))
    return whole


def _texts(values: list[str]) -> Texts:
    return np.array(values, dtype=object)
