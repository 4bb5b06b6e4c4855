"""Intervals of KPIs from sums over customers, so that no customer leaves the engine.

A customer is the unit everywhere: orders of one customer are not independent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.stats import norm

Z = float(norm.ppf(0.975))
LEAST_SHOWN_DIGITS = 10
NO_SPREAD = 1e-12  # of sums in float64


class Sums(NamedTuple):
    """Sums over customers of a numerator y and a denominator x."""

    n: int  # customers with an x or a y
    y: float
    x: float
    yy: float
    xy: float
    xx: float


class Estimate(NamedTuple):
    """A figure with its 95% interval; no interval where one customer stands alone."""

    value: float
    low: float | None
    high: float | None


def share_of(count: float, whole: float) -> Estimate:
    """Return a share of customers with Wilson's interval (1927)."""
    share, z2 = count / whole, Z * Z
    centre = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    spread = share * (1 - share) / whole + z2 / (4 * whole * whole)
    reach = Z / (1 + z2 / whole) * math.sqrt(max(spread, 0.0))
    # at 0 and 1 the ends are exact, whatever rounding makes of them
    low = 0.0 if count == 0 else centre - reach
    high = 1.0 if count == whole else centre + reach
    return rounded(share, low, high)


def net_share_of(sums: Sums) -> Estimate:
    """Return the mean of +1, 0 and -1: the variance of a trinomial, (p + q - d^2)/n."""
    net = sums.y / sums.x
    reach = Z * math.sqrt(max(sums.yy / sums.x - net * net, 0.0) / sums.x)
    return rounded(net, max(net - reach, -1.0), min(net + reach, 1.0))


def ratio_of(sums: Sums) -> Estimate:
    """Return sum(y) / sum(x), linearised over customers (Cochran 1977, section 2.11).

    The variance is n / (n - 1) sum((y - R x)^2) / sum(x)^2.
    """
    ratio = sums.y / sums.x
    if sums.n < 2:
        return rounded(ratio, None, None)
    squares = sums.yy - 2 * ratio * sums.xy + ratio * ratio * sums.xx
    # differences of large sums: a little below 0 is 0
    variance = max(squares, 0.0) * sums.n / (sums.n - 1)
    # customers who are all alike do not say how far others would be
    if variance <= NO_SPREAD * sums.xx * max(ratio * ratio, 1.0):
        return rounded(ratio, None, None)
    reach = Z * math.sqrt(variance) / abs(sums.x)
    return rounded(ratio, ratio - reach, ratio + reach)


def rounded(value: float, low: float | None, high: float | None) -> Estimate:
    """Return figures without the digits that depend on the order of adding."""
    return Estimate(
        shorten(value),
        None if low is None else shorten(low),
        None if high is None else shorten(high),
    )


def shorten(value: float) -> float:
    """Return a figure to ten significant digits."""
    return float(f"{value:.{LEAST_SHOWN_DIGITS}g}")
