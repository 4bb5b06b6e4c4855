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
from regulars.clv.outlook import DAYS_PER_WEEK, Outlook
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.clv.rows import as_numbers
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
# of a kind in which pace and leaving go along with what orders are worth
BY_VALUE = "+value"
LABELS |= {f"{kind}{BY_VALUE}": f"{LABELS[kind]} by order value" for kind in LABELS}
ORDER_SIZE = "order_size"
# logarithms of order values over the usual one: beyond them nothing is added
SIZES = (-3.0, 5.0)
PENALTY = 0.001
SIZE_STEPS = 4  # within one; few sizes make few distinct histories
COLUMNS = (
    "p_alive",
    "btyd_no_purchase_probability",
    "btyd_expected_purchases",
    "btyd_order_value",
    "btyd_expected_spend",
)


def purchase_history(features: pd.DataFrame) -> dict[str, Floats]:
    """Return frequency, recency and T in weeks, and monetary_value."""
    money = "gross_order_value" if "gross_order_value" in features else "monetary_value"
    frequency, recency, age, value = (
        as_numbers(features[name])
        for name in ("frequency", "recency_days", "T_days", money)
    )
    return {
        "frequency": frequency,
        "recency": recency / DAYS_PER_WEEK,
        "T": age / DAYS_PER_WEEK,
        "monetary_value": np.where(np.isnan(value), 0.0, value),
    }


class PurchaseProcess:
    """A purchase model and a spend model, fitted to the customers of one cutoff.

    Of a kind that ends with `BY_VALUE` the purchase model has the size of a customer's
    orders as a covariate: Gamma-Gamma takes pace and order value as independent, and
    where large buyers come more often their value would fall short.
    """

    def __init__(self, kind: str = "bg_nbd") -> None:
        self.kind = kind

    @property
    def plain_kind(self) -> str:
        """The purchase model without the covariate."""
        return self.kind.removesuffix(BY_VALUE)

    def fit(self, features: pd.DataFrame) -> Self:
        """Fit the models to the customers of one cutoff."""
        is_by_value = self.kind != self.plain_kind
        self.usual_order_ = _usual_order(features) if is_by_value else None
        summary = self.summary(features)
        covariates = [ORDER_SIZE] if is_by_value else []
        self.purchases_ = PURCHASE_MODELS[self.plain_kind](
            # where hardly anybody leaves, nothing else would hold the coefficients
            penalty=PENALTY if is_by_value else 0.0,
            purchase_covariates=covariates,
            dropout_covariates=covariates,
        ).fit(summary.drop(columns="monetary_value"))
        _refuse_without_spend(summary)
        self.spend_ = GammaGammaModel().fit(summary)
        self.shares_ = ValueShares.fit(features)
        return self

    def summary(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what the models read of feature rows."""
        return pd.DataFrame(self.history(features), index=features.index)

    def history(self, features: pd.DataFrame) -> dict[str, Floats]:
        """Return the same as arrays."""
        history = purchase_history(features)
        if self.usual_order_ is None:
            return history
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.log(_mean_order(features) / self.usual_order_)
        size = np.clip(np.nan_to_num(size, nan=SIZES[0]), *SIZES)
        return history | {ORDER_SIZE: np.round(size * SIZE_STEPS) / SIZE_STEPS}

    def outlook(self, features: pd.DataFrame) -> Outlook:
        """Return what is ahead of the customers of feature rows."""
        return Outlook(self, features)

    def predict(
        self, features: pd.DataFrame, *, horizon_days: int, gap_days: int = 0
    ) -> pd.DataFrame:
        """Return what the process expects of the horizon."""
        found = self.outlook(features).columns(
            horizon_days=horizon_days, gap_days=gap_days
        )
        return pd.DataFrame(found, index=features.index)

    def clv(
        self,
        features: pd.DataFrame,
        *,
        margin: float,
        discount_rate_annual: float,
        horizon_days: int,
    ) -> Floats:
        """Return discounted margin, net of returns, from the cutoff on."""
        outlook = self.outlook(features)
        clv = discounted_clv(
            self.purchases_,
            self.summary(features),
            expected_value=outlook.order_value,
            margin=self.shares_.margin_share(features, margin),
            discount_rate_annual=discount_rate_annual,
            horizon_days=horizon_days,
            time_unit_days=DAYS_PER_WEEK,
        )
        return np.asarray(clv, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted models as JSON-safe data."""
        return {
            "kind": self.kind,
            "purchases": self.purchases_.to_dict(),
            "spend": self.spend_.to_dict(),
            "shares": self.shares_.to_dict(),
            "usual_order": self.usual_order_,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the process that `to_dict` described."""
        process = cls(data["kind"])
        process.purchases_ = PURCHASE_MODELS[process.plain_kind].from_dict(
            data["purchases"]
        )
        process.spend_ = GammaGammaModel.from_dict(data["spend"])
        process.shares_ = ValueShares.from_dict(data.get("shares"))
        process.usual_order_ = data.get("usual_order")
        return process


def _mean_order(features: pd.DataFrame) -> Floats:
    """Return the mean amount bought on a purchase day, the first one included."""
    if "gross_amount" in features:
        mean = features["gross_amount"] / (features["frequency"] + 1.0)
    else:
        mean = features["aov"]
    return mean.to_numpy(np.float64)


def _usual_order(features: pd.DataFrame) -> float:
    usual = float(np.nanmedian(_mean_order(features)))
    if usual > 0:
        return usual
    msg = "Half of the customers have bought for nothing: order values tell no pace."
    raise NotEnoughHistoryError(msg)


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
