"""What the log tells of a life to someone who knows the parameters but not the life.

A customer is still there, left after their last purchase, or was driven away when the
shop changed hands; given which, rate and chance of leaving are a gamma and a beta.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, gammaln, logsumexp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from truths.lives import Kind, Lives

    Floats = NDArray[np.float64]

# ways in which a life can stand at the cutoff
THERE, LEFT, DRIVEN = range(3)


@dataclass(frozen=True)
class History:
    """What is known of each customer at the cutoff, on the shop's clock."""

    n_repeats: Floats
    # from the first purchase: to the last, to the cutoff, and to the change of hands
    last_at: Floats
    age: Floats
    handover_at: Floats
    n_orders: Floats
    spent: Floats
    log_spent: Floats

    @classmethod
    def of(cls, lives: Lives) -> History:
        """Read the histories off the orders before the cutoff."""
        world = lives.world
        known = lives.order_day < world.days
        owner, amount = lives.order_customer[known], lives.amount[known]
        n_orders = np.bincount(owner).astype(np.float64)
        # orders are sorted by customer and time
        last = lives.order_at[known][np.cumsum(n_orders).astype(np.int64) - 1]
        handover = np.full(lives.n_customers, np.inf)
        if world.handover is not None:
            handover = world.time_at(world.handover.day) - lives.first_at
        return cls(
            n_repeats=n_orders - 1,
            last_at=last - lives.first_at,
            age=world.time_at(world.days) - lives.first_at,
            handover_at=np.where(handover > 0, handover, np.inf),
            n_orders=n_orders,
            spent=np.bincount(owner, amount),
            log_spent=np.bincount(owner, np.log(amount)),
        )


@dataclass(frozen=True)
class Draws:
    """Lives that each customer may have; arrays of shape (n_customers, n_draws)."""

    rate: Floats
    dropout: Floats
    is_there: NDArray[np.bool_]
    order_mean: Floats


@dataclass(frozen=True)
class Beliefs:
    """How likely each kind of customer and way to stand is, by customer.

    `log_weight` and `exposure` have shape (n_kinds, 3, n_customers): the exposure is
    the time over which the purchases are known to have come.
    """

    lives: Lives
    history: History
    log_weight: Floats
    exposure: Floats

    @classmethod
    def of(cls, lives: Lives) -> Beliefs:
        """Weigh every kind and way to stand by the history of each customer."""
        history = History.of(lives)
        handover = lives.world.handover
        lost = handover.leaving_share if handover else 0.0
        ways = np.stack([history.age, history.last_at, history.handover_at])
        ways = np.where(np.isfinite(ways), ways, history.age)
        weight = np.stack(
            [_log_weights(kind, history, ways, lost) for kind in lives.world.kinds]
        )
        weight -= logsumexp(weight, axis=(0, 1))
        return cls(lives, history, weight, np.broadcast_to(ways, weight.shape))

    def no_purchase_probability(self) -> Floats:
        """Return P(no purchase in the horizon): no forecast has a lower log loss."""
        world, history = self.lives.world, self.history
        ahead = world.time_at(world.days + world.horizon_days) - world.time_at(
            world.days
        )
        buys = np.zeros(self.lives.n_customers)
        for number, kind in enumerate(world.kinds):
            steady = np.log1p(ahead / (kind.alpha + history.age))
            silent = np.exp(-(kind.r + history.n_repeats) * steady)
            buys += np.exp(self.log_weight[number, THERE]) * (1 - silent)
        return 1 - buys

    def if_there(self) -> Beliefs:
        """Return what to believe of each customer, were it known that they are there.

        Whoever buys was there: too rare among the lives of some customers to wait for.
        """
        weight = np.full(self.log_weight.shape, -np.inf)
        weight[:, THERE] = self.log_weight[:, THERE]
        weight -= logsumexp(weight, axis=(0, 1))
        return replace(self, log_weight=weight)

    def draw(self, n_draws: int, seed: int) -> Draws:
        """Draw lives that agree with each customer's history."""
        rng = np.random.default_rng(seed)
        kinds, n = self.lives.world.kinds, self.lives.n_customers
        chance = np.exp(self.log_weight).reshape(len(kinds) * 3, n).cumsum(0)
        spot = rng.random((n_draws, n))
        case = (spot[:, None] > chance[:-1]).sum(1).T
        kind, way = np.divmod(case, 3)
        rows = np.arange(n)[:, None]
        r, alpha, a, b, p, q, v = (
            np.array([getattr(each, name) for each in kinds])[kind]
            for name in ("r", "alpha", "a", "b", "p", "q", "v")
        )
        repeats, left = self.history.n_repeats[:, None], way == LEFT
        shape = q + p * self.history.n_orders[:, None]
        return Draws(
            rate=rng.gamma(r + repeats) / (alpha + self.exposure[kind, way, rows]),
            dropout=np.clip(rng.beta(a + left, b + repeats - left), 1e-12, 1 - 1e-12),
            is_there=way == THERE,
            order_mean=p * (v + self.history.spent[:, None]) / (shape - 1),
        )


def _log_weights(kind: Kind, history: History, ways: Floats, lost: float) -> Floats:
    """Return the log of how likely a kind's history is, by way to stand."""
    x = history.n_repeats
    prior = betaln(kind.a, kind.b)
    stays = np.stack(
        [
            betaln(kind.a, kind.b + x),
            betaln(kind.a + 1, kind.b + np.maximum(x, 1) - 1),
            betaln(kind.a, kind.b + x),
        ]
    )
    rates = gammaln(kind.r + x) - gammaln(kind.r) + kind.r * np.log(kind.alpha)
    rates = rates - (kind.r + x) * np.log(kind.alpha + ways)
    found = np.log(kind.share) + stays - prior + rates + _log_spend(kind, history)
    stood_by = np.isfinite(history.handover_at)
    survived = stood_by & (history.last_at >= history.handover_at)
    found[LEFT] = np.where(x > 0, found[LEFT], -np.inf)
    if lost:
        found[THERE] += np.where(stood_by, np.log1p(-lost), 0.0)
        found[LEFT] += np.where(survived, np.log1p(-lost), 0.0)
        found[DRIVEN] += np.log(lost)
    found[DRIVEN] = np.where(stood_by & ~survived & (lost > 0), found[DRIVEN], -np.inf)
    return found


def _log_spend(kind: Kind, history: History) -> Floats:
    """Return the log density of the amounts that a customer paid."""
    shape = kind.p * history.n_orders
    density: Floats = (
        (kind.p - 1) * history.log_spent
        - history.n_orders * gammaln(kind.p)
        + gammaln(kind.q + shape)
        - gammaln(kind.q)
        + kind.q * np.log(kind.v)
        - (kind.q + shape) * np.log(kind.v + history.spent)
    )
    return density
