"""Who is sent which offer: one or none a customer, within a budget and limits.

Every limit gets a price, so that each customer's best offer can be looked up; the
prices are those at which the limits are just used up. What does not fit at these
prices is dropped, what still fits is filled in. The value at the prices bounds every
plan from above, so the distance to the best one is always known.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NOBODY = -1
# customers up to which the problem is solved as a whole, in about a second
SMALL = 2_000
SECONDS = 5.0
ROUNDS = 80
TOLERANCE = 1e-5
# of a price: who is indifferent waits until the others are served
EDGE = 1e-6
# of a limit, for sums of floats
SLACK = 1e-9


class Limit(NamedTuple):
    """At most so many customers, over some of the offers.

    Attributes
    ----------
    name : str
        What is limited: an offer or a channel.
    offers : array of bool of shape (n_offers,)
        The offers that count.
    at_most : float
        Number of customers, 0 or more.
    """

    name: str
    offers: NDArray[np.bool_]
    at_most: float


@dataclass(frozen=True, eq=False)
class Problem:
    """What may be sent to whom, what it brings and what it costs.

    Attributes
    ----------
    gain : array of shape (n_customers, n_offers)
        Expected margin that the offer adds, before its cost.
    cost : array of shape (n_customers, n_offers)
        Expected cost, 0 or more.
    allowed : array of bool of shape (n_customers, n_offers)
        Whether the customer may have the offer.
    budget : float
        What all offers may cost; infinite where there is no limit.
    limits : tuple of Limit
        How many customers offers and channels may reach.
    """

    gain: Floats
    cost: Floats
    allowed: NDArray[np.bool_]
    budget: float = np.inf
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        for name, values in (("gain", self.gain), ("cost", self.cost)):
            wrong = self.allowed & ~np.isfinite(values)
            if wrong.any():
                msg = (
                    f"The expected {name} of {wrong.sum():,} offers to customers is no "
                    "number. Score again, and look at the cost of the offers."
                )
                raise ConfigError(msg)
        if (self.cost[self.allowed] < 0).any() or not self.budget >= 0:
            msg = "A cost or the budget is not 0 or more. Give amounts of 0 or more."
            raise ConfigError(msg)
        for limit in self.limits:
            if not limit.at_most >= 0:
                msg = (
                    f"The limit of '{limit.name}' is {limit.at_most}. Give a number of "
                    "customers, 0 or more."
                )
                raise ConfigError(msg)

    @cached_property
    def net(self) -> Floats:
        """Gain less cost; -inf where an offer is not allowed or would not pay."""
        net = self.gain - self.cost
        return np.where(self.allowed & (net > 0), net, -np.inf)

    @cached_property
    def bounds(self) -> Floats:
        """The finite limits: of the budget, where it is one, and of numbers."""
        return np.array([*self._budget, *(limit.at_most for limit in self._counts)])

    def used(self, choice: Ints) -> Floats:
        """Return how much of each of `bounds` a choice uses."""
        sent = np.flatnonzero(choice >= 0)
        n_sent = np.bincount(choice[sent], minlength=self.net.shape[1])
        money = [self.cost[sent, choice[sent]].sum()] * len(self._budget)
        return np.array([*money, *(n_sent[each.offers].sum() for each in self._counts)])

    def uses(self, rows: Ints, offers: Ints) -> Floats:
        """Return what customers use of each of `bounds`: a row a customer."""
        money = [self.cost[rows, offers]] * len(self._budget)
        counts = [limit.offers[offers].astype(float) for limit in self._counts]
        return np.column_stack([*money, *counts, np.empty((len(rows), 0))])

    def priced(self, prices: Floats) -> Floats:
        """Return the net gain of each offer less what it uses, at prices."""
        n_money = len(self._budget)
        value = self.net
        if n_money and prices[0]:
            value = value - prices[0] * self.cost
        pairs = zip(prices[n_money:], self._counts, strict=True)
        by_offer = sum((price * limit.offers for price, limit in pairs), 0.0)
        return value - by_offer

    def profit(self, choice: Ints) -> float:
        """Return the expected gain less cost of a choice."""
        sent = np.flatnonzero(choice >= 0)
        return float((self.gain - self.cost)[sent, choice[sent]].sum())

    @property
    def _budget(self) -> tuple[float, ...]:
        return () if np.isinf(self.budget) else (self.budget,)

    @property
    def _counts(self) -> list[Limit]:
        return [limit for limit in self.limits if np.isfinite(limit.at_most)]


@dataclass(frozen=True, eq=False)
class Allocation:
    """A choice of offers.

    Attributes
    ----------
    choice : array of int of shape (n_customers,)
        Number of the offer; -1 where the customer is left alone.
    gain, cost : float
        Expected margin that is added, and expected cost, of all.
    bound : float
        No plan within the limits earns more than this, net of cost.
    price_of_budget : float
        What one more unit of budget would add to the profit; 0 where it is no limit.
    prices : dict of str to float
        The same of one more customer, by limit.
    """

    choice: Ints
    gain: float
    cost: float
    bound: float
    price_of_budget: float
    prices: dict[str, float]

    @property
    def profit(self) -> float:
        """Expected gain less expected cost."""
        return self.gain - self.cost

    @property
    def gap(self) -> float:
        """Share of the bound that a better plan could at most add."""
        return max(0.0, 1.0 - self.profit / self.bound) if self.bound > 0 else 0.0


def allocate(problem: Problem) -> Allocation:
    """Choose the offers of the largest expected gain less cost.

    Parameters
    ----------
    problem : Problem
        Gains, costs and limits.

    Returns
    -------
    Allocation
        One offer or none a customer; no limit is exceeded.

    Notes
    -----
    Up to 2,000 customers whom an offer pays for, the problem is solved as a whole
    (HiGHS); beyond, by prices: cutting planes on the dual, one price a limit, then a
    greedy repair. Equal customers are taken in their order.

    Examples
    --------
    >>> gain = np.array([[5.0, 9.0], [4.0, 3.0], [0.5, 0.5]])
    >>> cost = np.array([[1.0, 4.0], [1.0, 1.0], [1.0, 1.0]])
    >>> plan = allocate(Problem(gain, cost, np.ones((3, 2), bool), budget=2.0))
    >>> plan.choice.tolist(), plan.profit, plan.cost
    ([0, 0, -1], 7.0, 2.0)
    """
    free = _best(problem.net)[0]
    if (problem.used(free) <= problem.bounds).all():
        prices = np.zeros(len(problem.bounds))
        return _allocation(problem, free, problem.profit(free), prices)
    prices, bound = _prices(problem)
    choice = _repaired(problem, prices)
    if np.isfinite(problem.net).any(axis=1).sum() <= SMALL:
        choice, bound = _whole(problem, choice, bound)
    return _allocation(problem, choice, bound, prices)


def profit_curve(problem: Problem, budgets: Sequence[float]) -> list[Allocation]:
    """Return the best plan of each of several budgets.

    Parameters
    ----------
    problem : Problem
        Gains, costs and limits; its own budget does not count.
    budgets : sequence of float
        In the currency of the costs, 0 or more.

    Returns
    -------
    list of Allocation
        One a budget.

    Examples
    --------
    >>> one = np.ones((3, 1))
    >>> problem = Problem(3 * one, one, one > 0)
    >>> [plan.profit for plan in profit_curve(problem, [0.0, 1.0, 9.0])]
    [0.0, 2.0, 6.0]
    """
    return [allocate(replace(problem, budget=budget)) for budget in budgets]


def _best(value: Floats) -> tuple[Ints, Floats]:
    """Return each customer's offer of most value, and its value; none below 0."""
    if not value.shape[1]:
        return np.full(len(value), NOBODY), np.zeros(len(value))
    offer = value.argmax(axis=1)
    most = value[np.arange(len(value)), offer]
    return np.where(most > 0, offer, NOBODY), np.maximum(most, 0.0)


