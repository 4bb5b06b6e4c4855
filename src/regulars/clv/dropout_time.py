"""Integrals of (alpha + u)^-p (beta + u)^-q over the moment of dropout, for Pareto/NBD.

The papers' hypergeometric form overflows for heavy buyers. In log time the integrand is
log-concave, so a few Gauss-Legendre nodes on the part that matters give about 1e-12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.clv.special import in_blocks, legendre, over_nodes

if TYPE_CHECKING:
    from regulars.clv.fitting import FloatArray

_NEGLIGIBLE = 40.0  # nats: e-40 is below the precision of a double
_FURTHEST = 600.0  # in log time, where e^u still is a number
_NODES = 32


@dataclass(frozen=True)
class DropoutIntegral:
    """The integral's logarithm, and means under its integrand."""

    log_value: FloatArray  # -inf over an empty span
    log_alpha: FloatArray  # mean of log(alpha + u); log_beta likewise
    log_beta: FloatArray
    inverse_alpha: FloatArray  # mean of 1 / (alpha + u); inverse_beta likewise
    inverse_beta: FloatArray


def dropout_integral(
    p: FloatArray | float,
    alpha: FloatArray | float,
    q: FloatArray | float,
    beta: FloatArray | float,
    start: FloatArray | float,
    end: FloatArray | float,
) -> DropoutIntegral:
    """Integrate (alpha + u)^-p (beta + u)^-q from start to end, with means."""
    columns = np.broadcast_arrays(p, alpha, q, beta, start, end)
    moments = in_blocks(_moments_block, _NODES, *columns, n_out=5)
    total, mean_near, mean_far, inverse_near, inverse_far = moments
    alpha_near = columns[1] <= columns[3]
    with np.errstate(divide="ignore"):
        log_value = np.log(total)
    log_value = log_value + _log_front(*columns[:5])
    pick = np.where
    return DropoutIntegral(
        log_value=log_value,
        log_alpha=pick(alpha_near, mean_near, mean_far),
        log_beta=pick(alpha_near, mean_far, mean_near),
        inverse_alpha=pick(alpha_near, inverse_near, inverse_far),
        inverse_beta=pick(alpha_near, inverse_far, inverse_near),
    )


def log_dropout_integral(
    p: FloatArray | float,
    alpha: FloatArray | float,
    q: FloatArray | float,
    beta: FloatArray | float,
    start: FloatArray | float,
    end: FloatArray | float,
) -> FloatArray:
    """Return the logarithm of the integral alone; the end may be infinite."""
    columns = np.broadcast_arrays(p, alpha, q, beta, start, end)
    total = in_blocks(_tail_block, 4 * _NODES, *columns)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(total) + _log_front(*columns[:5]))


def _log_front(
    p: FloatArray, alpha: FloatArray, q: FloatArray, beta: FloatArray, start: FloatArray
) -> FloatArray:
    """Return the logarithm of what is taken out of the integral."""
    nearer = np.minimum(alpha, beta) + start
    front = -p * np.log(alpha + start) - q * np.log(beta + start) + np.log(nearer)
    return np.asarray(front)


