"""The simple rules that a plan is held against: same budget, same expected gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulars.campaigns.allocation import NOBODY
from regulars.campaigns.control import draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.campaigns.allocation import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LABELS: Mapping[str, str] = {
    "highest_risk": "Highest risk first",
    "value_at_risk": "Value at risk first",
    "value_if_kept": "Value if kept first",
    "random": "At random",
    "nobody": "Nobody",
}
"""Rules; all of them take the offer of the best average effect that one may have."""


class Outcome(NamedTuple):
    """What a rule chooses."""

    n_contacts: int
    cost: float
    gain: float

    @property
    def profit(self) -> float:
        """Expected gain less expected cost."""
        return self.gain - self.cost


def outcome(problem: Problem, choice: Ints) -> Outcome:
    """Return what a choice costs and brings by a problem's expected gains."""
    sent = np.flatnonzero(choice >= 0)
    at = choice[sent]
    cost, gain = problem.cost[sent, at].sum(), problem.gain[sent, at].sum()
    return Outcome(len(sent), float(cost), float(gain))


def rivals(
    problem: Problem,
    ids: Sequence[object],
    key: str,
    orders: Mapping[str, Floats],
) -> dict[str, Outcome]:
    """Return what each rule would choose, and bring."""
    order = {**orders, "random": draw(ids, f"{key}: random rule")}
    found = {
        name: outcome(problem, first_come(problem, order[name]))
        for name in LABELS
        if name != "nobody"
    }
    return found | {"nobody": Outcome(0, 0.0, 0.0)}


def first_come(problem: Problem, order: Floats) -> Ints:
    """Give offers in an order of customers, until money or places run out."""
    offer = _best_on_average(problem)
    rows = np.flatnonzero(offer >= 0)
    rank = np.argsort(-np.nan_to_num(order[rows], nan=-np.inf), kind="stable")
    rows = rows[rank]
    for limit in problem.limits:
        counts = limit.offers[offer[rows]]
        rows = rows[~counts | (np.cumsum(counts) <= limit.at_most)]
    spent = np.cumsum(problem.cost[rows, offer[rows]])
    rows = rows[spent <= problem.budget]
    choice = np.full(len(offer), NOBODY)
    choice[rows] = offer[rows]
    return choice


def _best_on_average(problem: Problem) -> Ints:
    """Return of the offers that a customer may have that of the best average effect."""
    net = np.where(problem.allowed, problem.gain - problem.cost, 0.0)
    mean = net.sum(axis=0) / np.maximum(problem.allowed.sum(axis=0), 1)
    if not len(mean):
        return np.full(len(net), NOBODY)
    best_first = np.argsort(-mean, kind="stable")
    may = problem.allowed[:, best_first]
    return np.where(may.any(axis=1), best_first[may.argmax(axis=1)], NOBODY)
