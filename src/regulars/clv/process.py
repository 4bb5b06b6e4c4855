"""A customer's purchases and money from a feature row: the purchase models as one.

Days are the unit outside; inside it is weeks, the unit of the published parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.fork import Fork, Worth
from regulars.clv.gamma_gamma import GammaGammaModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.clv.shares import ValueShares
from regulars.clv.value import discounted_clv
from regulars.errors import NotEnoughHistoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.clv.standing import Standing

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
DAYS_PER_WEEK = 7.0
TINY = 1e-12
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
        summary = purchase_summary(features)
        if self.usual_order_ is None:
            return summary
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.log(_mean_order(features) / self.usual_order_)
        size = np.clip(np.nan_to_num(size, nan=SIZES[0]), *SIZES)
        return summary.assign(**{ORDER_SIZE: np.round(size * SIZE_STEPS) / SIZE_STEPS})

    def predict(
        self, features: pd.DataFrame, *, horizon_days: int, gap_days: int = 0
    ) -> pd.DataFrame:
        """Return what the process expects of the horizon."""
        standing = self.standing(features)
        expected, silent = window(standing, horizon_days, gap_days)
        value = self.order_value(features)
        return pd.DataFrame(
            {
                "p_alive": standing.alive(),
                "btyd_no_purchase_probability": silent,
                "btyd_expected_purchases": expected,
                "btyd_order_value": value,
                "btyd_expected_spend": expected * value,
            },
            index=features.index,
        )

    def standing(self, features: pd.DataFrame) -> Standing:
        """Return the customers as the purchase model sees them."""
        return self.purchases_.standing(self.summary(features))

    def tied(
        self,
        features: pd.DataFrame,
        churn: Floats,
        *,
        horizon_days: int,
        gap_days: int = 0,
    ) -> pd.DataFrame:
        """Return what the process expects where P(no purchase) is `churn`.

        Silence begins at the cutoff: a purchase in the gap counts as none.
        """
        span = (gap_days + horizon_days) / DAYS_PER_WEEK
        fork = Fork.of(self.standing(features), span)
        expected, silent = window(fork.fresh, horizon_days, gap_days)
        if_bought = expected / np.maximum(1.0 - silent, TINY)
        return pd.DataFrame(
            {
                "p_alive": np.maximum(fork.alive.mix(churn), 1.0 - churn),
                "p_leaving": fork.leaving.mix(churn),
                # whoever buys does so at least once
                "expected_purchases": (1.0 - churn) * np.maximum(if_bought, 1.0),
                "days_to_next_order": fork.wait(churn) * DAYS_PER_WEEK,
            },
            index=features.index,
        )

    def worth(
        self,
        features: pd.DataFrame,
        *,
        span_days: int,
        margin: float,
        discount_rate_annual: float,
        horizon_days: int,
        order_value: Floats | None = None,
    ) -> Worth:
        """Return discounted margin given a purchase in the next days, and given none.

        `order_value` stands in the place of the spend model's.
        """
        fork = Fork.of(self.standing(features), span_days / DAYS_PER_WEEK)
        purchases = fork.discounted_purchases(
            discount_rate_annual=discount_rate_annual,
            horizon_days=horizon_days,
            time_unit_days=DAYS_PER_WEEK,
        )
        value = self.order_value(features) if order_value is None else order_value
        earned = value * self.shares_.margin_share(features, margin)
        return Worth(*(np.asarray(each * earned) for each in purchases))

    def clv(
        self,
        features: pd.DataFrame,
        *,
        margin: float,
        discount_rate_annual: float,
        horizon_days: int,
    ) -> Floats:
        """Return discounted margin, net of returns, from the cutoff on."""
        summary = self.summary(features)
        clv = discounted_clv(
            self.purchases_,
            summary,
            expected_value=self.order_value(features),
            margin=self.shares_.margin_share(features, margin),
            discount_rate_annual=discount_rate_annual,
            horizon_days=horizon_days,
            time_unit_days=DAYS_PER_WEEK,
        )
        return np.asarray(clv, dtype=np.float64)

    def order_value(self, features: pd.DataFrame) -> Floats:
        """Return what an order is expected to bring, net of what is sent back."""
        summary = self.summary(features)
        gross = np.asarray(self.spend_.expected_average_value(summary))
        return np.asarray(gross * self.shares_.net_share(features))

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


def window(
    standing: Standing, horizon_days: int, gap_days: int
) -> tuple[Floats, Floats]:
    """Return expected purchases and P(no purchase) in [gap, gap + horizon)."""
    horizon, gap = horizon_days / DAYS_PER_WEEK, gap_days / DAYS_PER_WEEK
    expected, silent = standing.purchases(horizon + gap), standing.no_purchase(horizon)
    if gap_days:
        # P(no purchase) after a gap has no closed form: P(a purchase) is carried over
        # in proportion to expected purchases, which is exact where nobody leaves
        # during the gap
        direct = standing.purchases(horizon)
        expected = expected - standing.purchases(gap)
        kept = np.divide(expected, direct, out=np.ones_like(direct), where=direct > 0)
        silent = 1.0 - (1.0 - silent) * np.clip(kept, 0.0, 1.0)
    return expected, np.clip(silent, 0.0, 1.0)


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
