"""From what would be best to who is sent what: exploration, and a control group.

The budget holds for those who are sent something. So more are chosen than it would pay
for, by as much as the control group takes away again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from regulars.campaigns.allocation import NOBODY, Limit, allocate
from regulars.campaigns.control import ControlGroup, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.campaigns.allocation import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

# tries to use up what the control group leaves of the budget
TRIES = 4
CLOSE = 0.99
# beyond what the control group takes away, for the uneven costs of those who stay
MORE = 1.1


@dataclass(frozen=True, eq=False)
class Draw:
    """Who was chosen for what, and who of them is control."""

    # number of the offer, for the control group too; -1: not chosen
    choice: Ints
    # whose offer was drawn at random
    explores: Flags
    is_control: Flags
    # empty for those not chosen
    strata: NDArray[np.str_]
    control: ControlGroup

    @property
    def is_sent(self) -> Flags:
        """Who is sent an offer."""
        return (self.choice >= 0) & ~self.is_control


@dataclass(frozen=True, eq=False)
class Lot:
    """What a draw is made for, and among whom."""

    key: str
    ids: Sequence[object]
    names: tuple[str, ...]
    bands: NDArray[np.str_]
    control_share: float
    exploration: float


def drawn(problem: Problem, lot: Lot) -> Draw:
    """Choose offers, explore with a share of the budget, and draw the control group."""
    # what is chosen for all of the budget keeps to it whoever is control
    found = _drawn(problem, lot, 1.0)
    factor = 1.0 / (1.0 - lot.control_share)
    most = MORE * factor
    for _ in range(TRIES):
        tried = _drawn(problem, lot, factor)
        over = _overrun(problem, tried)
        if over <= 1.0:
            found = tried
            if over >= CLOSE or not np.isfinite(problem.budget):
                break
        # of a plan that takes whoever pays, more money chooses nobody else
        factor = min(most, factor * (0.9995 / over if over > 0 else 1.0))
        if factor <= 1.0 or (over < CLOSE and factor == most):
            break
    return found


def _overrun(problem: Problem, draw_: Draw) -> float:
    """Return the largest share that is used of the budget or of a limit."""
    sent = np.where(draw_.is_sent, draw_.choice, NOBODY)
    bounds = problem.bounds
    shares = problem.used(sent) / np.maximum(bounds, 1e-12)
    return float(shares.max(initial=0.0))


def _drawn(problem: Problem, lot: Lot, factor: float) -> Draw:
    more = _scaled(problem, factor, 1.0 - lot.exploration)
    choice = np.full(len(lot.ids), NOBODY)
    if lot.exploration < 1.0:
        choice = allocate(more).choice
    explored = _explored(_scaled(problem, factor, 1.0), lot, choice)
    explores = explored >= 0
    choice = np.where(explores, explored, choice)
    strata = np.full(len(choice), "", object)
    chosen = np.flatnonzero(choice >= 0)
    parts = np.where(explores, "explore", "best")
    names = np.array(lot.names, object)
    strata[chosen] = [
        f"{part} / {offer} / {band}"
        for part, offer, band in zip(
            parts[chosen], names[choice[chosen]], lot.bands[chosen], strict=True
        )
    ]
    ids = [lot.ids[row] for row in chosen.tolist()]
    own = [*map(str, strata[chosen])]
    group = ControlGroup.at_launch(ids, own, lot.control_share, lot.key)
    is_control = np.zeros(len(choice), bool)
    is_control[chosen] = group.is_control(ids, own)
    return Draw(choice, explores, is_control, strata.astype(str), group)


def _scaled(problem: Problem, factor: float, share: float) -> Problem:
    """Return a problem with a share of so many times the money and the places."""
    limits = tuple(
        Limit(each.name, each.offers, float(np.floor(each.at_most * factor * share)))
        for each in problem.limits
    )
    # a share of no limit is none
    budget = problem.budget * factor * share if np.isfinite(problem.budget) else np.inf
    return replace(problem, budget=budget, limits=limits)


def _explored(problem: Problem, lot: Lot, choice: Ints) -> Ints:
    """Draw offers for customers at random, with a share of the money."""
    found = np.full(len(choice), NOBODY)
    sent = choice >= 0
    # a share of what is spent: a plan that sends nothing explores nothing
    whole = problem.budget
    if lot.exploration < 1.0:
        spent = problem.cost[np.flatnonzero(sent), choice[sent]].sum()
        whole = min(whole, spent / (1.0 - lot.exploration))
    money = lot.exploration * whole
    # who would be harmed is left alone here too
    may = problem.allowed & (problem.gain >= 0) & ~sent[:, None]
    rows = np.flatnonzero(may.any(axis=1))
    if not lot.exploration or not money or not len(rows):
        return found
    order = draw(lot.ids, f"{lot.key}: who explores")
    rows = rows[np.argsort(order[rows], kind="stable")]
    nth = draw(lot.ids, f"{lot.key}: what is explored")[rows]
    options = may[rows].cumsum(axis=1)
    place = np.floor(nth * options[:, -1]).astype(np.int64)
    offer = (options <= place[:, None]).sum(axis=1)
    used = problem.used(choice)[-len(problem.limits) :] if problem.limits else ()
    for limit, taken in zip(problem.limits, used, strict=True):
        counts = limit.offers[offer]
        fits = ~counts | (np.cumsum(counts) <= limit.at_most - taken)
        rows, offer = rows[fits], offer[fits]
    fits = np.cumsum(problem.cost[rows, offer]) <= money
    found[rows[fits]] = offer[fits]
    return found
