"""What a retention offer would have earned on the test window.

Outcomes, churn probabilities, each customer's own value and the costs of the offer come
in; the maximum profit measures, the profit curve and the profit of a few ways to choose
whom to contact go out. The threshold is chosen by what the model expects, before any
outcome of the window is known, so it is honest wherever the probabilities are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.campaign import (
    expected_profit,
    profit_at_capacity,
    profit_at_threshold,
    profit_curve,
)
from regulars.metrics.profit import empc, mpc

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.config import ProfitSettings

    Floats = NDArray[np.float64]

CURVE_POINTS = 101
# sum of the two shapes of the acceptance rate's distribution in the EMPC paper (6 + 14)
ACCEPT_CERTAINTY = 20.0
RULES = {
    "chosen": "Threshold chosen by expected profit",
    "own_value": "Everyone whose own expected profit is above 0",
    "above_half": "Everyone above 0.5",
    "riskiest_decile": "The riskiest tenth",
    "everyone": "Everyone",
}


def expected_threshold(
    probability: ArrayLike, clv: ArrayLike, costs: ProfitSettings
) -> float:
    """Return the threshold at which contacting is expected to earn most.

    No outcome is needed: the calibrated probabilities say themselves what the campaign
    is expected to earn. Use it on the customers to be contacted.

    Parameters
    ----------
    probability : array-like of shape (n_customers,)
        Calibrated probability of churn, 0 to 1.
    clv : array-like of shape (n_customers,)
        What each customer is worth if kept, 0 or more.
    costs : ProfitSettings
        Costs of the offer and the rate at which it is taken.

    Returns
    -------
    float
        Contact where the probability is at least this; infinite for nobody.

    Examples
    --------
    >>> from regulars.config import ProfitSettings
    >>> expected_threshold([0.9, 0.6, 0.1], [200.0, 200.0, 200.0], ProfitSettings())
    0.6
    """
    chance = np.asarray(probability, dtype=np.float64)
    gain = expected_profit(chance, clv=clv, **costs.model_dump())
    order = np.argsort(-chance, kind="stable")
    # customers of equal probability are contacted together
    last = np.flatnonzero(np.diff(chance[order], append=-1.0))
    total = np.cumsum(gain[order])[last]
    if not (total > 0).any():
        return float(np.inf)
    return float(chance[order][last[int(np.argmax(total))]])


def judge_offer(
    churned: ArrayLike, probability: ArrayLike, clv: ArrayLike, costs: ProfitSettings
) -> dict[str, Any]:
    """Work out what the offer would have earned on a window.

    Parameters
    ----------
    churned : array-like of shape (n_customers,)
        1 where the customer churned, else 0.
    probability : array-like of shape (n_customers,)
        Churn probability by a model that had not seen the window.
    clv : array-like of shape (n_customers,)
        Each customer's value at the cutoff by the same model.
    costs : ProfitSettings
        Costs of the offer and the rate at which it is taken.

    Returns
    -------
    dict
        ``empc`` and ``mpc`` (``profit`` a customer, ``target_fraction``),
        ``threshold`` (None: contact nobody), ``chosen_on``, ``rules`` (by key of
        `RULES`: ``label``, ``profit``, ``n_contacted``), ``curve`` (riskiest first),
        ``curve_by_value`` (highest expected profit first), ``costs``, ``n_customers``.

    Examples
    --------
    >>> from regulars.config import ProfitSettings
    >>> found = judge_offer([1, 1, 0], [0.9, 0.6, 0.1], [200.0] * 3, ProfitSettings())
    >>> found["threshold"], round(found["rules"]["chosen"]["profit"], 2)
    (0.6, 112.0)
    """
    y, chance = np.asarray(churned, np.float64), np.asarray(probability, np.float64)
    value = np.maximum(np.asarray(clv, dtype=np.float64), 0.0)
    offer = costs.model_dump()
    rate = min(max(costs.accept_rate, 1e-6), 1 - 1e-6)
    expected = empc(
        y,
        chance,
        clv=value,
        contact_cost=costs.contact_cost,
        incentive_cost=costs.incentive_cost,
        accept_alpha=ACCEPT_CERTAINTY * rate,
        accept_beta=ACCEPT_CERTAINTY * (1 - rate),
    )
    threshold = expected_threshold(chance, value, costs)
    gain = expected_profit(chance, clv=value, **offer)
    return {
        "empc": expected._asdict(),
        "mpc": mpc(y, chance, clv=value, **offer)._asdict(),
        "threshold": threshold if np.isfinite(threshold) else None,
        "chosen_on": "expected profit at the test cutoff, no outcome used",
        "rules": _rules(y, chance, value, threshold, costs),
        "curve": _curve(y, chance, value, costs),
        "curve_by_value": _curve(y, gain, value, costs),
        "costs": offer,
        "n_customers": len(y),
    }


def _curve(
    y: Floats, score: Floats, value: Floats, costs: ProfitSettings
) -> dict[str, list[float]]:
    curve = profit_curve(
        y, score, clv=value, max_points=CURVE_POINTS, **costs.model_dump()
    )
    return {name: curve[name].tolist() for name in ("share_contacted", "profit")}


def _rules(
    y: Floats, chance: Floats, value: Floats, threshold: float, costs: ProfitSettings
) -> dict[str, dict[str, Any]]:
    offer = costs.model_dump()
    tenth = round(len(y) / 10)
    own = expected_profit(chance, clv=value, **offer) > 0

    def above(limit: float) -> float:
        return profit_at_threshold(y, chance, limit, clv=value, **offer)

    found = {
        "chosen": (above(threshold), int((chance >= threshold).sum())),
        "own_value": (
            profit_at_threshold(y, own.astype(float), 1.0, clv=value, **offer),
            int(own.sum()),
        ),
        "above_half": (above(0.5), int((chance >= 0.5).sum())),
        "riskiest_decile": (
            profit_at_capacity(y, chance, tenth, clv=value, **offer),
            tenth,
        ),
        "everyone": (above(0.0), len(y)),
    }
    return {
        name: {"label": RULES[name], "profit": float(profit), "n_contacted": n}
        for name, (profit, n) in found.items()
    }
