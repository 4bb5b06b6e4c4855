"""How far two groups of customers lie apart in one column, at the same tenures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

# mean of Kolmogorov's distribution: the distance that chance alone gives
MEAN_DISTANCE = 0.8687
# bins of what is not there, and of categories that are not among the known ones
MISSING, OTHER = 0, 1


class Distance(NamedTuple):
    """How far the customers of a day are from those of the same tenure before."""

    # beyond what chance gives
    psi: float
    ks: float
    # customers that the two samples amount to
    n_effective: float
    missing: float
    missing_before: float


def count_table(
    codes: Places, bands: Places, n_bins: int, n_bands: int | None = None
) -> Floats:
    """Count customers by tenure band and bin."""
    n_bands = n_bands or 1 + int(bands.max(initial=0))
    size = n_bands * n_bins
    counts = np.bincount(bands * n_bins + codes, minlength=size).astype(np.float64)
    return counts.reshape(n_bands, n_bins)


def distance(own: Floats, before: Floats, rows_per_customer: float) -> Distance:
    """Compare two tables of counts, the second with the tenures of the first."""
    n_bands = min(len(own), len(before))
    own, before = own[:n_bands], before[:n_bands]
    known = (before.sum(axis=1) > 0) & (own.sum(axis=1) > 0)
    own, before = own[known], before[known]
    n, m = own.sum(axis=1), before.sum(axis=1)
    if not n.sum():
        return Distance(0.0, 0.0, 0.0, np.nan, np.nan)
    weight = n / n.sum()
    actual = own.sum(axis=0) / n.sum()
    expected = weight @ (before / m[:, None])
    # a customer is in several snapshots: as if those said all the same
    n_effective = 1 / (1 / n.sum() + rows_per_customer * (weight**2 / m).sum())
    return Distance(
        _psi(actual, expected, n_effective),
        float(np.abs(np.cumsum(actual - expected)).max()),
        float(n_effective),
        float(actual[MISSING]),
        float(expected[MISSING]),
    )


def _psi(actual: Floats, expected: Floats, n_effective: float) -> float:
    """Return the population stability index less what chance gives of it."""
    used = (actual > 0) | (expected > 0)
    # half a customer in each bin: an empty one is no infinite drift
    a, e = ((x[used] * n_effective + 0.5) for x in (actual, expected))
    a, e = a / a.sum(), e / e.sum()
    psi = float(((a - e) * np.log(a / e)).sum())
    return max(psi - float(used.sum() - 1) / n_effective, 0.0)


def beyond_chance(each: Distance) -> float:
    """Return the distance of two samples beyond what chance gives on average."""
    return max(each.ks - MEAN_DISTANCE / float(np.sqrt(each.n_effective)), 0.0)
