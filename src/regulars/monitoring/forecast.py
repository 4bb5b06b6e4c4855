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


def forecast(past: Floats, noise: Floats) -> Forecast | None:
    """Continue a straight trend by one period.

    Parameters
    ----------
    past : array of shape (n_periods,)
        Figures of the periods before, the latest first.
    noise : array of shape (n_periods,)
        Variance of each that chance among customers alone gives.

    Returns
    -------
    Forecast or None
        None with fewer than six periods. Its error is that of the periods about their
        trend or that of chance, whichever is larger.
    """
    n = len(past)
    if n < FEWEST_PERIODS:
        return None
    age = np.arange(1, n + 1, dtype=np.float64)
    centred = age - age.mean()
    spread = centred @ centred
    slope = float(centred @ past) / spread
    level = float(past.mean() - slope * age.mean())
    residual = past - level - slope * age
    variance = max(float(residual @ residual) / (n - 2), float(noise.mean()), 1e-12)
    leverage = 1 + 1 / n + age.mean() ** 2 / spread
    return Forecast(level, float(np.sqrt(variance * leverage)), n - 2)


@dataclass(frozen=True)
class Surprise:
    """A figure against its forecast."""

    expected: float
    p_value: float


def surprise(
    figures: Floats, noise: Floats, *, tolerated: float, n_past: int, year: int
) -> Surprise | None:
    """Compare the latest amount with the trend before it and with last year's season.

    Parameters
    ----------
    figures : array of shape (n_periods,)
        Amounts, 0 or more, the latest first.
    noise : array of shape (n_periods,)
        Variance of each among customers.
    tolerated : float
        Share of the expected by which an amount may differ either way.
    n_past : int
        Periods that make the trend.
    year : int
        Periods to the same season of last year.

    Returns
    -------
    Surprise or None
        None where too few periods came before. Where the log holds last year's season,
        both forecasts have to be missed: a season that comes every year rings no alarm.
    """
    # on roots, a count's chance variance does not depend on its level
    roots = np.sqrt(np.maximum(figures, 0.0))
    chance = noise / (4 * np.maximum(figures, 1e-9))
    chance = np.where(figures > 0, chance, 0.25)
    trend = forecast(roots[1 : n_past + 1], chance[1 : n_past + 1])
    if trend is None:
        return None
    level = max(trend.level, 0.0)
    low, high = np.sqrt(1 - tolerated), 1 / np.sqrt(1 - tolerated)
    p_value = trend.p_value(roots[0], low * level, high * level)
    if len(figures) >= year + FEWEST_PERIODS + 1:
        p_value = max(p_value, _by_season(roots, chance, (low, high), year))
    return Surprise(level**2, p_value)


def _by_season(
    roots: Floats, chance: Floats, band: tuple[float, float], year: int
) -> float:
    """Return the chance of the latest figure by how this year goes against the last."""
    n_pairs = len(roots) - year
    gains = roots[:n_pairs] - roots[year:]
    noise = chance[:n_pairs] + chance[year:]
    n = min(n_pairs - 1, year)
    own, error = gains[1 : n + 1], noise[1 : n + 1]
    variance = max(float(own.var(ddof=1)), float(error.mean()), 1e-12)
    level = max(float(own.mean()) + roots[year], 0.0)
    season = Forecast(level, float(np.sqrt(variance * (1 + 1 / n))), n - 1)
    return season.p_value(float(roots[0]), band[0] * level, band[1] * level)
