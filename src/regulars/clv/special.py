"""Integrals of BG/NBD and MBG/NBD, stable for every parameter and history.

The papers write them with the hypergeometric function, whose library versions overflow
for heavy buyers; here they are Gauss-Legendre sums over the dropout's log-odds.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.clv.fitting import FloatArray

_BLOCK = 2**17  # elements of one temporary: 1 MB, so that a few fit the cache
_NEGLIGIBLE = 40.0  # nats: e-40 is below the precision of a double


@cache
def legendre(n_nodes: int, n_panels: int = 1) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of composite Gauss-Legendre quadrature on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    inside = ((nodes + 1) / 2 + np.arange(n_panels)[:, np.newaxis]) / n_panels
    return inside.ravel(), np.tile(weights / 2 / n_panels, n_panels)


def over_nodes(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sum of each row, without waking threads for it."""
    return np.asarray(np.einsum("ij,j->i", values, weights))


def in_blocks(
    function: Callable[..., FloatArray],
    n_nodes: int,
    *columns: FloatArray | float,
    n_out: int = 0,
) -> FloatArray:
    """Apply a function of columns to blocks of rows, so that memory stays bounded."""
    arrays = np.broadcast_arrays(*columns)
    shape = arrays[0].shape if not n_out else (n_out, *arrays[0].shape)
    flat = [np.asarray(array, dtype=np.float64).reshape(-1, 1) for array in arrays]
    size = max(1, _BLOCK // n_nodes)
    parts = [
        function(*(column[i : i + size] for column in flat))
        for i in range(0, max(flat[0].size, 1), size)
    ]
    return np.concatenate(parts, axis=-1).reshape(shape)


def expected_geometric_purchases(
    r: FloatArray | float,
    alpha: FloatArray | float,
    a: FloatArray | float,
    b: FloatArray | float,
    t: FloatArray | float,
) -> FloatArray:
    """Return expected purchases in ``t`` of a customer who is active now.

    Equation (9) of Fader, Hardie and Lee (2005) as E_p[(1 - (1 + p t / alpha)^-r) / p],
    p being Beta(a, b): it has no pole at a = 1. Relative error about 1e-13.
    """
    return in_blocks(partial(_geometric_block, -1), 192, r, alpha, a, b, t)


def geometric_leaving_probability(
    r: FloatArray | float,
    alpha: FloatArray | float,
    a: FloatArray | float,
    b: FloatArray | float,
    t: FloatArray | float,
) -> FloatArray:
    """Return P(leaves within ``t``) of a customer who is active now.

    Purchases after which a customer leaves are a thinned Poisson process, so it is
    E_p[1 - (1 + p t / alpha)^-r], p being Beta(a, b).
    """
    return in_blocks(partial(_geometric_block, 0), 192, r, alpha, a, b, t)


def _geometric_block(
    power: int,
    r: FloatArray,
    alpha: FloatArray,
    a: FloatArray,
    b: FloatArray,
    t: FloatArray,
) -> FloatArray:
    """Return E_p[p^power (1 - (1 + p t / alpha)^-r)] for columns (n, 1)."""
    nodes, weights = legendre(32, 6)
    q = t / alpha
    top = _log_odds_density(np.log(a / b), a, b)
    level = top - _NEGLIGIBLE - np.log1p(r * q)
    scale = betaln(a, b)
    # Beyond these log-odds p (or 1 - p) is so small that the tail is a pure power
    reach = 38.0 + np.log1p(a + b + (1 + r) * q)
    ends = np.concatenate([level / a, -level / b], axis=1)
    left, right = np.hsplit(_outer_root(ends, level, a, b), 2)
    low, high = np.maximum(left, -reach), np.minimum(right, reach)
    y = low + (high - low) * nodes
    p = expit(y)
    leaving = -np.expm1(-r * np.log1p(q * p)) * p**power
    density = np.exp(_log_odds_density(y, a, b) - scale)
    inside = (high - low)[:, 0] * over_nodes(density * leaving, weights)
    rising = 1 + power
    left = np.exp(_log_odds_density(low, a, b) + rising * low - scale)
    left = left / (a + rising) * (r * q)
    right = np.exp(_log_odds_density(high, a, b) - scale) / b
    right = right * -np.expm1(-r * np.log1p(q))
    return np.asarray(inside + left[:, 0] + right[:, 0])


def _log_odds_density(y: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the log-density of the log-odds of a Beta(a, b), not normalised."""
    # a y - (a + b) log(1 + e^y), without the cancellation on the right
    ends = np.where(y < 0, a * y, -b * y)
    return np.asarray(ends - (a + b) * np.log1p(np.exp(-np.abs(y))))


def _outer_root(
    y: FloatArray, level: FloatArray, a: FloatArray, b: FloatArray
) -> FloatArray:
    """Approach from outside the log-odds where the log-density falls to a level.

    The density is log-concave, so Newton's tangents never step past the root.
    """
    both = a + b
    y = _within(y)
    for _ in range(6):
        slope = a - both * expit(y)
        slope[slope == 0] = 1.0
        y = _within(y - (_log_odds_density(y, a, b) - level) / slope)
    return y


def _within(y: FloatArray) -> FloatArray:
    # np.clip takes several times as long for a few numbers
    return np.asarray(np.minimum(np.maximum(y, -700.0), 700.0))


def geometric_purchase_probability(
    n: FloatArray | int,
    r: FloatArray | float,
    alpha: FloatArray | float,
    a: FloatArray | float,
    b: FloatArray | float,
    t: FloatArray | float,
) -> FloatArray:
    """Return P(exactly n purchases in t) of a customer who is active now.

    Equation (8) of Fader, Hardie and Lee (2005); its sum over the negative binomial is
    written as an incomplete beta function, which does not cancel.
    """
    n = np.asarray(n, dtype=np.float64)
    share = t / (np.asarray(alpha) + t)
    with np.errstate(divide="ignore"):
        tries = np.where(n > 0, n * np.log(np.where(n > 0, share, 1.0)), 0.0)
    bought = gammaln(r + n) - gammaln(r) - gammaln(n + 1) + r * np.log1p(-share) + tries
    stayed = np.exp(bought + betaln(a, b + n) - betaln(a, b))
    at_least = betainc(np.maximum(n, 1), r, share)
    quit_after = np.exp(betaln(a + 1, b + np.maximum(n, 1) - 1) - betaln(a, b))
    return np.asarray(stayed + np.where(n > 0, quit_after * at_least, 0.0))