class _Span:
    """The integrand in u = log((near + time) / (near + start)), for rows (n, 1).

    With the smaller offset as ``near`` it is log-concave in u, and its nearest
    singularity is a distance pi away from the real axis.
    """

    def __init__(
        self,
        p: FloatArray,
        alpha: FloatArray,
        q: FloatArray,
        beta: FloatArray,
        start: FloatArray,
        end: FloatArray,
    ) -> None:
        alpha_near = alpha <= beta
        near = np.where(alpha_near, alpha, beta)
        self.near_start = near + start
        self.gap = np.abs(alpha - beta)
        self.power_near = np.where(alpha_near, p, q)
        self.power_far = np.where(alpha_near, q, p)
        self.log_far_start = np.log(self.near_start + self.gap)
        length = np.minimum(np.log1p((end - start) / self.near_start), _FURTHEST)
        self.length = self._cut(length)

    def log_integrand(
        self, u: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return its logarithm against that at 0, e^u, far + time and its log."""
        grown = np.exp(u)
        far = self.near_start * grown + self.gap
        log_far = np.log(far)
        log_value = (1 - self.power_near) * u - self.power_far * (
            log_far - self.log_far_start
        )
        return log_value, grown, far, log_far

    def _cut(self, length: FloatArray) -> FloatArray:
        """Return the length beyond which nothing is left, never too short."""
        share = self.near_start / (self.near_start + self.gap)
        decay = self.power_near + self.power_far * share - 1
        # Concave: the tangent at 0 and every tangent from outside lie above
        bound = np.where(decay > 0, _NEGLIGIBLE / np.maximum(decay, 1e-300), np.inf)
        length = np.minimum(length, bound)
        for _ in range(3):
            value, grown, far, _log = self.log_integrand(length)
            slope = (1 - self.power_near) - self.power_far * (
                self.near_start * grown / far
            )
            step = (value + _NEGLIGIBLE) / np.where(slope < 0, slope, -np.inf)
            length = np.where(value < -_NEGLIGIBLE, length - step, length)
        return length


def _moments_block(*columns: FloatArray) -> FloatArray:
    """Return the scaled integral and four means, shape (5, n)."""
    nodes, weights = legendre(_NODES)
    span = _Span(*columns)
    u = span.length * nodes
    log_value, grown, far, log_far = span.log_integrand(u)
    density = np.exp(log_value)
    total = over_nodes(density, weights)
    near = span.near_start[:, 0]
    return np.stack(
        [
            total * span.length[:, 0],
            over_nodes(density * u, weights) / total + np.log(near),
            over_nodes(density * log_far, weights) / total,
            over_nodes(density / grown, weights) / total / near,
            over_nodes(density / far, weights) / total,
        ]
    )


def _tail_block(*columns: FloatArray) -> FloatArray:
    """Return the scaled integral; beyond the last number the tail is a power."""
    nodes, weights = legendre(_NODES, 4)
    span = _Span(*columns)
    log_value = span.log_integrand(span.length * nodes)[0]
    total = over_nodes(np.exp(log_value), weights) * span.length[:, 0]
    endless = np.isinf(columns[5][:, 0])
    if not endless.any():
        return np.asarray(total)
    left = np.exp(span.log_integrand(span.length)[0])
    rest = left / np.maximum(span.power_near + span.power_far - 1, 1e-300)
    return np.asarray(total + np.where(endless, rest[:, 0], 0.0))


def log_counted_integral(
    n: FloatArray,
    p: FloatArray | float,
    alpha: FloatArray | float,
    q: FloatArray | float,
    beta: FloatArray | float,
    end: FloatArray | float,
) -> FloatArray:
    """Return log of the integral of u^n (alpha + u)^-p (beta + u)^-q from 0 to end."""
    return in_blocks(_counted_block, 6 * _NODES, n, p, alpha, q, beta, end)


def _counted_block(
    n: FloatArray,
    p: FloatArray,
    alpha: FloatArray,
    q: FloatArray,
    beta: FloatArray,
    end: FloatArray,
) -> FloatArray:
    nodes, weights = legendre(_NODES, 6)

    def log_integrand(y: FloatArray) -> FloatArray:
        u = np.exp(y)
        return (n + 1) * y - p * np.log(alpha + u) - q * np.log(beta + u)

    def slope(y: FloatArray) -> FloatArray:
        u = np.exp(y)
        return np.asarray(n + 1 - p * u / (alpha + u) - q * u / (beta + u))

    high = np.log(end)
    # The slope falls, and its root lies between those with one offset for both
    left = np.log(np.minimum(alpha, beta) * (n + 1) / (p + q - n - 1))
    right = np.log(np.maximum(alpha, beta) * (n + 1) / (p + q - n - 1))
    for _ in range(40):
        middle = (left + right) / 2
        rising = slope(middle) > 0
        left, right = np.where(rising, middle, left), np.where(rising, right, middle)
    top = np.minimum(high, left)
    level = log_integrand(top) - _NEGLIGIBLE
    # From outside again: at the left the integrand lies below a pure power
    low = (level + p * np.log(alpha) + q * np.log(beta)) / (n + 1)
    for _ in range(6):
        low = low - (log_integrand(low) - level) / slope(low)
        value, fall = log_integrand(high), slope(high)
        step = (value - level) / np.where(fall < 0, fall, -np.inf)
        high = np.where(value < level, high - step, high)
    y = low + (high - low) * nodes
    log_value = log_integrand(y)
    peak = log_value.max(axis=1, keepdims=True)
    total = over_nodes(np.exp(log_value - peak), weights)
    return np.asarray(np.log(total * (high - low)[:, 0]) + peak[:, 0])
