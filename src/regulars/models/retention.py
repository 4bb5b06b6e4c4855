"""The model of a business: churn, purchases and value of its customers at a cutoff.

One class for every kind of churn. What a purchase log teaches beside churn (the process
of purchases, spend, segments) is there or not; where it is not, its scores are empty.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pandas as pd

from regulars.clv.fork import Worth
from regulars.clv.process import COLUMNS, PurchaseProcess
from regulars.clv.process_shares import process_shares
from regulars.clv.shares import VALUE_COLUMNS
from regulars.errors import DataError
from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
from regulars.models.churn.members import PROCESS
from regulars.models.contrast import Contrast
from regulars.models.extrapolation import (
    extrapolate_bounds,
    extrapolate_churn,
    extrapolate_spend,
)
from regulars.models.horizon import Horizon
from regulars.models.model_files import (
    FORMAT_VERSION,
    churn_trees,
    read_model,
    read_text,
)
from regulars.models.profile import Profile
from regulars.models.segments import Segments
from regulars.models.spend.ensemble import (
    SpendEnsemble,
    SpendForecast,
    SpendRecipe,
)
from regulars.models.tabular.encoding import TabularEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

KEYS = ("customer_id", "cutoff")
OUTCOMES = ("churned", "n_purchases", "spend")
# beyond which no day of the next order is named
NEXT_ORDER_LIMIT_DAYS = 365
# whose mean the contributions of others are measured from
COMPARED_ROWS = 2_000
SILENT, SPEND = "btyd_no_purchase_probability", "btyd_expected_spend"
# the scores of a model, in their order; provenance and reasons come on top
NUMBERS = (
    "btyd_no_purchase_probability",
    "p_alive",
    "expected_purchases",
    "expected_spend",
    "expected_spend_low",
    "expected_spend_high",
    "typical_spend",
)
VALUES = (
    "clv",
    "clv_if_kept",
    "clv_if_silent",
    "value_at_risk",
    "value_to_win_back",
    "value_to_protect",
)
SCORES = (
    *KEYS,
    "churn_probability",
    *NUMBERS,
    *VALUES,
    "risk_band",
    "segment",
    "expected_next_order",
)


class _Forecast(NamedTuple):
    """What the ensembles say of the horizon asked for."""

    rows: pd.DataFrame
    churn: Floats
    spend: SpendForecast


class RetentionModel:
    """Churn, purchases and value from one row of features a customer.

    Parameters
    ----------
    horizon : Horizon
        What the scores are about.
    churn : Recipe
        How to build the churn ensemble.
    process : PurchaseProcess, optional
        Fitted to the customers of the cutoff that the model stands at. Default: the
        rows are not those of a purchase log.
    spend : SpendRecipe, optional
        How to build the spend ensemble, where there is a process.
    encoder : TabularEncoder, optional
        Where rows hold categories, or numbers that are no features of purchases.

    Attributes
    ----------
    churn_ : ChurnEnsemble
    spend_ : SpendEnsemble or None
    segments_ : Segments or None
    profile_ : Profile or None
        What is usual; where there is an encoder.
    contrast_ : Contrast
        What is usual of customers who stay, and of customers who leave.
    reference_ : Series
        Median of each feature of purchases at the model's cutoff.

    See Also
    --------
    regulars.pipeline : Builds, tests and registers the model.

    Examples
    --------
    >>> terms = Horizon(horizon_days=None, margin=0.3, discount_rate_annual=0.1,
    ...                 clv_horizon_days=365, risk_bands=(0.4, 0.7))
    >>> rows = pd.DataFrame({"age": np.arange(60.0) % 30})
    >>> model = RetentionModel(terms, Recipe({"logistic": 1.0}),
    ...                        encoder=TabularEncoder()).fit(rows, rows["age"] > 15)
    >>> scores = model.predict(rows, customer_id=rows.index)
    >>> scores["risk_band"].iloc[[1, 29]].tolist()
    ['low', 'medium']
    """

    def __init__(
        self,
        horizon: Horizon,
        churn: Recipe,
        *,
        process: PurchaseProcess | None = None,
        spend: SpendRecipe | None = None,
        encoder: TabularEncoder | None = None,
    ) -> None:
        self.horizon = horizon
        self.churn = churn
        self.process = process
        self.spend = spend
        self.encoder = encoder

    def fit(
        self,
        features: pd.DataFrame | None,
        churned: ArrayLike | None = None,
        spend: ArrayLike | None = None,
        *,
        current: pd.DataFrame | None = None,
    ) -> Self:
        """Fit to what is known at the model's cutoff.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features) or None
            Rows of earlier cutoffs, with the columns of the process of their own
            cutoff (see `add_process`) where there is one. None where the recipes leave
            everything to the process.
        churned : array-like of shape (n_rows,), optional
            1 where the customer churned, else 0.
        spend : array-like of shape (n_rows,), optional
            Net spend in the window.
        current : DataFrame of shape (n_customers, n_features), optional
            Rows of the model's own cutoff, without the columns of a process. Default:
            `features`.

        Returns
        -------
        self
        """
        now = features if current is None else current
        assert now is not None
        if self.process is None:
            assert features is not None
            self.churn_ = ChurnEnsemble(self.churn, self.encoder).fit(
                features, _outcome(churned)
            )
            self.spend_ = self.segments_ = None
            self.reference_ = pd.Series(dtype="float64")
        else:
            standing = self.with_process(now)
            rows = standing.iloc[:0] if features is None else features
            read = rows[feature_columns(rows)]
            self.churn_ = ChurnEnsemble(self.churn).fit(
                read,
                _outcome(churned),
                snapshots=rows["cutoff"],
                current=standing,
            )
            self.spend_ = SpendEnsemble(self.spend or SpendRecipe()).fit(
                read, _outcome(spend)
            )
            # of the customers of the cutoff: segments are about today
            terms = self.horizon
            self.segments_ = Segments(terms.gap_breaks, terms.value_breaks).fit(
                now, self._worth(now, self.process).if_bought
            )
            self.reference_ = standing[feature_columns(standing)].median()
        self.profile_: Profile | None = None
        if self.encoder is not None:
            self.profile_ = Profile.of(now, self.encoder)
        self._compare_with(now.sample(min(len(now), COMPARED_ROWS), random_state=0))
        return self

    def _compare_with(self, customers: pd.DataFrame) -> None:
        """Learn what is usual, which reasons compare with."""
        rows, own = self._to_explain(customers)
        self.churn_.compare_with(rows, own)
        named = [] if self.process is None else feature_columns(rows)
        self.contrast_ = Contrast.of(
            rows[named],
            self.churn_.contributions(rows, own),
            self.predict_churn(customers),
        )

    def with_process(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the rows as the churn and spend members read them.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            Features.

        Returns
        -------
        DataFrame of shape (n_rows, n_features + 5)
            With the columns of the model's own process, over the horizon it learnt on;
            the rows themselves where there is none.
        """
        if self.process is None:
            return features
        return add_process(features, self.process, self.horizon.teaching)

    def predict_churn(self, features: pd.DataFrame) -> Floats:
        """Return the calibrated probability of churn.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            The features of `fit`.

        Returns
        -------
        array of shape (n_rows,)
            In (0, 1).

        Raises
        ------
        DataError
            A feature that the model learnt from is missing or cannot be read.
        """
        if self.process is None:
            return self.churn_.predict(features)
        self._check(features)
        return self._forecast(features, self.process).churn

    def predict(
        self,
        features: pd.DataFrame,
        *,
        customer_id: ArrayLike | None = None,
        cutoff: date | None = None,
        value: ArrayLike | None = None,
    ) -> pd.DataFrame:
        """Return the scores of customers at a cutoff.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            The features of `fit`; of a purchase log with ``customer_id`` and
            ``cutoff`` among them.
        customer_id : array-like of shape (n_rows,), optional
            Names of the customers, where `features` does not hold them.
        cutoff : date, optional
            As-of day of the rows, likewise.
        value : array-like of shape (n_rows,), optional
            Of each customer if kept, in the currency, where no process of purchases
            gives it; who churns is then worth nothing.

        Returns
        -------
        DataFrame of shape (n_rows, 18)
            The columns of design section 7 from ``customer_id`` to
            ``expected_next_order``. What only purchases can tell is missing where
            there is no process.

        Raises
        ------
        DataError
            A feature that the model learnt from is missing or cannot be read.
        """
        if self.process is not None:
            self._check(features)
            return self._predict_purchases(features, self.process)
        churn = self.churn_.predict(features)
        n_rows = len(features)
        kept = np.full(n_rows, np.nan) if value is None else np.asarray(value, float)
        nothing = np.full(n_rows, None, dtype=object)
        scores = {
            "customer_id": customer_id,
            "cutoff": np.full(n_rows, cutoff, dtype=object),
            "churn_probability": churn,
            **{name: np.full(n_rows, np.nan) for name in NUMBERS},
            **_values(Worth(kept, 0.0 * kept, kept), churn),
            "value_to_protect": np.full(n_rows, np.nan),
            "risk_band": self.horizon.bands(churn),
            "segment": nothing,
            "expected_next_order": nothing,
        }
        return pd.DataFrame(scores, index=features.index)[list(SCORES)]

    def _predict_purchases(
        self, features: pd.DataFrame, process: PurchaseProcess
    ) -> pd.DataFrame:
        rows, churn, spend = self._forecast(features, process)
        assert self.segments_ is not None
        band = self.horizon.bands(churn)
        tied = self._tied(rows, churn, process)
        scores = {
            "customer_id": rows["customer_id"],
            "cutoff": rows["cutoff"],
            "churn_probability": churn,
            "btyd_no_purchase_probability": rows[SILENT],
            "p_alive": tied["p_alive"],
            "expected_purchases": tied["expected_purchases"],
            "expected_spend": spend.expected,
            "expected_spend_low": spend.bounds[:, 0],
            "expected_spend_high": spend.bounds[:, 1],
            "typical_spend": spend.typical,
            **{name: tied[name] for name in VALUES},
            "risk_band": band,
            "segment": self.segments_.label(rows, tied["clv_if_kept"], band),
            "expected_next_order": _next_order(
                rows["cutoff"], tied["days_to_next_order"]
            ),
        }
        return pd.DataFrame(scores, index=features.index)

    def _tied(
        self, rows: pd.DataFrame, churn: Floats, process: PurchaseProcess
    ) -> pd.DataFrame:
        """Return what the process says of rows, agreeing with the churn forecast."""
        terms = self.horizon
        tied = process.tied(
            rows, churn, horizon_days=terms.days, gap_days=terms.gap_days
        )
        values = _values(self._worth(rows, process), churn)
        protect = tied["p_leaving"] * values["clv_if_kept"]
        return tied.assign(**values, value_to_protect=protect)

    def _worth(self, rows: pd.DataFrame, process: PurchaseProcess) -> Worth:
        """Return the value of customers who buy in the horizon, and who do not."""
        terms = self.horizon
        return process.worth(
            rows,
            span_days=terms.gap_days + terms.days,
            margin=terms.margin,
            discount_rate_annual=terms.discount_rate_annual,
            horizon_days=terms.clv_horizon_days,
        )

    def _forecast(self, features: pd.DataFrame, process: PurchaseProcess) -> _Forecast:
        assert self.spend_ is not None
        learnt = self.with_process(features)
        churn, spend = self.churn_.predict(learnt), self.spend_.forecast(learnt)
        learnt_days = self.horizon.teaching.days
        if learnt_days == self.horizon.days:
            return _Forecast(learnt, churn, spend)
        rows = add_process(features, process, self.horizon)
        silent = (frame[SILENT].to_numpy() for frame in (learnt, rows))
        money = (frame[SPEND].to_numpy() for frame in (learnt, rows))
        if self.churn.needs_fitting or self.churn.calibrator.method != "none":
            churn = extrapolate_churn(
                churn,
                *silent,
                stretch=self.horizon.days / learnt_days,
                extrapolation_weight=self.horizon.extrapolation_weight,
            )
        else:  # the process speaks for itself
            churn = rows[SILENT].to_numpy()
        extrapolated = extrapolate_spend(spend.expected, *money)
        around = np.column_stack([spend.bounds, spend.typical])
        scaled = extrapolate_bounds(around, spend.expected, extrapolated)
        return _Forecast(
            rows, churn, SpendForecast(extrapolated, scaled[:, 2], scaled[:, :2])
        )

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return each feature's share of the log-odds of churn.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            The features of `fit`.

        Returns
        -------
        DataFrame of shape (n_rows, n_features)
            Log-odds, before calibration, against the customers of the model's cutoff: 0
            on average over them. The purchase process speaks by its own inputs,
            ``frequency``, ``recency_days`` and ``T_days``.
        """
        return self.churn_.contributions(*self._to_explain(features))

    def _to_explain(
        self, features: pd.DataFrame
    ) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        """Return the rows that the members read, and what the process says itself."""
        rows = self.with_process(features)
        if self.process is None or PROCESS not in self.churn_.members_:
            return rows, {}
        terms = self.horizon.teaching
        shares = process_shares(
            self.process,
            features,
            self.reference_,
            horizon_days=terms.days,
            gap_days=terms.gap_days,
        )
        return rows, {PROCESS: shares}

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
        """Write the model as JSON and text files; nothing in them can run.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        data = {
            "format_version": FORMAT_VERSION,
            "horizon": self.horizon.to_dict(),
            "process": self.process and self.process.to_dict(),
            "churn": self.churn_.to_dict(),
            "spend": self.spend_ and self.spend_.to_dict(),
            "segments": self.segments_ and self.segments_.to_dict(),
            "profile": self.profile_ and self.profile_.to_dict(),
            "contrast": self.contrast_.to_dict(),
            "reference": {
                name: None if np.isnan(value) else float(value)
                for name, value in self.reference_.items()
            },
        }
        (path / "model.json").write_text(json.dumps(data, indent=1, allow_nan=False))
        # LightGBM's own text: it can be read by other versions, and runs nothing
        for member, texts in self.churn_.trees().items():
            for number, text in enumerate(texts):
                (path / churn_trees(member, number)).write_text(text)
        for head, text in (self.spend_.trees() if self.spend_ else {}).items():
            (path / f"spend_{head}.lightgbm.txt").write_text(text)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a saved model; nothing in it is executed.

        Parameters
        ----------
        folder : str or Path
            As `save` wrote it.

        Returns
        -------
        RetentionModel

        Raises
        ------
        DataError
            The folder holds no model, or one of a form that this version does not
            read.
        """
        path = Path(folder)
        data = read_model(path)
        churn = data["churn"]
        encoded, process = churn.get("encoder"), data["process"]
        encoder = TabularEncoder.from_dict(encoded) if encoded else None
        trees = {
            member: [read_text(path / churn_trees(member, n)) for n in range(n_texts)]
            for member, n_texts in churn["trees"].items()
        }
        ensemble = ChurnEnsemble.from_dict(churn, trees, encoder)
        spend = _read_spend(path, data["spend"])
        model = cls(
            Horizon.from_dict(data["horizon"]),
            ensemble.recipe,
            process=process and PurchaseProcess.from_dict(process),
            spend=None if spend is None else spend.recipe,
            encoder=encoder,
        )
        model.churn_, model.spend_ = ensemble, spend
        segments, profile = data["segments"], data.get("profile")
        model.segments_ = segments and Segments.from_dict(segments)
        model.profile_ = profile and Profile(**profile)
        model.contrast_ = Contrast.from_dict(data["contrast"])
        model.reference_ = pd.Series(data["reference"], dtype="float64")
        return model


def _read_spend(path: Path, data: dict[str, Any] | None) -> SpendEnsemble | None:
    if data is None:
        return None
    trees = {
        head: read_text(path / f"spend_{head}.lightgbm.txt") for head in data["trees"]
    }
    return SpendEnsemble.from_dict(data, trees)


def _outcome(values: ArrayLike | None) -> Floats:
    if values is None:
        return np.empty(0)
    return np.asarray(values, dtype=np.float64)


def _values(worth: Worth, churn: Floats) -> dict[str, Floats]:
    """Return the columns of value from what customers are worth."""
    return {
        "clv": worth.branches.mix(churn),
        "clv_if_kept": worth.if_bought,
        "clv_if_silent": worth.if_silent,
        "value_at_risk": churn * (worth.if_bought - worth.if_silent),
        "value_to_win_back": churn * (worth.if_back - worth.if_silent),
    }


def _next_order(cutoff: pd.Series[Any], days: pd.Series[float]) -> list[Any]:
    within = days <= NEXT_ORDER_LIMIT_DAYS
    # the day on which it falls: the first day ahead is that of the cutoff
    whole = np.where(within, np.floor(days), 0).astype(int)
    dates = pd.to_datetime(cutoff) + pd.to_timedelta(whole, unit="D")
    return [
        day.date() if known else None for day, known in zip(dates, within, strict=True)
    ]


def add_process(
    features: pd.DataFrame, process: PurchaseProcess, horizon: Horizon
) -> pd.DataFrame:
    """Return the rows with the columns of a purchase process."""
    expected = process.predict(
        features, horizon_days=horizon.days, gap_days=horizon.gap_days
    )
    return pd.concat([features, expected], axis=1)


def feature_columns(rows: pd.DataFrame) -> list[str]:
    """Return the columns that are features, in their order.

    Parameters
    ----------
    rows : DataFrame
        Keys, features, what value is made of and perhaps outcomes.

    Returns
    -------
    list of str
    """
    others = {*KEYS, *OUTCOMES, *VALUE_COLUMNS}
    return [name for name in rows.columns if name not in others]


def stack(rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several cutoffs as one frame."""
    return pd.concat(rows, ignore_index=True)
