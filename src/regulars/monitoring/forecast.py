"""What the periods before one let expect of it: a trend, a season, and an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_PERIODS = 6


@dataclass(frozen=True)
class Forecast:
    """What is expected of a period, on the scale it was worked out on."""

    level: float
    error: float
    freedom: int

    def p_value(self, seen: float, low: float, high: float) -> float:
        """Return the chance of a figure so far outside of a tolerated range."""
        excess = max(low - seen, seen - high)
        return float(min(2 * student.sf(excess / self.error, self.freedom), 1.0))


def forecast(past: Floats, noise: Floats, *, first: int = 1) -> Forecast | None:
    """Continue a straight trend to the period of age 0, from figures, latest first.

    `noise` is the variance that chance among customers alone gives each; the error is
    that of the periods about their trend, or chance's if it is larger.
    """
    n = len(past)
    if n < FEWEST_PERIODS:
        return None
    age = np.arange(first, first + n, dtype=np.float64)
    centred = age - age.mean()
    spread = centred @ centred
    slope = float(centred @ past) / spread
    level = float(past.mean() - slope * age.mean())
    residual = past - level - slope * age
    variance = max(float(residual @ residual) / (n - 2), float(noise.mean()), 1e-12)
    leverage = 1 + 1 / n + age.mean() ** 2 / spread
    return Forecast(level, float(np.sqrt(variance * leverage)), n - 2)


@dataclass(frozen=True)
class Rhythm:
    """Which periods the latest one is compared with."""

    # days of a period
    days: int
    # age of the latest that counts: a week is compared with those before its month,
    # which may have the same fault
    first: int
    # how many make the trend
    n_past: int
    # age of the same season of last year
    year: int

    @property
    def past(self) -> slice:
        """The ages that make the trend."""
        return slice(self.first, self.first + self.n_past)


MONTHLY = Rhythm(days=28, first=1, n_past=13, year=13)
WEEKLY = Rhythm(days=7, first=4, n_past=26, year=52)


@dataclass(frozen=True)
class Surprise:
    """A figure against its forecast."""

    expected: float
    p_value: float
    # variance of the figure in units of its mean: 1 for independent events
    dispersion: float


def p_value_of_none(expected: float, dispersion: float) -> float:
    """Return the chance that nothing at all comes where so much is expected.

    Far from the bulk a count knows more than its root and an error; doubled, because it
    stands in for the other one where it applies.
    """
    return min(2 * float(np.exp(-expected / dispersion)), 1.0)


def surprise(
    figures: Floats, noise: Floats, *, tolerated: float, rhythm: Rhythm
) -> Surprise | None:
    """Compare the latest amount with the trend before it and with last year's season.

    Amounts come latest first, with their variance among customers. Where the log holds
    last year's season both forecasts have to be missed: a season that comes every year
    rings no alarm.
    """
    # on roots, a count's chance variance does not depend on its level
    roots = np.sqrt(np.maximum(figures, 0.0))
    chance = noise / (4 * np.maximum(figures, 1e-9))
    chance = np.where(figures > 0, chance, 0.25)
    past, first, year = rhythm.past, rhythm.first, rhythm.year
    trend = forecast(roots[past], chance[past], first=first)
    if trend is None:
        return None
    level = max(trend.level, 0.0)
    low, high = np.sqrt(1 - tolerated), 1 / np.sqrt(1 - tolerated)
    p_value = trend.p_value(roots[0], low * level, high * level)
    if len(figures) >= year + first + FEWEST_PERIODS:
        p_value = max(p_value, _by_season(roots, chance, (low, high), rhythm))
    return Surprise(level**2, p_value, max(4 * trend.error**2, 1.0))


def _by_season(
    roots: Floats, chance: Floats, band: tuple[float, float], rhythm: Rhythm
) -> float:
    """Return the chance of the latest figure by how this year goes against the last."""
    year, first = rhythm.year, rhythm.first
    n_pairs = len(roots) - year
    gains = roots[:n_pairs] - roots[year:]
    noise = chance[:n_pairs] + chance[year:]
    own, error = gains[first : first + year], noise[first : first + year]
    n = len(own)
    variance = max(float(own.var(ddof=1)), float(error.mean()), 1e-12)
    level = max(float(own.mean()) + roots[year], 0.0)
    season = Forecast(level, float(np.sqrt(variance * (1 + 1 / n))), n - 1)
    return season.p_value(float(roots[0]), band[0] * level, band[1] * level)
