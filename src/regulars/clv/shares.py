"""Which share of their orders customers keep, and which share of that is margin.

Both are drawn towards the population's by credibility: the more orders, the more a
customer's own share counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GROSS = ("gross_order_value", "gross_amount", "returned_amount")
OWN_MARGIN = (
    "own_margin",
    "own_margin_amount",
    "own_margin_days",
    "own_margin_spread",
)
VALUE_COLUMNS = (*GROSS, *OWN_MARGIN)
"""Columns of feature rows that value is made of; churn and spend learn from none."""

LOWEST_MARGIN = -1.0


@dataclass(frozen=True)
class Credibility:
    """A share of all customers, and how many orders of one customer weigh as much.

    After Buhlmann and Straub (1970): a customer's own share of n orders counts
    n / (n + k), where k is the variance of one customer's orders over the variance of
    shares between customers.
    """

    mean: float
    orders: float | None
    """k; None where customers do not differ beyond chance: the mean is everybody's."""

    @classmethod
    def fit(cls, share: Floats, n: Floats, spread: Floats, mean: float) -> Self:
        """Estimate k from own shares, orders and their sums of squared deviations."""
        share, n, spread = share[n > 0], n[n > 0], spread[n > 0]
        freedom = float((n - 1.0).sum())
        if not freedom:
            return cls(mean, 1.0)  # nobody has two orders: nothing to estimate it from
        within = float(spread.sum()) / freedom
        if within == 0.0:
            return cls(mean, 0.0)
        if len(n) == 1:
            return cls(mean, None)  # one customer: nobody to differ from
        centre = float(n @ share) / float(n.sum())
        around = float(n @ (share - centre) ** 2) - (len(n) - 1) * within
        between = around / (float(n.sum()) - float(n @ n) / float(n.sum()))
        return cls(mean, within / between if between > 0 else None)

    def predict(self, share: Floats, n: Floats) -> Floats:
        """Return each customer's share, drawn towards the mean."""
        if self.orders is None:
            return np.full(len(n), self.mean)
        weight = np.divide(n, n + self.orders, out=np.zeros(len(n)), where=n > 0)
        return np.asarray(self.mean + weight * (share - self.mean))


@dataclass(frozen=True)
class ValueShares:
    """The kept share and the own margin of the customers of one cutoff."""

    kept: Credibility = Credibility(1.0, 0.0)
    margin: Credibility | None = None
    """None where no line of the log carries its own margin."""

    @classmethod
    def fit(cls, features: pd.DataFrame) -> Self:
        """Estimate both from feature rows; without `VALUE_COLUMNS` all is kept."""
        if not set(GROSS) <= set(features.columns):
            return cls()
        share, n = _kept(features)
        gross = features["gross_amount"].to_numpy(np.float64)
        # more sent back than bought: bought before the log begins
        back = np.minimum(features["returned_amount"].to_numpy(np.float64), gross)
        bought = float(gross.sum())
        mean = 1.0 - float(back.sum()) / bought if bought > 0 else 1.0
        # an order is kept or sent back: the most that one customer's can differ
        kept = Credibility.fit(share, n, n * share * (1.0 - share), mean)
        return cls(kept, _fit_margin(features))

    def net_share(self, features: pd.DataFrame) -> Floats:
        """Return the share of what each customer buys that is kept; in [0, 1]."""
        if not set(GROSS) <= set(features.columns):
            self._refuse_missing(features, GROSS, is_needed=self.kept.mean < 1.0)
            return np.ones(len(features))
        return np.clip(self.kept.predict(*_kept(features)), 0.0, 1.0)

    def margin_share(self, features: pd.DataFrame, margin: float) -> float | Floats:
        """Return the share of kept spend that is margin; in [0, 1].

        Lines without a margin of their own count with `margin`. Who is expected to
        cost money counts 0: nothing is lost with them.
        """
        if self.margin is None:
            return margin
        self._refuse_missing(features, OWN_MARGIN, is_needed=True)
        money = {n: features[n].to_numpy(np.float64) for n in (*GROSS, *OWN_MARGIN)}
        spend = money["gross_amount"] - money["returned_amount"]
        # of who keeps nothing, by the lines that were bought
        own = (money["own_margin_days"] > 0).astype(np.float64)
        np.divide(money["own_margin_amount"], spend, out=own, where=spend > 0)
        own = np.clip(own, 0.0, 1.0)
        drawn = self.margin.predict(*_own_margin(features))
        return np.clip(own * drawn + (1.0 - own) * margin, 0.0, 1.0)

    def _refuse_missing(
        self, features: pd.DataFrame, names: tuple[str, ...], *, is_needed: bool
    ) -> None:
        missing = [name for name in names if name not in features.columns]
        if is_needed and missing:
            msg = (
                f"The feature rows lack {', '.join(missing)}, which value is made of. "
                "Build them with build_matrix from a log with the same columns as the "
                "training log."
            )
            raise DataError(msg)

    def to_dict(self) -> dict[str, Any]:
        """Return the shares as JSON-safe data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Self:
        """Return the shares that `to_dict` described; None: a model without them."""
        if data is None:
            return cls()
        margin = data["margin"]
        return cls(
            Credibility(**data["kept"]),
            None if margin is None else Credibility(**margin),
        )


def _kept(features: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the share that each customer kept, and of how many purchase days."""
    gross = features["gross_amount"].to_numpy(np.float64)
    back = features["returned_amount"].to_numpy(np.float64)
    days = features["frequency"].to_numpy(np.float64) + 1.0
    share = 1.0 - np.divide(back, gross, out=np.zeros(len(gross)), where=gross > 0)
    return np.clip(share, 0.0, 1.0), np.where(gross > 0, days, 0.0)


def _own_margin(features: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the margin share of lines with their own, and of how many kept days.

    Of who keeps next to nothing, margin over amount is one rounding error over another.
    """
    money = features["own_margin"].to_numpy(np.float64)
    amount = features["own_margin_amount"].to_numpy(np.float64)
    days = features["own_margin_days"].to_numpy(np.float64) * _kept(features)[0]
    share = np.divide(money, amount, out=np.zeros(len(money)), where=amount > 0)
    return np.clip(share, LOWEST_MARGIN, 1.0), np.where(amount > 0, days, 0.0)


def _fit_margin(features: pd.DataFrame) -> Credibility | None:
    if not set(OWN_MARGIN) <= set(features.columns):
        return None
    share, n = _own_margin(features)
    money, amount = (float(features[name].sum()) for name in OWN_MARGIN[:2])
    if amount <= 0 or not n.any():
        return None
    mean = float(np.clip(money / amount, LOWEST_MARGIN, 1.0))
    days = features["own_margin_days"].to_numpy(np.float64)
    spread = features["own_margin_spread"].to_numpy(np.float64)
    return Credibility.fit(share, np.where(2 * n >= days, days, 0.0), spread, mean)