def _prices(problem: Problem) -> tuple[Floats, float]:
    """Return prices of the limits, and the bound that they give on any plan.

    The bound is a convex function of the prices: cutting planes find its least value.
    """
    bounds = problem.bounds
    scale = 1.0 / np.maximum(bounds, 1e-9)
    prices = best = np.zeros(len(bounds))
    least, slopes, heights = np.inf, [], []
    for step in range(ROUNDS):
        choice, value = _best(problem.priced(prices))
        bound = float(value.sum() + prices @ bounds)
        if bound < least:
            least, best = bound, prices
        slope = bounds - problem.used(choice)
        slopes.append(slope)
        heights.append(bound - slope @ prices)
        lowest, cheapest = _lowest(np.array(slopes) * scale, np.array(heights), least)
        if least - lowest <= TOLERANCE * abs(least):
            break
        cheapest = cheapest * scale
        # half-way to the best so far is steadier
        prices = cheapest if step < 3 else 0.5 * (cheapest + best)
    # beyond what the best offer brings a unit, a price changes nothing
    return np.minimum(best, _most_per_unit(problem)), least


def _most_per_unit(problem: Problem) -> Floats:
    """Return the largest net gain a unit of each limit."""
    rows, offers = np.nonzero(np.isfinite(problem.net))
    uses = problem.uses(rows, offers)
    net = np.broadcast_to(problem.net[rows, offers][:, None], uses.shape)
    ratio = np.divide(net, uses, out=np.zeros_like(uses), where=uses > 0)
    most: Floats = ratio.max(axis=0, initial=0.0)
    return most


