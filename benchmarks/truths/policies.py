"""Whom to contact, by rules that know more or less, and what that truly brings.

Whoever buys in the horizon takes the incentive along; of those with whom there is
something to win, a share accepts. Two worlds: an acceptor who would have been silent
comes back, or only those who would leave can be kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics import CampaignCosts

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from truths.futures import Stakes

    Floats = NDArray[np.float64]

BACK, STAY = "back", "stay"
# an offer that brings back has to cost more than one that holds
OFFERS = {
    BACK: CampaignCosts(contact_cost=2.0, incentive_cost=20.0, accept_rate=0.15),
    STAY: CampaignCosts(contact_cost=0.5, incentive_cost=3.0, accept_rate=0.3),
}
TITLES = {BACK: "an acceptor comes back", STAY: "only leavers can be kept"}
# of the scores: what is won with a customer, in expectation over what they will do
WON = {BACK: "value_to_win_back", STAY: "value_to_protect"}
FIRST = 0.1


def profit(world: str, silent: Floats, won: Floats) -> Floats:
    """Return what contacting each customer brings.

    Given a life, `silent` is 0 or 1 and `won` what an acceptor brings; in expectation,
    a probability and the mean of that over the lives that the customer may have.
    """
    offer = OFFERS[world]
    # one who was silent and comes back takes the incentive too
    accepting = silent if world == BACK else np.zeros(len(silent))
    return (
        offer.accept_rate * (won - accepting * offer.incentive_cost)
        - (1 - silent) * offer.incentive_cost
        - offer.contact_cost
    )


def won(world: str, stakes: Stakes) -> Floats:
    """Return what there is to win with each customer in a world."""
    return stakes.back if world == BACK else stakes.stay


def true_profits(
    world: str,
    scores: pd.DataFrame,
    truth: Stakes,
    believed: Stakes,
    defined: Stakes,
) -> dict[str, float]:
    """Return the true profit a customer of each rule, and what lists catch.

    `policy` is the product's and `perfect` the same if its scores had no error; `fair`
    is the best rule that knows the parameters and the log; `oracle` knows the lives,
    and not who accepts.
    """
    churn = scores["churn_probability"].to_numpy(np.float64)
    value = scores[WON[world]].to_numpy(np.float64)
    earned = profit(world, truth.silent, won(world, truth))
    ideal = profit(world, believed.silent, won(world, believed))
    lists = {
        "policy": profit(world, churn, value) > 0,
        "perfect": profit(world, defined.silent, won(world, defined)) > 0,
        "fair": ideal > 0,
        "oracle": earned > 0,
        "riskiest_tenth": first(churn),
        "everyone": np.ones(len(churn), dtype=bool),
        "nobody": np.zeros(len(churn), dtype=bool),
    }
    found = {
        name: float(earned[taken].sum() / len(churn)) for name, taken in lists.items()
    }
    # the same lists as the parameters and the log expect them to do: no luck in it
    expected = {name: float(ideal[taken].sum()) for name, taken in lists.items()}
    gain = won(world, truth)
    return found | {
        "share_of_fair": _ratio(found["policy"], found["fair"]),
        "expected_share_of_fair": _ratio(expected["policy"], expected["fair"]),
        "perfect_share_of_fair": _ratio(expected["perfect"], expected["fair"]),
        "contacted": float(lists["policy"].mean()),
        "fair_contacted": float(lists["fair"].mean()),
        "first_tenth_catches": _ratio(gain[first(value)].sum(), gain.sum()),
        "fair_tenth_catches": _ratio(
            gain[first(won(world, believed))].sum(), gain.sum()
        ),
    }


def first(score: Floats) -> NDArray[np.bool_]:
    """Return who stands in the first tenth of a list, highest first."""
    taken = np.zeros(len(score), dtype=bool)
    taken[np.argsort(-score, kind="stable")[: round(len(score) * FIRST)]] = True
    return taken


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
