"""What a retention offer would have earned, if a leaver who stays is worth so much.

A log shows who left, and neither what they would have been worth nor whom an offer
would have held. Values that choose customers and then pay for them would win by
construction, so every list is paid one value for all: what the model expects a leaver
to be worth. Whether lists by each customer's own value earn more, simulated lives say
(``benchmarks/truth.py``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.bootstrap import one_by_one, resampled_intervals
from regulars.metrics.campaign import expected_profit, profit_curve
from regulars.metrics.costs import CampaignCosts
from regulars.metrics.profit import expected_maximum_profit, maximum_profit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from regulars.config import ProfitSettings

    Floats = NDArray[np.float64]

CURVE_POINTS = 101
RULES = {
    "chosen": "Everyone whose expected profit is above 0",
    "above_half": "Everyone above 0.5",
    "riskiest_decile": "The riskiest tenth",
    "everyone": "Everyone",
    "nobody": "Nobody",
}
RESAMPLES = 1000
LEVEL = 0.95


def campaign_costs(settings: ProfitSettings) -> CampaignCosts:
    """Return the costs that a configuration gives."""
    return CampaignCosts(**settings.model_dump())


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
    clv : float or array-like of shape (n_customers,)
        Value of a customer who is kept, 0 or more: one for all, or each one's own.
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
    gain = expected_profit(chance, clv=clv, costs=campaign_costs(costs))
    order = np.argsort(-chance, kind="stable")
    # customers of equal probability are contacted together
    last = np.flatnonzero(np.diff(chance[order], append=-1.0))
    total = np.cumsum(gain[order])[last]
    if not (total > 0).any():
        return float(np.inf)
    return float(chance[order][last[int(np.argmax(total))]])


def leaver_value(probability: Floats, value: Floats) -> float:
    """Return what a leaver who stays is expected to be worth: one value for all.

    The mean over customers, weighed by how likely they leave; 0 where nobody does.
    """
    weight = float(probability.sum())
    return float(probability @ value / weight) if weight > 0 else 0.0


def evaluate_offer(
    churned: ArrayLike,
    probability: ArrayLike,
    value: ArrayLike,
    costs: ProfitSettings,
    *,
    random_state: int = 0,
) -> dict[str, Any]:
    """Work out what the offer would have earned on a window, at one value for all.

    Use it to see whether the probabilities choose well at given costs and at a given
    value of a customer who is held. It does not show what customers are worth, nor that
    an offer holds anybody: a campaign with a control group does.

    Parameters
    ----------
    churned : array-like of shape (n_customers,)
        1 where the customer churned, else 0.
    probability : array-like of shape (n_customers,)
        Churn probability by a model that had not seen the window, 0 to 1.
    value : float or array-like of shape (n_customers,)
        What is won if the customer would leave and stays, at the cutoff, by the same
        model or by the settings: one amount for all, or each one's own. Below 0 counts
        as 0.
    costs : ProfitSettings
        Costs of the offer and the rate at which it is taken.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    dict
        ``leaver_value`` (the one amount that every leaver who stays counts with: the
        mean of `value` over those who are expected to leave), ``empc`` and ``mpc``
        (``profit`` a customer and ``target_fraction``), ``threshold`` (None: contact
        nobody), ``chosen_on``, ``expected_profit`` of the chosen list before the
        outcome, ``rules`` (by key of `RULES`: ``label``, ``profit``, ``n_contacted``,
        and ``ahead``: profit of the chosen rule less this one's, with its 95% interval
        over customers), ``curve`` (riskiest first), ``own_value`` (``n_contacted`` and
        ``expected_profit`` of the list by each customer's own value, expected and not
        measured), ``costs``, ``n_customers``.

    Raises
    ------
    DataError
        An array is empty, not finite, of another length or outside its range.

    Notes
    -----
    Intervals take the lists as they were made: they say how far other customers of
    the same kind would have moved the profit, not how other costs or values would.

    Examples
    --------
    >>> from regulars.config import ProfitSettings
    >>> result = evaluate_offer([1, 1, 0], [0.9, 0.6, 0.1], 200.0, ProfitSettings())
    >>> result["threshold"], round(result["rules"]["chosen"]["profit"], 2)
    (0.6, 112.0)
    >>> result["rules"]["nobody"]["ahead"]["difference"]
    112.0

    The values of the customers move what a leaver counts with, and nobody's place:

    >>> result = evaluate_offer([1, 1], [0.5, 0.5], [100.0, 300.0], ProfitSettings())
    >>> result["leaver_value"], result["rules"]["chosen"]["n_contacted"]
    (200.0, 2)
    """
    y, chance = np.asarray(churned, np.float64), np.asarray(probability, np.float64)
    each = np.broadcast_to(np.asarray(value, dtype=np.float64), y.shape)
    each = np.maximum(each, 0.0)
    offer = campaign_costs(costs)
    one = leaver_value(chance, each)
    gain = expected_profit(chance, clv=one, costs=offer)
    own = expected_profit(chance, clv=each, costs=offer)
    threshold = expected_threshold(chance, one, costs)
    lists = _lists(chance, gain)
    return {
        "leaver_value": one,
        "empc": expected_maximum_profit(y, chance, one, offer)._asdict(),
        "mpc": maximum_profit(y, chance, one, offer)._asdict(),
        "threshold": threshold if np.isfinite(threshold) else None,
        "chosen_on": "expected profit at the test cutoff, no outcome used",
        "expected_profit": float(lists["chosen"] @ gain),
        # what a contact earned: the outcome in the place of its probability
        "rules": _rules(lists, expected_profit(y, clv=one, costs=offer), random_state),
        "curve": _curve(y, chance, one, offer),
        "own_value": {
            "n_contacted": int((own > 0).sum()),
            "expected_profit": float(own[own > 0].sum()),
        },
        "costs": asdict(offer),
        "n_customers": len(y),
    }


def _curve(
    y: Floats, score: Floats, value: float, costs: CampaignCosts
) -> dict[str, list[float]]:
    curve = profit_curve(y, score, clv=value, costs=costs, max_points=CURVE_POINTS)
    return {name: curve[name].tolist() for name in ("share_contacted", "profit")}


def _lists(chance: Floats, gain: Floats) -> dict[str, Floats]:
    """Return how surely each customer is contacted, by rule."""
    rules = {
        "chosen": gain > 0,
        "above_half": chance >= 0.5,
        "riskiest_decile": _riskiest(chance, round(len(chance) / 10)),
        "everyone": np.ones(len(chance)),
        "nobody": np.zeros(len(chance)),
    }
    return {name: np.asarray(kept, np.float64) for name, kept in rules.items()}


def _riskiest(chance: Floats, capacity: int) -> Floats:
    """Return a list of the riskiest; the last places are shared by equal risks."""
    if not capacity:
        return np.zeros(len(chance))
    last = np.sort(chance)[-capacity]
    above, equal = chance > last, chance == last
    share = (capacity - above.sum()) / equal.sum()
    return np.asarray(above + share * equal, np.float64)


def _rules(
    lists: dict[str, Floats], earned: Floats, random_state: int
) -> dict[str, dict[str, Any]]:
    by_rule = np.column_stack([kept * earned for kept in lists.values()])
    ahead = by_rule[:, [0]] - by_rule
    ends = resampled_intervals(
        one_by_one(lambda counts: tuple(counts @ ahead)),
        len(earned),
        RESAMPLES,
        LEVEL,
        random_state,
    )
    rows = zip(lists.items(), by_rule.sum(0), ahead.sum(0), ends, strict=True)
    return {
        name: {
            "label": RULES[name],
            "profit": float(profit),
            "n_contacted": round(kept.sum()),
            "ahead": {"difference": float(gap), "low": end.low, "high": end.high},
        }
        for (name, kept), profit, gap, end in rows
    }
