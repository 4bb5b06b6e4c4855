"""How wide intervals have to be where a result is looked at before it is final.

O'Brien and Fleming (1979): with K looks planned at equal steps of the horizon, the
multiplier at look k is c * sqrt(K / k), with c such that a true null is never left at
any look with probability 0.95. Early looks need a lot, the last one hardly more than
a single look would.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

LEVEL = 0.95
NODES = 160


@lru_cache(maxsize=64)
def last_multiplier(looks: int, level: float = LEVEL) -> float:
    """Return the multiplier of the standard error at the last of some looks."""
    if looks == 1:
        return float(norm.ppf((1 + level) / 2))
    return float(brentq(lambda c: _stays_within(c, looks) - level, 1.0, 6.0))


def _stays_within(c: float, looks: int) -> float:
    """Return the chance that a Brownian motion on (0, 1] is within c at every look.

    The density at each look is carried to the next by quadrature (Armitage, McPherson
    and Rowe 1969).
    """
    x, weight = np.polynomial.legendre.leggauss(NODES)
    x, weight = c * x, c * weight
    step = 1 / np.sqrt(looks)
    kernel = norm.pdf(x[:, None] - x[None, :], scale=step) * weight
    density = norm.pdf(x, scale=step)
    for _ in range(looks - 1):
        density = kernel @ density
    return float(weight @ density)


@dataclass(frozen=True)
class Look:
    """Where a readout stands between launch and horizon."""

    # days after the launch that the log holds, and that count
    elapsed_days: int
    horizon_days: int
    # looks that were planned at the launch, the last one at the horizon
    planned: int

    @property
    def is_final(self) -> bool:
        """Whether the horizon is over."""
        return self.elapsed_days >= self.horizon_days

    @property
    def number(self) -> int:
        """How many of the planned looks are due; 0 before the first."""
        share = min(self.elapsed_days / self.horizon_days, 1.0)
        # a day that a look falls on is not to be missed by a rounding
        return int(np.floor(share * self.planned + 1e-9))

    @property
    def multiplier(self) -> float:
        """Standard errors on either side of an estimate.

        Between two looks that of the earlier one: wider than need be.
        """
        due = self.number / self.planned or self.elapsed_days / self.horizon_days
        return last_multiplier(self.planned) / float(np.sqrt(due))

    @property
    def next_day(self) -> int:
        """Days after the launch at which the next look is due."""
        following = min(self.number + 1, self.planned)
        return int(np.ceil(following * self.horizon_days / self.planned - 1e-9))
