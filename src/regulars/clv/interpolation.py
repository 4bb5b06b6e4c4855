"""A costly smooth function of age, of many customers: by polynomials, to 1e-12.

Customers with as many purchases differ by their age alone. Where there are many of
them, the function is worked out at a few ages and interpolated.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from regulars.clv.special import over_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from regulars.clv.fitting import FloatArray

TOLERANCE = 1e-14  # of the largest value; the smallest are some hundred times less


def along_ages(
    function: Callable[[FloatArray, FloatArray], FloatArray],
    frequency: FloatArray,
    age: FloatArray,
    scale: float,
) -> FloatArray:
    """Evaluate a function of frequency and age for many customers.

    It has to depend on the age by ``scale + age``, as (1 + p t / (scale + age))^-r
    does: in u = log(scale + age) that is analytic, and no larger than on the line, up
    to imaginary pi / 2. That bounds the error of a polynomial of so many nodes.
    """
    u = np.log(scale + age)
    low = float(u.min())
    width = max(float(u.max()) - low, 1e-9)
    n_nodes = _n_nodes(width)
    kinds, kind, count = np.unique(frequency, return_inverse=True, return_counts=True)
    is_many = count > n_nodes
    if not is_many.any():
        return function(frequency, age)
    nodes, to_coefficients = _chebyshev(n_nodes)
    grid = np.exp(low + width * (nodes + 1.0) / 2.0) - scale
    many, few = is_many[kind], ~is_many[kind]
    values = function(
        np.append(np.repeat(kinds[is_many], n_nodes), frequency[few]),
        np.append(np.tile(grid, int(is_many.sum())), age[few]),
    )
    n_grid = len(values) - int(few.sum())
    at_nodes = values[:n_grid].reshape(-1, n_nodes)
    coefficients = np.stack([over_nodes(at_nodes, row) for row in to_coefficients])
    found = np.empty(len(age))
    found[few] = values[n_grid:]
    place = (np.cumsum(is_many) - 1)[kind[many]]
    found[many] = _sum(coefficients, place, 2.0 * (u[many] - low) / width - 1.0)
    return found


def _n_nodes(width: float) -> int:
    # an ellipse around the ages that reaches up to pi / 2
    return 2 + int(np.ceil(-np.log(TOLERANCE) / np.arcsinh(np.pi / width)))


@cache
def _chebyshev(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Return Chebyshev's nodes in [-1, 1], and what makes coefficients of values."""
    angle = np.pi * (np.arange(n_nodes) + 0.5) / n_nodes
    matrix = 2.0 / n_nodes * np.cos(np.outer(np.arange(n_nodes), angle))
    matrix[0] /= 2.0
    return np.cos(angle), matrix


def _sum(
    coefficients: FloatArray, place: NDArray[np.intp], at: FloatArray
) -> FloatArray:
    """Return the polynomial of each row at a number, by Clenshaw's recurrence."""
    after, last = np.zeros(len(at)), np.zeros(len(at))
    for row in coefficients[:0:-1]:
        after, last = row.take(place) + 2.0 * at * after - last, after
    total: FloatArray = coefficients[0].take(place) + at * after - last
    return total
