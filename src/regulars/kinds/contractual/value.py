"""The value of customers with a contract, and how long contracts last.

Value is the discounted margin of a customer who stays through the predicted window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.kinds.contractual.spells import tenures_before
from regulars.kpis.overview import json_records
from regulars.kpis.survival import hazard_by_tenure, kaplan_meier

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from regulars.config import Settings, ValueSettings

    Floats = NDArray[np.float64]

PERIOD_DAYS = 30
MONTH_DAYS = 365.25 / 12
YEAR_DAYS = 365.0
# periods with few contracts lean on the rate of all of them, as if so many had been
# seen in each
PRIOR_CONTRACTS = 50.0
CURVE_POINTS = 200
MOST_PLANS = 6


def remaining_value(
    tenure_days: ArrayLike,
    monthly_amount: ArrayLike,
    hazard: pd.DataFrame,
    value: ValueSettings,
    *,
    kept_days: int = 0,
) -> Floats:
    """Return the discounted margin of customers who stay for `kept_days`.

    The sum over the months ahead of price x margin x S(t + m) / S(t + kept) x
    (1 + r)^-m, with 1 for the ratio until then; S is the survival of all customers of
    that tenure t, not of the customer.
    """
    tenure = np.asarray(tenure_days, dtype=np.float64)
    price = np.asarray(monthly_amount, dtype=np.float64)
    months = value.clv_horizon_days / MONTH_DAYS
    ahead = np.arange(np.ceil(months)) * MONTH_DAYS
    # the last month may count in part
    weights = np.minimum(months - np.arange(len(ahead)), 1.0)
    discount = (1 + value.discount_rate_annual) ** (-ahead / YEAR_DAYS)
    longest = (tenure.max(initial=0.0) + value.clv_horizon_days) / PERIOD_DAYS
    ends = np.arange(int(longest) + 2) * float(PERIOD_DAYS)
    cumulated = _cumulated(hazard, len(ends))
    here = np.interp(tenure + kept_days, ends, cumulated)
    there = np.interp(tenure[:, None] + ahead, ends, cumulated)
    # survival is the exponential of minus the cumulated hazard
    kept = np.exp(np.minimum(here[:, None] - there, 0.0))
    remaining: Floats = price * value.margin * (kept @ (weights * discount))
    return remaining


def _cumulated(hazard: pd.DataFrame, n_ends: int) -> Floats:
    """Return the cumulated hazard at the ends of periods, sparse ones smoothed."""
    exposed = hazard["n_exposed"].to_numpy(np.float64)
    ended = hazard["n_ended"].to_numpy(np.float64)
    overall = ended.sum() / max(exposed.sum(), 1e-9)
    rates = np.full(n_ends, overall)
    place = (hazard["from_days"].to_numpy(np.float64) / PERIOD_DAYS).astype(int)
    near = place < n_ends
    smoothed = (ended + PRIOR_CONTRACTS * overall) / (exposed + PRIOR_CONTRACTS)
    rates[place[near]] = smoothed[near]
    return np.concatenate([[0.0], np.cumsum(rates)[:-1]])


def value_at(
    rows: pd.DataFrame, spells: pd.DataFrame, cutoff: date, settings: Settings
) -> Floats | None:
    """Return the value of a snapshot's customers who stay through the horizon.

    None where contracts have no ``monthly_amount``.
    """
    if "monthly_amount" not in rows:
        return None
    hazard = hazard_by_tenure(*tenures_before(spells, cutoff), period_days=PERIOD_DAYS)
    return remaining_value(
        rows["tenure_days"],
        rows["monthly_amount"],
        hazard,
        settings.value,
        kept_days=settings.time.gap_days + settings.time.horizon_days,
    )


def survival_of(spells: pd.DataFrame, cutoff: date) -> dict[str, Any]:
    """Return how long spells last, as known at a cutoff."""
    tenure, over = tenures_before(spells, cutoff)
    curve = kaplan_meier(tenure, over)
    half = curve[curve["survival"] <= 0.5]
    return {
        "curve": _thinned(curve),
        "hazard": json_records(hazard_by_tenure(tenure, over, period_days=PERIOD_DAYS)),
        "plans": _by_plan(spells, cutoff),
        "period_days": PERIOD_DAYS,
        "n_spells": len(tenure),
        "n_ended": int(over.sum()),
        "median_days": None if half.empty else float(half["tenure_days"].iloc[0]),
    }


def _thinned(curve: pd.DataFrame) -> list[dict[str, Any]]:
    """Keep 200 steps: a page needs no step for each of a thousand days."""
    if len(curve) > CURVE_POINTS:
        places = np.linspace(0, len(curve) - 1, CURVE_POINTS).round().astype(int)
        curve = curve.iloc[places]
    return json_records(curve)


def _by_plan(spells: pd.DataFrame, cutoff: date) -> dict[str, list[dict[str, Any]]]:
    if "plan" not in spells:
        return {}
    first = spells.drop_duplicates(["customer_id", "spell_start"])["plan"]
    plans = spells.assign(plan=first.astype("string")).groupby(
        ["customer_id", "spell_start"], sort=False
    )["plan"]
    named = spells.assign(plan=plans.transform("first"))
    names = sorted(named["plan"].dropna().unique())
    if not 2 <= len(names) <= MOST_PLANS:
        return {}
    return {
        str(name): _thinned(
            kaplan_meier(*tenures_before(named[named["plan"] == name], cutoff))
        )
        for name in names
    }
