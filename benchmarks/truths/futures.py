"""What the coming year is expected to bring of a life that is known.

Purchases of somebody who is there at time 0 come at rate ``l exp(-l p t)`` on the
shop's clock: they buy at their rate ``l`` and leave after a purchase with chance ``p``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from truths.lives import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from truths.beliefs import Draws
    from truths.lives import Lives, World

    Floats = NDArray[np.float64]

# parts of the horizon, and of the year beyond it, over which the discount is constant
NEAR, FAR = 6, 16


@dataclass(frozen=True)
class Year:
    """The coming year on the shop's clock, in steps with a discount each."""

    # of shape (n_steps + 1,) and (n_steps,)
    edges: Floats
    discount: Floats

    @classmethod
    def of(cls, world: World, discount_rate_annual: float) -> Year:
        """Cut the year up: the horizon, then what lies beyond."""
        near = np.linspace(0, world.horizon_days, NEAR + 1)
        days = np.append(near, np.linspace(world.horizon_days, YEAR, FAR + 1)[1:])
        middle = (days[1:] + days[:-1]) / 2
        return cls(
            edges=world.time_at(world.days + days) - world.time_at(world.days),
            discount=(1 + discount_rate_annual) ** (-middle / YEAR),
        )

    @property
    def horizon(self) -> float:
        """The end of the horizon on the shop's clock."""
        return float(self.edges[NEAR])

    def purchases(self, rate: Floats, dropout: Floats, since: Floats | float) -> Floats:
        """Return expected discounted purchases of somebody who is there since then."""
        hazard = rate * dropout
        total = np.zeros(np.broadcast_shapes(hazard.shape, np.shape(since)))
        steps = zip(self.edges[:-1], self.edges[1:], self.discount, strict=True)
        for begin, end, discount in steps:
            start = np.maximum(begin - since, 0.0)
            length = np.maximum(end - since, 0.0) - start
            lost = -np.expm1(-hazard * length)
            total += discount * np.exp(-hazard * start) * lost / dropout
        return total

    def given_purchase(self, rate: Floats, dropout: Floats) -> Floats:
        """Return the same for somebody who buys in the horizon."""
        silent = np.exp(-rate * self.horizon)
        whole = self.purchases(rate, dropout, 0.0)
        beyond = self.purchases(rate, dropout, self.horizon)
        # a rate near 0 buys once at most, and rounding would say otherwise
        buys = np.maximum(-np.expm1(-rate * self.horizon), 1e-9)
        return np.maximum((whole - silent * beyond) / buys, self.discount[NEAR])


@dataclass(frozen=True)
class Stakes:
    """What an offer can change of each life; money is discounted margin.

    `silent` is whether the customer buys nothing in the horizon, or how likely that is;
    `back` what is won if a silent one comes back and `stay` what is won if one who
    leaves in the horizon does not, each 0 for those with whom there is nothing to win.
    """

    silent: Floats
    back: Floats
    stay: Floats


def true_stakes(lives: Lives, year: Year, margin: float) -> Stakes:
    """Return what is at stake with each customer, whose life is known."""
    world = lives.world
    orders = np.ones(len(lives.order_day))
    horizon_end = world.days + world.horizon_days
    silent = lives.sum_between(world.days, horizon_end, orders) == 0
    left = lives.left_at - world.time_at(world.days)
    value = margin * lives.order_mean
    returned = year.given_purchase(lives.rate, lives.dropout)
    as_is = year.purchases(lives.rate, lives.dropout, year.horizon) * (left > 0)
    leaves = (left > 0) & (left <= year.horizon)
    stays = year.purchases(lives.rate, lives.dropout, np.clip(left, 0, year.horizon))
    return Stakes(
        silent=silent.astype(np.float64),
        back=silent * value * (returned - as_is),
        stay=leaves * value * stays,
    )


def believed_stakes(draws: Draws, year: Year, margin: float) -> Stakes:
    """Return what is at stake as far as the parameters and the log can tell."""
    rate, dropout, there = draws.rate, draws.dropout, draws.is_there
    silent = _silent(draws, year)
    value = margin * draws.order_mean
    returned = year.given_purchase(rate, dropout)
    as_is = year.purchases(rate, dropout, year.horizon) * there
    return Stakes(
        silent=silent.mean(1),
        back=(silent * value * (returned - as_is)).mean(1),
        stay=(there * value * _leaving(rate, dropout, year)).mean(1),
    )


def scored_stakes(draws: Draws, there: Draws, year: Year, margin: float) -> Stakes:
    """Return what the columns of the scores are by their definition, free of error.

    `back` is value_to_win_back, a purchase in the middle of the horizon by one of the
    silent. `stay` is value_to_protect, which takes leavers for as good as those who
    stay; `there` are lives of the same customers who are there.
    """
    silent = _silent(draws, year)
    beyond = year.purchases(draws.rate, draws.dropout, year.horizon) * draws.is_there
    middle = year.horizon / 2
    stays = (1 - draws.dropout) * year.purchases(draws.rate, draws.dropout, middle)
    returned = year.discount[NEAR // 2] + stays
    buys = 1 - _silent(there, year)
    kept = there.order_mean * year.given_purchase(there.rate, there.dropout)
    if_kept = margin * (kept * buys).mean(1) / buys.mean(1)
    leaves = draws.is_there * -np.expm1(-draws.rate * draws.dropout * year.horizon)
    return Stakes(
        silent=silent.mean(1),
        back=margin * (silent * draws.order_mean * (returned - beyond)).mean(1),
        stay=leaves.mean(1) * if_kept,
    )


def _silent(draws: Draws, year: Year) -> Floats:
    """Return P(no purchase in the horizon) of each life."""
    return np.where(draws.is_there, np.exp(-draws.rate * year.horizon), 1.0)


def _leaving(rate: Floats, dropout: Floats, year: Year) -> Floats:
    """Return what those who are there are expected to take along in the horizon."""
    hazard, total = rate * dropout, np.zeros(rate.shape)
    for begin, end in zip(year.edges[:NEAR], year.edges[1 : NEAR + 1], strict=True):
        leaves = np.exp(-hazard * begin) * -np.expm1(-hazard * (end - begin))
        total += leaves * year.purchases(rate, dropout, (begin + end) / 2)
    return total


@dataclass(frozen=True)
class Money:
    """Spend in the horizon and discounted margin of the year, a customer each."""

    spend: Floats
    value: Floats


def true_money(lives: Lives, discount_rate_annual: float, margin: float) -> Money:
    """Return what came of each customer."""
    world = lives.world
    ahead = np.maximum(lives.order_day - world.days, 0.0)
    worth = margin * lives.amount * (1 + discount_rate_annual) ** (-ahead / YEAR)
    return Money(
        spend=lives.sum_between(
            world.days, world.days + world.horizon_days, lives.amount
        ),
        value=lives.sum_between(world.days, world.days + YEAR, worth),
    )


def believed_money(draws: Draws, year: Year, margin: float) -> Money:
    """Return what the parameters and the log let expect of each customer."""
    rate, dropout = draws.rate, draws.dropout
    there = draws.is_there * draws.order_mean
    orders = -np.expm1(-rate * dropout * year.horizon) / dropout
    return Money(
        spend=(there * orders).mean(1),
        value=margin * (there * year.purchases(rate, dropout, 0.0)).mean(1),
    )
