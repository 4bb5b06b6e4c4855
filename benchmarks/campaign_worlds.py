"""Simulated customers whose every effect of every offer is known.

Purchases are those of a Pareto/NBD process. An offer persuades some customers, leaves
most as they are and drives some away; who is who hangs on four traits (a liking for low
prices, a grievance, a liking for the phone, a dislike of being contacted), of which the
features are noisy copies. So who can be persuaded is partly hidden from any policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEKS = 26.0
OFFERS = ("discount", "call", "points")
PER_CONTACT = np.array([0.3, 2.5, 0.2])
PER_REDEMPTION = np.array([4.0, 0.0, 1.5])
ORDER_SPREAD = 0.6  # of the logarithm of an order, within a customer


class World(NamedTuple):
    """How strongly offers act."""

    shift: float  # of the log odds of being persuadable
    lift: float  # of the rate of those who are persuaded
    back: float  # probability that one who had gone comes back
    leave: float  # probability that one who minds leaves


WORLDS = {
    "strong": World(0.8, 0.70, 0.60, 0.8),
    "realistic": World(0.0, 0.35, 0.35, 0.6),
    "null": World(-99.0, 0.0, 0.0, 0.0),
}


@dataclass(frozen=True, eq=False)
class People:
    """Customers with what is known of them, and what nobody knows."""

    world: World
    features: Floats
    rate: Floats
    leaving: Floats
    is_there: NDArray[np.bool_]
    order: Floats  # median of an order
    kind: NDArray[np.int64]  # by offer: 1 persuadable, -1 driven away, 0 neither
    takes: Floats  # probability of taking an offer with an order
    effect: Floats  # expected margin that each offer adds
    cost: Floats  # expected cost of each offer
    # the same, over what kind of customer their traits would make of them
    effect_of_traits: Floats
    cost_of_traits: Floats

    def outcomes(
        self, arm: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Floats, NDArray[np.bool_], Floats]:
        """Return margin before cost, whether kept, and cost, of customers by arm."""
        n, place = len(arm), np.maximum(arm - 1, 0)
        sent = arm > 0
        kind = np.where(sent, self.kind[np.arange(n), place], 0)
        life = np.minimum(rng.exponential(1, n) / self.leaving, WEEKS) * self.is_there
        moved = np.where(
            self.is_there,
            WEEKS * (1 + self.world.lift),
            WEEKS * (rng.random(n) < self.world.back),
        )
        gone = rng.random(n) < self.world.leave
        weeks = np.select([kind == 1, (kind == -1) & gone], [moved, 0.0], life)
        n_orders = rng.poisson(self.rate * weeks)
        owner = np.repeat(np.arange(n), n_orders)
        spread = np.exp(ORDER_SPREAD * rng.normal(size=len(owner)))
        margin = np.bincount(owner, self.order[owner] * spread, minlength=n)
        takes = np.where(sent, self.takes[np.arange(n), place], 0.0)
        taken = (n_orders > 0) & (rng.random(n) < takes)
        cost = np.where(sent, PER_CONTACT[place] + PER_REDEMPTION[place] * taken, 0.0)
        return margin, n_orders > 0, cost

    def profit(self, choice: NDArray[np.int64]) -> float:
        """Return the true expected profit of a choice; -1 is nobody."""
        sent = np.flatnonzero(choice >= 0)
        return float((self.effect - self.cost)[sent, choice[sent]].sum())


def people(n: int, rng: np.random.Generator, world: World) -> People:
    """Draw customers as of a cutoff, with their true effects."""
    rate, leaving = rng.gamma(1.0, 0.08, n) + 1e-4, rng.gamma(0.8, 0.015, n) + 1e-5
    age = rng.uniform(8, 104, n)
    leaves_at = rng.exponential(1, n) / leaving
    seen = np.minimum(leaves_at, age)
    n_orders = rng.poisson(rate * seen)
    share = rng.random(n) ** (1 / np.maximum(n_orders, 1))
    last = np.where(n_orders > 0, seen * share, 0.0)
    is_there = leaves_at > age
    order = np.exp(np.log(12) + 0.7 * rng.normal(size=n))
    price, dislike, grievance, phone = rng.normal(size=(4, n))
    noise = np.exp(ORDER_SPREAD * rng.normal(size=n) / np.sqrt(n_orders + 1))
    features = np.column_stack(
        [
            n_orders,
            age - last,
            age,
            order * noise,
            rng.binomial(n_orders + 1, _odds(price - 0.5)) / (n_orders + 1.0),
            rng.binomial(12, _odds(0.5 - dislike)) / 12.0,
            rng.poisson(np.exp(-1 + 0.8 * grievance)),
            np.round(phone + 0.7 * rng.normal(size=n), 1),
            rng.poisson(np.where(is_there, 1.5 + 10 * rate, 0.4)),
            rng.normal(size=n),
            rng.integers(0, 5, n),
            rng.exponential(1, n),
        ]
    ).astype(np.float64)
    persuaded = np.column_stack(
        [
            -2.6 + 1.2 * price,
            -2.6 + 1.1 * grievance + 0.8 * phone,
            -3.7 + 0.9 * np.log1p(n_orders),
        ]
    )
    minds = np.column_stack(
        [
            -3.4 + 1.2 * dislike,
            -2.8 + 1.3 * dislike - 0.5 * grievance,
            -4 + 0.8 * dislike,
        ]
    )
    chance = rng.random((n, len(OFFERS)))
    kind = np.where(chance < _odds(persuaded + world.shift), 1, 0)
    if world.leave:
        kind = np.where(chance > 1 - _odds(minds), -1, kind)
    takes = np.column_stack([_odds(0.5 + price), np.zeros(n), np.full(n, 0.7)])

    weeks_left = (1 - np.exp(-leaving * WEEKS)) / leaving
    alone = is_there * rate * weeks_left
    moved = rate * WEEKS * np.where(is_there, 1 + world.lift, world.back)
    more = _by_kind(kind, moved - alone, -alone * world.leave)
    driven = _odds(minds) * (world.leave > 0)
    won = np.minimum(_odds(persuaded + world.shift), 1 - driven)
    more_of_traits = won * (moved - alone)[:, None]
    more_of_traits -= driven * (alone * world.leave)[:, None]
    both = rate + leaving
    none = leaving / both * (1 - np.exp(-both * WEEKS)) + np.exp(-both * WEEKS)
    buys = is_there * (1 - none)
    buys_moved = np.where(
        is_there,
        1 - np.exp(-rate * WEEKS * (1 + world.lift)),
        world.back * (1 - np.exp(-rate * WEEKS)),
    )
    buys_then = buys[:, None] + _by_kind(kind, buys_moved - buys, -buys * world.leave)
    of_traits = won * (buys_moved - buys)[:, None]
    of_traits -= driven * (buys * world.leave)[:, None]
    mean_order = order * np.exp(ORDER_SPREAD**2 / 2)
    return People(
        world,
        features,
        rate,
        leaving,
        is_there,
        order,
        kind,
        takes,
        more * mean_order[:, None],
        PER_CONTACT + PER_REDEMPTION * takes * buys_then,
        more_of_traits * mean_order[:, None],
        PER_CONTACT + PER_REDEMPTION * takes * (buys[:, None] + of_traits),
    )


def _by_kind(kind: NDArray[np.int64], moved: Floats, minded: Floats) -> Floats:
    found: Floats = np.where(
        kind == 1, moved[:, None], np.where(kind == -1, minded[:, None], 0.0)
    )
    return found


def _odds(logit: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-logit))
    return found
