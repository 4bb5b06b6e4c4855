"""The level of expected spend: what the total of a forecast is multiplied by.

Forecasts of single customers may be in the right order and still miss the money of all.
The windows that a forecast was compared on say by how much, and whether last year's
season would have told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.models.season import STRAY, season_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# a total this near is left alone: correcting it follows one window's chance
NEAR_ENOUGH = 0.1
TINY = 1e-12


@dataclass(frozen=True)
class SpendLevel:
    """What expected spend is multiplied by.

    Attributes
    ----------
    factor : float
        Of every window; 1 where validation totals are near enough.
    season_share : float
        Share of last year's season that a forecast misses; 0 to 1.
    season_gap : float
        Logarithm of last year's season above the windows learnt from, where the model
        stands; 0 where it is unknown.
    """

    factor: float = 1.0
    season_share: float = 0.0
    season_gap: float = 0.0

    def season(self, gap: float | None = None) -> float:
        """Return the factor of a season; default: of where the model stands."""
        known = self.season_gap if gap is None else gap
        return float(np.exp(self.season_share * known))

    def of(self, gap: float | None = None) -> float:
        """Return the whole factor of a window; likewise."""
        return self.factor * self.season(gap)

    @classmethod
    def learn(
        cls,
        expected: Sequence[Floats],
        spent: Sequence[Floats],
        gaps: Sequence[float | None],
        known: Sequence[Sequence[int]],
    ) -> SpendLevel:
        """Return the level that validation windows ask for.

        `gaps` are the windows' own, and `known` says which of the other windows were
        known when each began.
        """
        missed = np.array(
            [_missed(*pair) for pair in zip(expected, spent, strict=True)]
        )
        share = season_share(missed, gaps)
        season = share * np.array([gap or 0.0 for gap in gaps])
        return cls(float(np.exp(_correction(missed - season, known))), share)


def _missed(expected: Floats, spent: Floats) -> float:
    """Return the logarithm of what came over what was expected; NaN without either."""
    came, said = float(np.maximum(spent, 0.0).sum()), float(expected.sum())
    return float(np.log(came / said)) if came > 0 and said > 0 else np.nan


def _correction(missed: Floats, known: Sequence[Sequence[int]]) -> float:
    """Return the logarithm of the factor that the windows ask for, drawn towards 0.

    0 where they are near enough in all, or where the windows known before each would
    have brought it no nearer.
    """
    windows = np.flatnonzero(np.isfinite(missed))
    if not len(windows) or abs(np.expm1(-missed[windows].mean())) <= NEAR_ENOUGH:
        return 0.0
    before = {w: [k for k in known[int(w)] if k in windows] for w in windows}
    moved = {w: _drawn(missed[past]) for w, past in before.items() if past}
    gain = sum(abs(missed[w]) - abs(missed[w] - each) for w, each in moved.items())
    # a window alone has nothing to be tried on: then the pull alone holds it back
    return _drawn(missed[windows]) if not moved or gain > 0 else 0.0


def _drawn(missed: Floats) -> float:
    """Return the mean, drawn towards 0 as far as chance could have made it."""
    mean, n = float(missed.mean()), len(missed)
    stray = max(float(missed.var(ddof=1)), STRAY**2) if n > 1 else STRAY**2
    return mean * max(0.0, 1.0 - stray / n / max(mean**2, TINY))
