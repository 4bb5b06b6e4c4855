"""The model of a business: churn, purchases and value of its customers at a cutoff.

Feature rows come in, the score table of design section 7 goes out (all but the
provenance and the reasons, which `regulars.scoring` adds). A `RetentionModel` holds a
purchase process, a churn ensemble, a spend ensemble and segment bounds, all fitted as
of one cutoff, and is saved as data: JSON and LightGBM's text, nothing that could run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pandas as pd

from regulars.clv.process import COLUMNS, PurchaseProcess
from regulars.clv.shares import VALUE_COLUMNS
from regulars.errors import DataError
from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
from regulars.models.extrapolation import (
    extrapolate_bounds,
    extrapolate_churn,
    extrapolate_spend,
)
from regulars.models.segments import RfmSegments
from regulars.models.spend.ensemble import SpendEnsemble, SpendRecipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FORMAT_VERSION = 1
KEYS = ("customer_id", "cutoff")
OUTCOMES = ("churned", "n_purchases", "spend")
NEXT_ORDER_LIMIT_DAYS = 365
SILENT, SPEND = "btyd_no_purchase_probability", "btyd_expected_spend"


@dataclass(frozen=True)
class Horizon:
    """What the scores are about: the window, the money, the bands."""

    horizon_days: int
    gap_days: int
    margin: float
    discount_rate_annual: float
    clv_horizon_days: int
    risk_bands: tuple[float, float]
    label_horizon_days: int | None = None
    currency: str = ""
    extrapolation_weight: float = 0.0

    @property
    def teaching(self) -> Horizon:
        """The horizon that the members of the ensembles learn on."""
        days = self.label_horizon_days or self.horizon_days
        return replace(self, horizon_days=days)


class _Forecast(NamedTuple):
    """What the ensembles say of the horizon asked for."""

    rows: pd.DataFrame
    churn: Floats
    spend: Floats
    spend_bounds: Floats


class RetentionModel:
    """Churn, purchases and value from one feature row a customer."""

    def __init__(
        self,
        horizon: Horizon,
        process: PurchaseProcess,
        churn: Recipe,
        spend: SpendRecipe,
    ) -> None:
        self.horizon = horizon
        self.process = process
        self.churn = churn
        self.spend = spend

    def fit(self, training: pd.DataFrame | None, current: pd.DataFrame) -> Self:
        """Fit to what is known at the model's cutoff."""
        features = self.with_process(current)
        if training is None:
            rows, churned, spend = features.iloc[:0], np.empty(0), np.empty(0)
        else:
            rows = training
            churned = training["churned"].to_numpy()
            spend = training["spend"].to_numpy()
        columns = feature_columns(rows)
        self.churn_ = ChurnEnsemble(self.churn).fit(rows[columns], churned)
        self.spend_ = SpendEnsemble(self.spend).fit(rows[columns], spend)
        self.segments_ = RfmSegments().fit(current)
        self.reference_ = features[feature_columns(features)].median()
        self.base_rate_ = float(self._forecast(current).churn.mean())
        return self

    def with_process(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the rows as the churn and spend members read them.

        The process columns are the model's own, over the horizon it learnt on.
        """
        return add_process(features, self.process, self.horizon.teaching)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the scores of customers at a cutoff."""
        self._check(features)
        rows, churn, spend, bounds = self._forecast(features)
        clv = self.process.clv(
            rows,
            margin=self.horizon.margin,
            discount_rate_annual=self.horizon.discount_rate_annual,
            horizon_days=self.horizon.clv_horizon_days,
        )
        bands = np.searchsorted(self.horizon.risk_bands, churn, side="right")
        return pd.DataFrame(
            {
                "customer_id": rows["customer_id"],
                "cutoff": rows["cutoff"],
                "churn_probability": churn,
                "btyd_no_purchase_probability": rows["btyd_no_purchase_probability"],
                "p_alive": rows["p_alive"],
                "expected_purchases": rows["btyd_expected_purchases"],
                "expected_spend": spend,
                "expected_spend_low": bounds[:, 0],
                "expected_spend_high": bounds[:, 1],
                "clv": clv,
                "value_at_risk": churn * clv,
                "risk_band": np.array(["low", "medium", "high"])[bands],
                "rfm_segment": self.segments_.label(rows),
                "expected_next_order": self._next_order(rows),
            },
            index=features.index,
        )

    def _forecast(self, features: pd.DataFrame) -> _Forecast:
        learnt = self.with_process(features)
        churn, spend = self.churn_.predict(learnt), self.spend_.predict(learnt)
        bounds = self.spend_.predict_interval(spend)
        taught = self.horizon.teaching.horizon_days
        if taught == self.horizon.horizon_days:
            return _Forecast(learnt, churn, spend, bounds)
        rows = add_process(features, self.process, self.horizon)
        silent = (frame[SILENT].to_numpy() for frame in (learnt, rows))
        money = (frame[SPEND].to_numpy() for frame in (learnt, rows))
        if self.churn.needs_fitting:
            churn = extrapolate_churn(
                churn,
                *silent,
                stretch=self.horizon.horizon_days / taught,
                extrapolation_weight=self.horizon.extrapolation_weight,
            )
        else:  # the process speaks for itself
            churn = rows[SILENT].to_numpy()
        carried = extrapolate_spend(spend, *money)
        return _Forecast(
            rows, churn, carried, extrapolate_bounds(bounds, spend, carried)
        )

    def _next_order(self, rows: pd.DataFrame) -> list[Any]:
        days = self.process.days_to_next_order(rows)
        within = days <= NEXT_ORDER_LIMIT_DAYS
        whole = np.where(within, np.ceil(days), 0).astype(int)
        dates = pd.to_datetime(rows["cutoff"]) + pd.to_timedelta(whole, unit="D")
        return [
            day.date() if known else None
            for day, known in zip(dates, within, strict=True)
        ]

    def _check(self, features: pd.DataFrame) -> None:
        missing = [
            name
            for name in self.reference_.index
            if name not in features and name not in COLUMNS
        ]
        if missing:
            msg = (
                f"{len(missing)} of the features that the model learnt from are "
                f"missing: {', '.join(missing[:5])}. Build the features from a log "
                "with the same columns as the training log, or train again."
            )
            raise DataError(msg)

    def save(self, folder: str | Path) -> None:
        """Write the model as JSON and text files."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        data = {
            "format_version": FORMAT_VERSION,
            "horizon": asdict(self.horizon),
            "process": self.process.to_dict(),
            "churn": self.churn_.to_dict(),
            "spend": self.spend_.to_dict(),
            "segments": self.segments_.to_dict(),
            "reference": {
                name: None if np.isnan(value) else float(value)
                for name, value in self.reference_.items()
            },
            "base_rate": self.base_rate_,
        }
        (path / "model.json").write_text(json.dumps(data, indent=1, allow_nan=False))
        trees = {"churn": self.churn_.trees()}
        trees |= {f"spend_{k}": text for k, text in self.spend_.trees().items()}
        for name, text in trees.items():
            if text is not None:
                (path / f"{name}.lightgbm.txt").write_text(text)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a saved model; nothing in it is executed."""
        path = Path(folder)
        if not (path / "model.json").is_file():
            msg = f"'{path}' holds no model.json; pass a folder that 'save' wrote."
            raise DataError(msg)
        data = json.loads((path / "model.json").read_text())
        if data["format_version"] > FORMAT_VERSION:
            msg = (
                f"The model in '{path}' has format {data['format_version']}, this "
                f"version reads up to {FORMAT_VERSION}. Upgrade regulars."
            )
            raise DataError(msg)
        horizon = Horizon(
            **{**data["horizon"], "risk_bands": tuple(data["horizon"]["risk_bands"])}
        )
        churn_trees = path / "churn.lightgbm.txt"
        churn = ChurnEnsemble.from_dict(
            data["churn"], churn_trees.read_text() if churn_trees.is_file() else None
        )
        spend = SpendEnsemble.from_dict(
            data["spend"],
            {
                head: (path / f"spend_{head}.lightgbm.txt").read_text()
                for head in data["spend"]["trees"]
            },
        )
        process = PurchaseProcess.from_dict(data["process"])
        model = cls(horizon, process, churn.recipe, spend.recipe)
        model.churn_, model.spend_ = churn, spend
        model.segments_ = RfmSegments.from_dict(data["segments"])
        model.reference_ = pd.Series(data["reference"], dtype="float64")
        model.base_rate_ = float(data["base_rate"])
        return model


def add_process(
    features: pd.DataFrame, process: PurchaseProcess, horizon: Horizon
) -> pd.DataFrame:
    """Return the rows with the columns of a purchase process."""
    expected = process.predict(
        features, horizon_days=horizon.horizon_days, gap_days=horizon.gap_days
    )
    return pd.concat([features, expected], axis=1)


def feature_columns(rows: pd.DataFrame) -> list[str]:
    """Return the columns that are features, in their order."""
    others = {*KEYS, *OUTCOMES, *VALUE_COLUMNS}
    return [name for name in rows.columns if name not in others]


def stack(rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several cutoffs as one frame."""
    return pd.concat(rows, ignore_index=True)
