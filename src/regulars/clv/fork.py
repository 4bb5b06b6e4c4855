"""What a purchase model expects of who buys in a span of time, and of who does not.

Mixed with a probability of silence from elsewhere, the two give expectations that agree
with it: the model's odds of a purchase are moved, and what follows from one stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from regulars.clv.value import DAYS_PER_MONTH, DAYS_PER_YEAR, discounted_clv

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from regulars.clv.fitting import FloatArray
    from regulars.clv.purchases import PurchaseModel

_TINY = 1e-12


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


@dataclass(frozen=True)
class Fork:
    """Customers at a cutoff, and whether they buy in the time ahead.

    Who buys was there: given a purchase nothing depends on the silence before the
    cutoff. Those expectations are taken from `fresh`, the same customers as if they had
    bought a moment ago, so that no digits are lost where a purchase is all but ruled
    out.
    """

    model: PurchaseModel
    summary: pd.DataFrame
    # in the model's unit of time
    span: float
    fresh: pd.DataFrame

    @classmethod
    def of(cls, model: PurchaseModel, summary: pd.DataFrame, span: float) -> Self:
        """Lay out the customers of a summary."""
        latest = summary["T"].where(summary["frequency"] > 0, 0.0)
        return cls(model, summary, span, summary.assign(recency=latest))

    @cached_property
    def silent(self) -> FloatArray:
        """P(no purchase) by the model."""
        return np.asarray(self.model.probability_no_purchase(self.summary, self.span))

    @cached_property
    def _fresh_silent(self) -> FloatArray:
        return np.asarray(self.model.probability_no_purchase(self.fresh, self.span))

    @cached_property
    def _fresh_bought(self) -> FloatArray:
        return np.maximum(1.0 - self._fresh_silent, _TINY)

    @cached_property
    def alive(self) -> Branches:
        """P(a customer at the cutoff): certain for who buys."""
        gone = 1.0 - np.asarray(self.model.probability_alive(self.summary))
        return Branches(np.ones(len(gone)), 1.0 - _share(gone, self.silent))

    @cached_property
    def leaving(self) -> Branches:
        """P(a customer at the cutoff, and none any more at the end of the span)."""
        leaves = np.asarray(self.model.probability_leaving(self.fresh, self.span))
        silently = self._fresh_silent * self._silent_leaving(self.fresh)
        bought = np.clip((leaves - silently) / self._fresh_bought, 0.0, 1.0)
        return Branches(bought, self._silent_leaving(self.summary))

    def _silent_leaving(self, summary: pd.DataFrame) -> FloatArray:
        """Return P(was there and leaves) of those who do not buy."""
        gone = 1.0 - np.asarray(self.model.probability_alive(summary))
        silent = np.asarray(self.model.probability_no_purchase(summary, self.span))
        left = 1.0 - _share(gone, silent) - self._stays(summary)
        return np.clip(left, 0.0, 1.0)

    def wait(self, silent: FloatArray) -> FloatArray:
        """Return the median time to the next order where silence has a probability.

        Inside the span exactly where that is below one half.
        """
        is_near = silent < 0.5
        # the share of the model's own time to the next order that has passed by then
        near = self._fresh_bought / (2.0 * np.maximum(1.0 - silent, 0.5))
        far = 1.0 - self.silent / (2.0 * np.maximum(silent, 0.5))
        rows = self.summary.assign(
            recency=np.where(is_near, self.fresh["recency"], self.summary["recency"])
        )
        share = np.clip(np.where(is_near, near, far), 0.0, 1.0)
        time = np.asarray(self.model.next_order_quantile(rows, share))
        # beyond what a change of units rounds away
        inside, outside = self.span * (1.0 - 1e-9), self.span * (1.0 + 1e-9)
        near_or_far = np.minimum(time, inside), np.maximum(time, outside)
        return np.asarray(np.where(is_near, *near_or_far))

    def discounted_purchases(
        self, *, discount_rate_annual: float, horizon_days: float, time_unit_days: float
    ) -> Branches:
        """Return discounted expected purchases from the cutoff over a horizon.

        The steps of the discount end where the span does, so that the two branches add
        up to the whole.
        """
        unit = time_unit_days
        span_days = self.span * unit
        step_days = span_days / np.ceil(span_days / DAYS_PER_MONTH)

        def purchases(summary: pd.DataFrame, time: float) -> FloatArray:
            found = discounted_clv(
                self.model,
                summary,
                expected_value=1.0,
                margin=1.0,
                discount_rate_annual=discount_rate_annual,
                horizon_days=time * unit,
                time_unit_days=unit,
                step_days=step_days,
            )
            return found.to_numpy()

        horizon = horizon_days / unit
        silent, fresh_silent = self._after_silence(purchases, horizon)
        discount = (1.0 + discount_rate_annual) ** (-span_days / DAYS_PER_YEAR)
        silent, fresh_silent = discount * silent, discount * fresh_silent
        whole = purchases(self.fresh, horizon)
        bought = (whole - self._fresh_silent * fresh_silent) / self._fresh_bought
        return Branches(np.maximum(bought, silent), silent)

    def _after_silence(
        self, purchases: Callable[[pd.DataFrame, float], FloatArray], horizon: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return what comes after a silent span, of the customers and of `fresh`.

        Who is there then is like who has just bought: worked out once for both.
        """
        n_rows = len(self.summary)
        if horizon <= self.span:
            return np.zeros(n_rows), np.zeros(n_rows)
        end = self.fresh.assign(T=self.fresh["T"] + self.span)
        latest = end.assign(recency=end["T"].where(end["frequency"] > 0, 0.0))
        alive = np.asarray(self.model.probability_alive(latest))
        later = purchases(latest, horizon - self.span) / np.maximum(alive, 1e-300)
        return self._stays(self.summary) * later, self._stays(self.fresh) * later

    def _stays(self, summary: pd.DataFrame) -> FloatArray:
        """Return P(a customer at the end of the span) of those who do not buy."""
        path = self.model.probability_alive_path(summary, [self.span])
        return np.asarray(path.to_numpy()[:, 0])


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole in [0, 1]; 0 where there is no whole."""
    share = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return np.clip(share, 0.0, 1.0)
