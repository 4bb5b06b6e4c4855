"""What a fitted process expects of the customers of feature rows, each asked once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulars.clv.fork import Fork, Scenarios

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from regulars.clv.process import PurchaseProcess
    from regulars.clv.purchases import PurchaseModel
    from regulars.clv.standing import Standing

    Floats = NDArray[np.float64]

DAYS_PER_WEEK = 7.0
TINY = 1e-12


class Tied(NamedTuple):
    """What a process expects where the probability of silence comes from elsewhere."""

    p_alive: Floats
    p_leaving: Floats
    expected_purchases: Floats
    # median
    days_to_next_order: Floats


class Outlook:
    """The customers of some feature rows, as a process sees what is ahead of them."""

    def __init__(self, process: PurchaseProcess, features: pd.DataFrame) -> None:
        self._process = process
        self._features = features
        self._forks: dict[float, Fork] = {}

    @property
    def purchases(self) -> PurchaseModel:
        """The purchase model of the process."""
        return self._process.purchases_

    @cached_property
    def history(self) -> dict[str, Floats]:
        """What the models read."""
        return self._process.history(self._features)

    @cached_property
    def standing(self) -> Standing:
        """The customers as the purchase model sees them."""
        return self.purchases.standing_of(self.history)

    @cached_property
    def order_value(self) -> Floats:
        """What an order is expected to bring, net of what is sent back."""
        spend, value = self._process.spend_, self.history["monetary_value"]
        if not np.isfinite(value).all():  # which says of whom
            spend.expected_average_value(self._process.summary(self._features))
        gross = spend.average_value(self.history["frequency"], value)
        return np.asarray(gross * self._process.shares_.net_share(self._features))

    def columns(self, *, horizon_days: int, gap_days: int = 0) -> dict[str, Floats]:
        """Return what the process expects of the horizon, by feature."""
        ahead = self.standing, horizon_days, gap_days
        expected = expected_in(*ahead)
        return {
            "p_alive": self.standing.alive(),
            "btyd_no_purchase_probability": silent_in(*ahead),
            "btyd_expected_purchases": expected,
            "btyd_order_value": self.order_value,
            "btyd_expected_spend": expected * self.order_value,
        }

    def tied(self, churn: Floats, *, horizon_days: int, gap_days: int = 0) -> Tied:
        """Return what the process expects where P(no purchase) is `churn`.

        Silence begins at the cutoff: a purchase in the gap counts as none.
        """
        fork = self._fork(gap_days + horizon_days)
        ahead = fork.fresh, horizon_days, gap_days
        if_bought = expected_in(*ahead) / np.maximum(1.0 - silent_in(*ahead), TINY)
        return Tied(
            np.maximum(fork.alive.mix(churn), 1.0 - churn),
            fork.leaving.mix(churn),
            # whoever buys does so at least once
            (1.0 - churn) * np.maximum(if_bought, 1.0),
            fork.wait(churn) * DAYS_PER_WEEK,
        )

    def values(
        self,
        *,
        span_days: int,
        margin: float,
        discount_rate_annual: float,
        horizon_days: int,
    ) -> Scenarios:
        """Return discounted margin from the cutoff on, by what the next days bring."""
        purchases = self._fork(span_days).discounted_purchases(
            discount_rate_annual=discount_rate_annual,
            horizon_days=horizon_days,
            time_unit_days=DAYS_PER_WEEK,
        )
        share = self._process.shares_.margin_share(self._features, margin)
        earned = self.order_value * share
        return Scenarios(*(np.asarray(each * earned) for each in purchases))

    def _fork(self, span_days: int) -> Fork:
        if span_days not in self._forks:
            self._forks[span_days] = Fork.of(self.standing, span_days / DAYS_PER_WEEK)
        return self._forks[span_days]


def expected_in(standing: Standing, horizon_days: int, gap_days: int) -> Floats:
    """Return expected purchases in [gap, gap + horizon)."""
    expected = standing.purchases((horizon_days + gap_days) / DAYS_PER_WEEK)
    if not gap_days:
        return expected
    return expected - standing.purchases(gap_days / DAYS_PER_WEEK)


def silent_in(standing: Standing, horizon_days: int, gap_days: int) -> Floats:
    """Return P(no purchase) in [gap, gap + horizon)."""
    horizon = horizon_days / DAYS_PER_WEEK
    silent = standing.no_purchase(horizon)
    if gap_days:
        # P(no purchase) after a gap has no closed form: P(a purchase) is carried over
        # in proportion to expected purchases, which is exact where nobody leaves
        # during the gap
        direct = standing.purchases(horizon)
        expected = expected_in(standing, horizon_days, gap_days)
        kept = np.divide(expected, direct, out=np.ones_like(direct), where=direct > 0)
        silent = 1.0 - (1.0 - silent) * np.clip(kept, 0.0, 1.0)
    return np.clip(silent, 0.0, 1.0)
