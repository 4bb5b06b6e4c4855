"""Customer value that an earlier scoring expected, against the margin that came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics import bootstrap_interval, total_ratio
from regulars.monitoring.checks import Watch, tail
from regulars.monitoring.outcome import NORMAL_95, RETRAIN
from regulars.results.monitoring import ValueOutcome

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import MonitoringSettings
    from regulars.models.horizon import Horizon

    Floats = NDArray[np.float64]

RESAMPLES = 400
YEAR_DAYS = 365.0


def evaluate_value_outcome(
    cutoff: date,
    model_version: str,
    expected: Floats,
    margin: Floats,
    terms: Horizon,
    *,
    random_state: int = 0,
) -> ValueOutcome | None:
    """Return value against margin of one cutoff; None where nothing came."""
    days = terms.clv_horizon_days
    # values are discounted: what came counts as if it had come in the middle
    came = margin * (1 + terms.discount_rate_annual) ** (-days / 2 / YEAR_DAYS)
    if came.sum() <= 0 or not np.isfinite(expected).all() or expected.sum() <= 0:
        return None
    low, high = bootstrap_interval(
        total_ratio, came, expected, n_resamples=RESAMPLES, random_state=random_state
    )
    return ValueOutcome(
        cutoff=cutoff,
        days=days,
        model_version=model_version,
        n_customers=len(came),
        expected=float(expected.sum()),
        came=float(came.sum()),
        ratio=float(expected.sum() / came.sum()),
        ratio_bounds=(low, high),
    )


def watch_value(
    found: ValueOutcome | None, settings: MonitoringSettings
) -> list[Watch]:
    """Watch the total of customer value against the margin that came."""
    if found is None:
        return []
    low, high = found.ratio_bounds
    if not low or not high or low <= 0:
        return []
    limit = float(np.log(settings.totals_ratio))
    error = float(np.log(high / low)) / (2 * NORMAL_95)
    return [
        Watch(
            room="outcome",
            name="total value",
            value=found.ratio,
            expected=1.0,
            threshold=settings.totals_ratio,
            p_value=min(2 * tail(abs(np.log(found.ratio)) - limit, error), 1.0),
            since=found.cutoff,
            sentence=(
                f"Customers scored as of {found.cutoff} were expected to be worth "
                f"{found.expected:,.0f} over {found.days} days and brought "
                f"{found.came:,.0f}: {found.ratio:.2f} times (95%: {low:.2f} to "
                f"{high:.2f}; {settings.totals_ratio:g} times either way is "
                f"tolerated). {RETRAIN}; until then scale budgets by what came."
            ),
        )
    ]
