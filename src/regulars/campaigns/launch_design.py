"""What a campaign's control group will let see: the smallest effect, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.stats import norm

from regulars.campaigns.looks import last_multiplier
from regulars.results.target import CampaignDesign

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POWER = 0.8
# of control, tried where the base does not see what is promised
SHARES = (0.15, 0.2, 0.3, 0.4, 0.5)


def smallest_effect(spread: float, n_offer: int, n_control: int, looks: int) -> float:
    """Return the difference of means that is seen with a power of 80%."""
    error = spread * np.sqrt(1.0 / n_offer + 1.0 / n_control)
    return float(_multiplier(looks) * error)


def size_for(effect: float, spread: float, share: float, looks: int) -> int:
    """Return how many customers have to be chosen to see an effect."""
    each = 1.0 / share + 1.0 / (1.0 - share)
    return int(np.ceil(each * (_multiplier(looks) * spread / effect) ** 2))


def _multiplier(looks: int) -> float:
    return last_multiplier(looks) + float(norm.ppf(POWER))


def enough_share(chosen: Chosen, looks: int, base: float) -> float:
    """Return the share of control that sees what is promised; `base` if none does."""
    if not chosen.promised > 0 or not chosen.spread > 0:
        return base
    for share in (base, *(each for each in SHARES if each > base)):
        if size_for(chosen.promised, chosen.spread, share, looks) <= chosen.n:
            return share
    return base


@dataclass(frozen=True)
class Chosen:
    """What those chosen are like, on average."""

    n: int
    # expected share that is kept without an offer
    kept_rate: float
    # standard deviation of the margin of a horizon, by the one before the launch; NaN:
    # not known
    spread: float
    # expected gain within the horizon
    promised: float

    @classmethod
    def of(cls, churn: Floats, margin: Floats, gain: Floats) -> Self:
        """Return the averages of some customers."""
        if not len(churn):
            return cls(0, np.nan, np.nan, np.nan)
        is_known = np.isfinite(margin).any()
        spread = float(np.nanstd(margin)) if is_known else np.nan
        kept = float(1.0 - np.nanmean(churn))
        return cls(len(churn), kept, spread, float(gain.mean()))


def design_of(
    chosen: Chosen, n_control: int, *, launch: date, horizon_days: int, looks: int
) -> CampaignDesign | None:
    """Return what the control group lets see of those chosen."""
    n_offer = chosen.n - n_control
    if not n_control or not n_offer:
        return None
    is_known, share = chosen.spread > 0, n_control / chosen.n
    smallest = needed = None
    if is_known:
        smallest = smallest_effect(chosen.spread, n_offer, n_control, looks)
    if is_known and chosen.promised > 0:
        needed = size_for(chosen.promised, chosen.spread, share, looks)
    of_kept = float(np.sqrt(chosen.kept_rate * (1.0 - chosen.kept_rate)))
    return CampaignDesign(
        known_on=launch + timedelta(days=horizon_days),
        looks=looks,
        kept_rate=chosen.kept_rate,
        smallest_kept=smallest_effect(of_kept, n_offer, n_control, looks),
        promised_gain=chosen.promised,
        gain_spread=chosen.spread if is_known else None,
        smallest_gain=smallest,
        needed=needed,
    )
