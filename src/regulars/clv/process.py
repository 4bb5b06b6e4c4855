"""A customer's purchases and money from a feature row: the purchase models as one.

Days are the unit outside; inside it is weeks, the unit of the published parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.gamma_gamma import GammaGammaModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.clv.shares import ValueShares
from regulars.clv.value import discounted_clv
from regulars.errors import NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PURCHASE_MODELS = {
    "bg_nbd": BetaGeoModel,
    "mbg_nbd": ModifiedBetaGeoModel,
    "pareto_nbd": ParetoNBDModel,
}
LABELS = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "pareto_nbd": "Pareto/NBD"}
DAYS_PER_WEEK = 7.0
COLUMNS = (
    "p_alive",
    "btyd_no_purchase_probability",
    "btyd_expected_purchases",
    "btyd_order_value",
    "btyd_expected_spend",
)


def purchase_summary(features: pd.DataFrame) -> pd.DataFrame:
    """Return frequency, recency and T in weeks, and monetary_value."""
    money = "gross_order_value" if "gross_order_value" in features else "monetary_value"
    return pd.DataFrame(
        {
            "frequency": features["frequency"],
            "recency": features["recency_days"] / DAYS_PER_WEEK,
            "T": features["T_days"] / DAYS_PER_WEEK,
            "monetary_value": features[money].fillna(0.0),
        }
    )


class PurchaseProcess:
    """A purchase model and a spend model, fitted to the customers of one cutoff."""

    def __init__(self, kind: str = "bg_nbd") -> None:
        self.kind = kind

    def fit(self, features: pd.DataFrame) -> Self:
        """Fit the models to the customers of one cutoff."""
        summary = purchase_summary(features)
        self.purchases_ = PURCHASE_MODELS[self.kind]().fit(
            summary[["frequency", "recency", "T"]]
        )
        _refuse_without_spend(summary)
        self.spend_ = GammaGammaModel().fit(summary)
        self.shares_ = ValueShares.fit(features)
        return self

    def predict(
        self, features: pd.DataFrame, *, horizon_days: int, gap_days: int = 0
    ) -> pd.DataFrame:
        """Return what the process expects of the horizon."""
        summary = purchase_summary(features)
        model = self.purchases_
        horizon, gap = horizon_days / DAYS_PER_WEEK, gap_days / DAYS_PER_WEEK
        expected = np.asarray(model.expected_purchases(summary, horizon + gap))
        silent = np.asarray(model.probability_no_purchase(summary, horizon))
        if gap_days:
            # P(no purchase) after a gap has no closed form: P(a purchase) is carried
            # over in proportion to expected purchases, which is exact where nobody
            # leaves during the gap
            direct = np.asarray(model.expected_purchases(summary, horizon))
            expected = expected - np.asarray(model.expected_purchases(summary, gap))
            kept = np.divide(
                expected, direct, out=np.ones_like(direct), where=direct > 0
            )
            silent = 1.0 - (1.0 - silent) * np.clip(kept, 0.0, 1.0)
        value = self._order_value(summary, features)
        return pd.DataFrame(
            {
                "p_alive": np.asarray(model.probability_alive(summary)),
                "btyd_no_purchase_probability": np.clip(silent, 0.0, 1.0),
                "btyd_expected_purchases": expected,
                "btyd_order_value": value,
                "btyd_expected_spend": expected * value,
            },
            index=features.index,
        )

    def clv(
        self,
        features: pd.DataFrame,
        *,
        margin: float,
        discount_rate_annual: float,
        horizon_days: int,
    ) -> Floats:
        """Return discounted margin, net of returns, from the cutoff on."""
        summary = purchase_summary(features)
        clv = discounted_clv(
            self.purchases_,
            summary,
            expected_value=self._order_value(summary, features),
            margin=self.shares_.margin_share(features, margin),
            discount_rate_annual=discount_rate_annual,
            horizon_days=horizon_days,
            time_unit_days=DAYS_PER_WEEK,
        )
        return np.asarray(clv, dtype=np.float64)

    def _order_value(self, summary: pd.DataFrame, features: pd.DataFrame) -> Floats:
        """Return what an order is expected to bring, net of what is sent back."""
        gross = np.asarray(self.spend_.expected_average_value(summary))
        return np.asarray(gross * self.shares_.net_share(features))

    def days_to_next_order(self, features: pd.DataFrame) -> Floats:
        """Return the median of the days to the next purchase."""
        summary = purchase_summary(features)
        weeks = self.purchases_.expected_next_order(summary)["median"]
        return np.asarray(weeks, dtype=np.float64) * DAYS_PER_WEEK

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted models as JSON-safe data."""
        return {
            "kind": self.kind,
            "purchases": self.purchases_.to_dict(),
            "spend": self.spend_.to_dict(),
            "shares": self.shares_.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the process that `to_dict` described."""
        process = cls(data["kind"])
        process.purchases_ = PURCHASE_MODELS[process.kind].from_dict(data["purchases"])
        process.spend_ = GammaGammaModel.from_dict(data["spend"])
        process.shares_ = ValueShares.from_dict(data.get("shares"))
        return process


def _refuse_without_spend(summary: pd.DataFrame) -> None:
    if ((summary["frequency"] > 0) & (summary["monetary_value"] > 0)).any():
        return
    msg = (
        f"None of the {len(summary):,} customers has come back on a later day and "
        "spent anything, so what a customer is worth cannot be learnt. Read a longer "
        "history, or check which column is mapped to amount; where purchases cost "
        "nothing, map one that counts instead, such as the number of items."
    )
    raise NotEnoughHistoryError(msg)
