"""What a campaign's control group will let see: the smallest effect, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from regulars.campaigns.looks import last_multiplier
from regulars.results.target import CampaignDesign

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POWER = 0.8


def smallest_effect(spread: float, n_offer: int, n_control: int, looks: int) -> float:
    """Return the difference of means that is seen with a power of 80%.

    Parameters
    ----------
    spread : float
        Standard deviation of one customer's outcome.
    n_offer, n_control : int
        Customers of both groups, at least 1.
    looks : int
        Looks that are planned; the intervals hold at all of them.

    Examples
    --------
    >>> round(smallest_effect(0.5, 5_000, 5_000, looks=1), 4)
    0.028
    """
    error = spread * np.sqrt(1.0 / n_offer + 1.0 / n_control)
    return float(_multiplier(looks) * error)


def size_for(effect: float, spread: float, share: float, looks: int) -> int:
    """Return how many customers have to be chosen to see an effect.

    Examples
    --------
    >>> size_for(0.028, 0.5, share=0.5, looks=1)
    10012
    """
    each = 1.0 / share + 1.0 / (1.0 - share)
    return int(np.ceil(each * (_multiplier(looks) * spread / effect) ** 2))


def _multiplier(looks: int) -> float:
    return last_multiplier(looks) + float(norm.ppf(POWER))


def design_of(
    launch: date,
    horizon_days: int,
    looks: int,
    *,
    churn: Floats,
    margin: Floats,
    gain: Floats,
    is_control: NDArray[np.bool_],
) -> CampaignDesign | None:
    """Return what the control group lets see of those chosen.

    Parameters
    ----------
    churn, margin, gain : array of shape (n_chosen,)
        Probability of going silent; margin of as many days before the launch, as a
        sign of what customers differ by; expected gain within the horizon.
    """
    n_control = int(is_control.sum())
    n_offer = len(is_control) - n_control
    if not n_control or not n_offer:
        return None
    # the chance of each differs: their mean's variance is what both groups show
    kept = float(1.0 - np.nanmean(churn))
    spread = float(np.nanstd(margin)) if np.isfinite(margin).any() else np.nan
    promised = float(gain[~is_control].mean())
    is_known = bool(spread > 0)
    share = n_control / len(is_control)
    smallest = smallest_effect(spread, n_offer, n_control, looks) if is_known else None
    needed = (
        size_for(promised, spread, share, looks) if is_known and promised > 0 else None
    )
    return CampaignDesign(
        known_on=launch + timedelta(days=horizon_days),
        looks=looks,
        kept_rate=kept,
        smallest_kept=smallest_effect(
            float(np.sqrt(kept * (1.0 - kept))), n_offer, n_control, looks
        ),
        promised_gain=promised,
        gain_spread=spread if is_known else None,
        smallest_gain=smallest,
        needed=needed,
    )
