"""Checks that every metric makes of its arrays, in one place.

In come whatever array-likes the caller has; out go float arrays of equal length without
NaN or infinity, or a :class:`~regulars.errors.DataError` that names the argument, says
how many values are wrong and where, and what to do. A metric of a wrong array is a
number that looks right, so nothing is coerced here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray: TypeAlias = NDArray[np.float64]

__all__ = [
    "ArrayLike",
    "FloatArray",
    "as_numbers",
    "check_level",
    "check_outcome",
    "check_probability",
    "check_same_length",
    "check_share",
    "dot",
    "per_customer",
]


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
    """Return finite floats in one dimension, or say what is wrong with them.

    Parameters
    ----------
    name : str
        The argument as the caller spelt it, for the message.
    values : array-like of shape (n_customers,)
        Numbers or booleans.

    Returns
    -------
    ndarray of float64 of shape (n_customers,)

    Raises
    ------
    DataError
        If there are none, or they are not numbers, not finite, or not one-dimensional.

    Examples
    --------
    >>> as_numbers("score", [1, 2])
    array([1., 2.])
    """
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
    """Raise unless all arrays have one value for each of the same customers.

    Parameters
    ----------
    names : sequence of str
        The arguments as the caller spelt them.
    arrays : sequence of ndarray of shape (n_customers,)
        The arrays of these names.

    Raises
    ------
    DataError
        If the lengths differ.

    Examples
    --------
    >>> check_same_length(["y", "score"], [np.zeros(2), np.zeros(2)])
    """
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
    """Return the outcome (0 or 1) and the score as checked float arrays.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 or True where the customer churned, 0 or False where not.
    score : array-like of shape (n_customers,)
        Any finite numbers; higher means likelier to churn.
    score_name : str, default="score"
        Name of the second argument, for the message.

    Returns
    -------
    tuple of two ndarrays of shape (n_customers,)

    Raises
    ------
    DataError
        If either is no such array or their lengths differ.

    Examples
    --------
    >>> check_outcome([True, False], [0.9, 0.2])
    (array([1., 0.]), array([0.9, 0.2]))
    """
    outcome = as_numbers("y", y)
    scores = as_numbers(score_name, score)
    check_same_length(["y", score_name], [outcome, scores])
    neither = (outcome != 0.0) & (outcome != 1.0)
    _reject("y", neither, "neither 0 nor 1", "Pass 1 where the customer churned.")
    return outcome, scores


def check_probability(
    y: ArrayLike, probability: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return the outcome and a probability between 0 and 1 as checked float arrays.

    Parameters
    ----------
    y : array-like of shape (n_customers,)
        1 or True where the customer churned, 0 or False where not.
    probability : array-like of shape (n_customers,)
        Churn probability, 0 to 1.

    Returns
    -------
    tuple of two ndarrays of shape (n_customers,)

    Raises
    ------
    DataError
        If either is no such array, their lengths differ, or a value is outside [0, 1].

    Examples
    --------
    >>> check_probability([1, 0], [0.9, 0.2])
    (array([1., 0.]), array([0.9, 0.2]))
    """
    outcome, chance = check_outcome(y, probability, score_name="probability")
    outside = (chance < 0.0) | (chance > 1.0)
    remedy = "Pass probabilities, or use a ranking metric for a raw score."
    _reject("probability", outside, "outside [0, 1]", remedy)
    return outcome, chance


def check_share(name: str, value: float) -> float:
    """Return a share that is above 0 and at most 1.

    Parameters
    ----------
    name : str
        The argument as the caller spelt it.
    value : float
        What was passed.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the value is not in (0, 1].

    Examples
    --------
    >>> check_share("fraction", 0.1)
    0.1
    """
    if not 0.0 < value <= 1.0:
        msg = f"'{name}' is {value}; a share above 0 and at most 1 was expected."
        raise ValueError(msg)
    return float(value)


def check_level(level: float) -> float:
    """Return a confidence level that is between 0 and 1.

    Parameters
    ----------
    level : float
        What was passed.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it is not in (0, 1).

    Examples
    --------
    >>> check_level(0.95)
    0.95
    """
    if not 0.0 < level < 1.0:
        msg = f"'level' is {level}; a confidence level between 0 and 1 was expected."
        raise ValueError(msg)
    return float(level)


def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the sum of the products of two arrays.

    Not ``a @ b``: BLAS splits long arrays over its threads, so that the last bits hang
    on their number, and on a busy machine a thousand resamples took forty times as
    long.

    Parameters
    ----------
    a, b : ndarray of shape (n,)
        Numbers.

    Returns
    -------
    float

    Examples
    --------
    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float((a * b).sum())


def per_customer(name: str, value: ArrayLike, n_customers: int) -> FloatArray:
    """Return one amount a customer from a single number or an array.

    Parameters
    ----------
    name : str
        The argument as the caller spelt it.
    value : float or array-like of shape (n_customers,)
        An amount of money for all customers, or each customer's own.
    n_customers : int
        How many there are.

    Returns
    -------
    ndarray of float64 of shape (n_customers,)

    Raises
    ------
    DataError
        If the array is not finite or of another length.

    Examples
    --------
    >>> per_customer("clv", 200.0, 2)
    array([200., 200.])
    >>> per_customer("clv", [10.0, 300.0], 2)
    array([ 10., 300.])
    """
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
