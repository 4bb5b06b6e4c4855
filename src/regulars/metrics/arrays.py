"""Checks that every metric makes of its arrays.

A metric of a wrong array is a number that looks right, so nothing is coerced here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

FloatArray: TypeAlias = NDArray[np.float64]


def _positions(bad: NDArray[np.bool_]) -> str:
    where = np.flatnonzero(bad)
    shown = ", ".join(str(i) for i in where[:5])
    return f"{where.size:,} of {bad.size:,} values (at {shown}"


def _reject(name: str, bad: NDArray[np.bool_], fault: str, remedy: str) -> None:
    if bad.any():
        where = _positions(bad)
        more = ", ...)" if bad.sum() > 5 else ")"
        msg = f"'{name}' has {where}{more} that are {fault}. {remedy}"
        raise DataError(msg)


def as_numbers(name: str, values: ArrayLike) -> FloatArray:
    """Return finite floats in one dimension, or say what is wrong with them."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = (
            f"'{name}' must hold numbers without missing values, but could not be "
            f"read as such ({error}). Convert it, or drop the rows in question."
        )
        raise DataError(msg) from error
    if array.ndim != 1:
        msg = (
            f"'{name}' has shape {array.shape}; one value a customer was expected, "
            "shape (n_customers,). Pass a single column."
        )
        raise DataError(msg)
    if array.size == 0:
        msg = f"'{name}' is empty. A metric needs at least one customer."
        raise DataError(msg)
    remedy = "Drop or repair these customers before measuring."
    _reject(name, ~np.isfinite(array), "NaN or infinite", remedy)
    return array


def check_same_length(names: Sequence[str], arrays: Sequence[FloatArray]) -> None:
    """Raise unless all arrays have one value for each of the same customers."""
    if len({array.size for array in arrays}) > 1:
        lengths = ", ".join(
            f"'{n}' has {a.size:,}" for n, a in zip(names, arrays, strict=True)
        )
        msg = (
            f"Lengths differ: {lengths}. Each needs one value for each customer, "
            "in the same order."
        )
        raise DataError(msg)


def check_outcome(
    y: ArrayLike, score: ArrayLike, *, score_name: str = "score"
) -> tuple[FloatArray, FloatArray]:
    """Return the outcome (0 or 1) and the score as checked float arrays."""
    outcome = as_numbers("y", y)
    scores = as_numbers(score_name, score)
    check_same_length(["y", score_name], [outcome, scores])
    neither = (outcome != 0.0) & (outcome != 1.0)
    _reject("y", neither, "neither 0 nor 1", "Pass 1 where the customer churned.")
    return outcome, scores


def check_probability(
    y: ArrayLike, probability: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return the outcome and a probability between 0 and 1 as checked float arrays."""
    outcome, chance = check_outcome(y, probability, score_name="probability")
    outside = (chance < 0.0) | (chance > 1.0)
    remedy = "Pass probabilities, or use a ranking metric for a raw score."
    _reject("probability", outside, "outside [0, 1]", remedy)
    return outcome, chance


def check_share(name: str, value: float) -> float:
    """Return a share that is above 0 and at most 1."""
    if not 0.0 < value <= 1.0:
        msg = f"'{name}' is {value}; a share above 0 and at most 1 was expected."
        raise ValueError(msg)
    return float(value)


def check_level(level: float) -> float:
    """Return a confidence level that is between 0 and 1."""
    if not 0.0 < level < 1.0:
        msg = f"'level' is {level}; a confidence level between 0 and 1 was expected."
        raise ValueError(msg)
    return float(level)


def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of the products of two arrays.

    Not ``a @ b``: BLAS splits long arrays over its threads, so that the last bits hang
    on their number, and on a busy machine a thousand resamples took forty times as
    long.
    """
    return float(dots(a, b))


def dots(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return :func:`dot` along the last axis, one number for each row before it."""
    return np.asarray((a * b).sum(axis=-1))


def per_customer(name: str, value: ArrayLike, n_customers: int) -> FloatArray:
    """Return one amount a customer from a single number or an array."""
    if np.ndim(value) == 0:
        return np.full(n_customers, as_numbers(name, np.ravel(value))[0])
    amounts = as_numbers(name, value)
    if amounts.size != n_customers:
        msg = (
            f"'{name}' has {amounts.size:,} values for {n_customers:,} customers. "
            "Pass one number for all, or one for each in the order of 'y'."
        )
        raise DataError(msg)
    return amounts
