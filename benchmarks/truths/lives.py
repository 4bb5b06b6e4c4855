"""Shops whose customers' lives are drawn from parameters that are known.

Purchases are a Poisson process of each customer's own rate on the shop's clock, which
runs fast where demand is high and stands still where the door is closed. After each
repeat purchase a customer leaves with a chance of their own; a change of hands drives
others away on one day. On its clock every world is BG/NBD and Gamma-Gamma, of one kind
of customer or more, so that what is known of a life has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
START = pd.Timestamp("2021-01-04")  # a Monday
YEAR = 365
SUNDAY = 6


@dataclass(frozen=True)
class Kind:
    """Customers of one kind: what rates, chances of leaving and amounts are drawn from.

    A rate (purchases a day) is Gamma(r, alpha), the chance to leave after a repeat
    purchase Beta(a, b), an order's amount Gamma(p, nu) and nu Gamma(q, v).
    """

    share: float = 1.0
    r: float = 0.8
    alpha: float = 40.0
    a: float = 0.6
    b: float = 3.0
    p: float = 4.0
    q: float = 4.0
    v: float = 110.0


@dataclass(frozen=True)
class Handover:
    """A day on which customers leave at once; those who stay buy at another pace."""

    day: int
    leaving_share: float
    pace: float


@dataclass(frozen=True)
class World:
    """A shop: its customers, its demand by day, and how long it was watched.

    `season` is the strength of a yearly wave whose crest lies on `peak_day`; `growth`
    the log of how many times faster customers arrive at the end than at the beginning.
    """

    name: str
    about: str
    kinds: tuple[Kind, ...] = (Kind(),)
    days: int = 730
    horizon_days: int = 60
    season: float = 0.0
    peak_day: int = 0
    closed_weekday: int | None = None
    growth: float = 0.0
    handover: Handover | None = None

    @cached_property
    def clock(self) -> Floats:
        """Time of the shop by day from the first, to a year beyond the cutoff."""
        day = np.arange(self.days + YEAR)
        demand = np.exp(self.season * np.cos(2 * np.pi * (day - self.peak_day) / YEAR))
        if self.closed_weekday is not None:
            demand[day % 7 == self.closed_weekday] = 0.0
        # a customer's rate is that of a mean day
        demand /= demand.mean()
        if self.handover is not None:
            demand[day >= self.handover.day] *= self.handover.pace
        clock: Floats = np.concatenate([[0.0], np.cumsum(demand)])
        return clock

    def time_at(self, day: float | Floats) -> Floats:
        """Return the shop's time on days of the calendar."""
        return np.interp(day, np.arange(len(self.clock)), self.clock)

    def day_at(self, time: Floats) -> Floats:
        """Return the day of the calendar at times of the shop."""
        return np.interp(time, self.clock, np.arange(len(self.clock)))


@dataclass(frozen=True)
class Lives:
    """Customers who came before the cutoff, with what no shop knows of them.

    All times are the shop's own; arrays have one element a customer, those of orders
    one an order, by customer and time, the first purchase included.
    """

    world: World
    rate: Floats
    dropout: Floats
    order_mean: Floats
    first_at: Floats
    # when the customer left for good; infinite where not within the watched time
    left_at: Floats
    order_customer: NDArray[np.int64]
    order_at: Floats
    order_day: Floats
    amount: Floats

    @property
    def n_customers(self) -> int:
        """How many customers there are."""
        return len(self.rate)

    def sum_between(self, first_day: float, end: float, weight: Floats) -> Floats:
        """Sum a weight of each order over days ``[first_day, end)``, by customer."""
        inside = (self.order_day >= first_day) & (self.order_day < end)
        return np.bincount(
            self.order_customer[inside], weight[inside], self.n_customers
        ).astype(np.float64)

    def log(self) -> pd.DataFrame:
        """Return what the shop knows at the cutoff: one row an order, by time."""
        known = np.flatnonzero(self.order_day < self.world.days)
        known = known[np.argsort(self.order_day[known], kind="stable")]
        when = START + pd.to_timedelta(self.order_day[known], unit="D")
        return pd.DataFrame(
            {
                "customer_id": self.order_customer[known],
                "order_id": np.arange(len(known)),
                "order_time": when.floor("s"),
                "amount": self.amount[known],
            }
        )


def live(world: World, n_customers: int, seed: int) -> Lives:
    """Draw so many lives, from the shop's first day to a year beyond the cutoff."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(len(world.kinds), n_customers, p=[k.share for k in world.kinds])
    r, alpha, a, b, p, q, v = (
        np.array([getattr(each, name) for each in world.kinds])[kind]
        for name in ("r", "alpha", "a", "b", "p", "q", "v")
    )
    rate, nu = rng.gamma(r) / alpha, rng.gamma(q) / v
    dropout = np.clip(rng.beta(a, b), 1e-12, 1 - 1e-12)
    first_at = _arrivals(world, rng.random(n_customers))
    # geometric: the repeat purchase after which the customer leaves
    last_repeat = np.ceil(rng.standard_exponential(n_customers) / -np.log1p(-dropout))
    owner, repeat_at, left_at = _repeats(world, rng, rate, first_at, last_repeat)
    customer = np.concatenate([np.arange(n_customers), owner])
    order_at = np.concatenate([first_at, repeat_at])
    by_time = np.lexsort((order_at, customer))
    customer, order_at = customer[by_time], order_at[by_time]
    amount = rng.gamma(p[customer]) / nu[customer]
    return Lives(
        world=world,
        rate=rate,
        dropout=dropout,
        order_mean=p / nu,
        first_at=first_at,
        left_at=left_at,
        order_customer=customer,
        order_at=order_at,
        order_day=world.day_at(order_at),
        amount=np.maximum(amount.round(2), 0.01),
    )


def _arrivals(world: World, share: Floats) -> Floats:
    """Return first purchases: even on the shop's clock, or thronging to the end."""
    if world.growth:
        share = np.log1p(share * np.expm1(world.growth)) / world.growth
    first: Floats = share * world.time_at(world.days)
    return first


def _repeats(
    world: World,
    rng: np.random.Generator,
    rate: Floats,
    first_at: Floats,
    last_repeat: Floats,
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return owners and times of repeat purchases, and when each customer left."""
    age = world.clock[-1] - first_at
    n_events = rng.poisson(rate * age)
    owner = np.repeat(np.arange(len(rate)), n_events)
    # the integer part of the key is the customer, so that one sort orders them all
    key = np.sort(owner + rng.random(len(owner)))
    at = first_at[owner] + (key - owner) * age[owner]
    place = np.arange(1, len(owner) + 1) - (np.cumsum(n_events) - n_events)[owner]
    left_at = np.full(len(rate), np.inf)
    is_last = place == last_repeat[owner]
    left_at[owner[is_last]] = at[is_last]
    if world.handover is not None:
        day = float(world.time_at(world.handover.day))
        driven = rng.random(len(rate)) < world.handover.leaving_share
        driven &= first_at < day
        left_at = np.where(driven, np.minimum(left_at, day), left_at)
    kept = at <= left_at[owner]
    return owner[kept], at[kept], left_at
