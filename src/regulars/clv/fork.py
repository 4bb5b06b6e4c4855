"""What a purchase model expects of who buys in a span of time, and of who does not.

Mixed with a probability of silence from elsewhere, the two give expectations that agree
with it: the model's odds of a purchase are moved, and what follows from one stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from regulars.clv.value import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    TOLERANCE,
    discounted_purchases,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.clv.fitting import FloatArray
    from regulars.clv.standing import Standing

_TINY = 1e-12
# of what a comeback brings: more digits would double the time that values take
_ABOUT = 1e-4


class Branches(NamedTuple):
    """The same expectation given a purchase, and given none."""

    if_bought: FloatArray
    if_silent: FloatArray

    def mix(self, silent: FloatArray) -> FloatArray:
        """Return the expectation where no purchase has this probability.

        Never outside the two, whatever is rounded.
        """
        low, high = np.minimum(*self), np.maximum(*self)
        mixed = self.if_silent + (1.0 - silent) * (self.if_bought - self.if_silent)
        return np.clip(mixed, low, high)


class Scenarios(NamedTuple):
    """What is ahead given a purchase, given none, and were one brought about."""

    if_bought: FloatArray
    if_silent: FloatArray
    if_back: FloatArray

    @property
    def branches(self) -> Branches:
        """What is ahead if nobody interferes."""
        return Branches(self.if_bought, self.if_silent)


@dataclass(frozen=True)
class Fork:
    """Customers at a cutoff, and whether they buy in the time ahead.

    Who buys was there: given a purchase nothing depends on the silence before the
    cutoff. Those expectations are taken from `fresh`, the same customers as if they had
    bought a moment ago, so that no digits are lost where a purchase is all but ruled
    out.
    """

    standing: Standing
    # in the model's unit of time
    span: float
    fresh: Standing

    @classmethod
    def of(cls, standing: Standing, span: float) -> Self:
        """Lay out customers at a cutoff."""
        return cls(standing, span, standing.fresh())

    @cached_property
    def silent(self) -> FloatArray:
        """P(no purchase) by the model."""
        return self.standing.no_purchase(self.span)

    @cached_property
    def _fresh_silent(self) -> FloatArray:
        return self.fresh.no_purchase(self.span)

    @cached_property
    def _fresh_bought(self) -> FloatArray:
        return np.maximum(1.0 - self._fresh_silent, _TINY)

    @cached_property
    def alive(self) -> Branches:
        """P(a customer at the cutoff): certain for who buys."""
        gone = 1.0 - self.standing.alive()
        return Branches(np.ones(len(gone)), 1.0 - _share(gone, self.silent))

    @cached_property
    def leaving(self) -> Branches:
        """P(a customer at the cutoff, and none any more at the end of the span)."""
        leaves = self.fresh.leaving(self.span)
        silently = self._fresh_silent * self._silent_leaving(self.fresh)
        bought = np.clip((leaves - silently) / self._fresh_bought, 0.0, 1.0)
        return Branches(bought, self._silent_leaving(self.standing))

    def _silent_leaving(self, standing: Standing) -> FloatArray:
        """Return P(was there and leaves) of those who do not buy."""
        gone = 1.0 - standing.alive()
        silent = standing.no_purchase(self.span)
        # who is still there at the end of the span
        stays = standing.alive(self.span)
        return np.clip(1.0 - _share(gone, silent) - stays, 0.0, 1.0)

    def wait(self, silent: FloatArray) -> FloatArray:
        """Return the median time to the next order where silence has a probability.

        Inside the span exactly where that is below one half.
        """
        is_near = silent < 0.5
        # the share of the model's own time to the next order that has passed by then
        near = self._fresh_bought / (2.0 * np.maximum(1.0 - silent, 0.5))
        far = 1.0 - self.silent / (2.0 * np.maximum(silent, 0.5))
        recency = np.where(is_near, self.fresh["recency"], self.standing["recency"])
        share = np.clip(np.where(is_near, near, far), 0.0, 1.0)
        time = self.standing.moved(recency=recency).next_order(share)
        # beyond what a change of units rounds away
        inside, outside = self.span * (1.0 - 1e-9), self.span * (1.0 + 1e-9)
        near_or_far = np.minimum(time, inside), np.maximum(time, outside)
        return np.asarray(np.where(is_near, *near_or_far))

    def discounted_purchases(
        self, *, discount_rate_annual: float, horizon_days: float, time_unit_days: float
    ) -> Scenarios:
        """Return discounted expected purchases from the cutoff over a horizon.

        The steps of the discount end where the span does, so that who buys and who
        does not add up to the whole.
        """
        unit = time_unit_days
        span_days = self.span * unit
        step_days = span_days / np.ceil(span_days / DAYS_PER_MONTH)

        def if_there(
            standing: Standing, time: float, tolerance: float = TOLERANCE
        ) -> FloatArray:
            return discounted_purchases(
                standing,
                discount_rate_annual=discount_rate_annual,
                horizon_days=time * unit,
                time_unit_days=unit,
                step_days=step_days,
                tolerance=tolerance,
            )

        horizon = horizon_days / unit
        silent, fresh_silent = self._after_silence(if_there, horizon)
        discount = (1.0 + discount_rate_annual) ** (-span_days / DAYS_PER_YEAR)
        silent, fresh_silent = discount * silent, discount * fresh_silent
        whole = self.fresh.alive() * if_there(self.fresh, horizon)
        bought = (whole - self._fresh_silent * fresh_silent) / self._fresh_bought
        bought = np.maximum(bought, silent)
        # a comeback falls in the middle of the span
        middle = min(self.span, horizon) / 2.0
        back = np.zeros(len(bought))
        for share, stays, lives in self.standing.comebacks(self.span):
            more = if_there(lives, horizon - middle, _ABOUT)
            back += share * (1.0 + stays * more)
        discount = (1.0 + discount_rate_annual) ** (-middle * unit / DAYS_PER_YEAR)
        return Scenarios(bought, silent, np.clip(discount * back, silent, bought))

    def _after_silence(
        self, if_there: Callable[[Standing, float], FloatArray], horizon: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return what comes after a silent span, of the customers and of `fresh`.

        Who is there then is like who has just bought: worked out once for both.
        """
        n_rows = len(self.standing)
        if horizon <= self.span:
            return np.zeros(n_rows), np.zeros(n_rows)
        latest = self.fresh.moved(T=self.fresh["T"] + self.span)
        later = if_there(latest, horizon - self.span)
        stays, fresh_stays = (
            each.alive(self.span) for each in (self.standing, self.fresh)
        )
        return stays * later, fresh_stays * later


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole in [0, 1]; 0 where there is no whole."""
    share = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return np.clip(share, 0.0, 1.0)