def _lowest(slopes: Floats, heights: Floats, least: float) -> tuple[float, Floats]:
    """Return the lowest point of the cutting planes, and where it lies."""
    n = slopes.shape[1]
    found = linprog(
        np.append(np.zeros(n), 1.0),
        A_ub=np.column_stack([slopes, -np.ones(len(slopes))]),
        b_ub=-heights,
        bounds=[(0, 4 * max(least, 1.0))] * n + [(None, None)],
        method="highs",
    )
    return float(found.x[-1]), found.x[:-1]


def _repaired(problem: Problem, prices: Floats) -> Ints:
    """Return a choice within the limits: the most valuable first, then what fits."""
    value = problem.priced(prices * (1.0 + EDGE))
    wanted, worth = _best(value)
    choice = np.full(len(wanted), NOBODY)
    rows = np.flatnonzero(wanted >= 0)
    _fill(problem, choice, rows, wanted[rows], worth[rows])
    for offer in range(value.shape[1]):
        rows = np.flatnonzero((choice < 0) & np.isfinite(value[:, offer]))
        _fill(problem, choice, rows, np.full(len(rows), offer), value[rows, offer])
    for offer in range(value.shape[1]):
        rows = np.flatnonzero(choice >= 0)
        now = choice[rows]
        better = problem.net[rows, offer] > problem.net[rows, now]
        rows, now = rows[better], now[better]
        more = value[rows, offer] - value[rows, now]
        _fill(problem, choice, rows, np.full(len(rows), offer), more)
    return choice


def _fill(
    problem: Problem, choice: Ints, rows: Ints, offers: Ints, worth: Floats
) -> None:
    """Give customers offers, or better ones, by worth while every limit holds."""
    left = problem.bounds * (1.0 + SLACK) - problem.used(choice)
    uses, now = problem.uses(rows, offers), choice[rows]
    has = now >= 0
    uses[has] -= problem.uses(rows[has], now[has])
    fit = np.flatnonzero((uses <= left).all(axis=1))
    order = fit[np.argsort(-worth[fit], kind="stable")]
    rows, offers, uses = rows[order], offers[order], uses[order]
    while len(rows):
        fits: NDArray[np.bool_] = np.all(uses.cumsum(axis=0) <= left, axis=1)
        n = len(fits) if fits.all() else int(fits.argmin())
        choice[rows[:n]] = offers[:n]
        left = left - uses[:n].sum(axis=0)
        # who does not fit alone is passed over
        again = np.flatnonzero((uses[n:] <= left).all(axis=1)) + n
        if n == 0 and len(again) and again[0] == 0:
            break
        rows, offers, uses = rows[again], offers[again], uses[again]


def _whole(problem: Problem, choice: Ints, bound: float) -> tuple[Ints, float]:
    """Solve the problem as a whole; a choice and a bound at least as good."""
    rows, offers = np.nonzero(np.isfinite(problem.net))
    n, n_customers = len(rows), len(problem.net)
    uses = problem.uses(rows, offers)
    limit, place = np.nonzero(uses.T)
    cells = coo_array(
        (
            np.append(np.ones(n), uses.T[limit, place]),
            (np.append(rows, n_customers + limit), np.append(np.arange(n), place)),
        ),
        shape=(n_customers + len(problem.bounds), n),
    )
    most = np.append(np.ones(n_customers), problem.bounds)
    with _silent():
        solved = milp(
            -problem.net[rows, offers],
            constraints=LinearConstraint(cells.tocsr(), -np.inf, most),
            bounds=Bounds(0, 1),
            integrality=np.ones(n),
            options={"time_limit": SECONDS, "mip_rel_gap": 1e-5},
        )
    if solved.mip_dual_bound is not None:
        bound = min(bound, -float(solved.mip_dual_bound))
    if solved.x is None:
        return choice, bound
    exact = np.full(n_customers, NOBODY)
    sent = solved.x > 0.5
    exact[rows[sent]] = offers[sent]
    holds = (problem.used(exact) <= problem.bounds * (1.0 + SLACK)).all()
    if holds and problem.profit(exact) > problem.profit(choice):
        choice = exact
    return choice, max(bound, problem.profit(choice))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep HiGHS from standard output, where it writes remarks whatever it is told."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _allocation(
    problem: Problem, choice: Ints, bound: float, prices: Floats
) -> Allocation:
    sent = np.flatnonzero(choice >= 0)
    at = choice[sent]
    named = iter(prices.tolist())
    of_budget = 0.0 if np.isinf(problem.budget) else next(named)
    of_limits = {
        limit.name: 0.0 if np.isinf(limit.at_most) else next(named)
        for limit in problem.limits
    }
    return Allocation(
        choice,
        float(problem.gain[sent, at].sum()),
        float(problem.cost[sent, at].sum()),
        bound,
        of_budget,
        of_limits,
    )
