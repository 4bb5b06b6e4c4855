"""The model of a business: churn, purchases and value of its customers at a cutoff.

One class for every kind of churn. What a purchase log teaches beside churn (the process
of purchases, spend, segments) is there or not; where it is not, its scores are empty.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from regulars.clv.fork import Scenarios
from regulars.clv.process import COLUMNS, PurchaseProcess
from regulars.errors import DataError
from regulars.features.matrix import FEATURES
from regulars.features.signals import as_attributes
from regulars.models.churn.ensemble import ChurnEnsemble, Recipe
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
    seal,
)
from regulars.models.profile import Profile
from regulars.models.reading import KEYS, Reading, feature_columns
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

    from regulars.clv.outlook import Outlook

    Floats = NDArray[np.float64]

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
                now, self._scenarios(self.process.outlook(now)).if_bought
            )
            self.reference_ = standing[feature_columns(standing)].median()
        self.profile_: Profile | None = None
        if self.encoder is not None:
            self.profile_ = Profile.of(now, self.encoder)
        elif names := self.beside_purchases:
            self.profile_ = Profile.of_columns(as_attributes(now, names))
        self._compare_with(now.sample(min(len(now), COMPARED_ROWS), random_state=0))
        return self

    @property
    def beside_purchases(self) -> list[str]:
        """The features that do not come from purchases or their process."""
        own = {*FEATURES, *COLUMNS}
        return [str(name) for name in self.reference_.index if name not in own]

    def _compare_with(self, customers: pd.DataFrame) -> None:
        """Learn what is usual, which reasons compare with."""
        reading = self.read(customers)
        own = reading.own_shares(self.reference_)
        self.churn_.compare_with(reading.heard, own)
        rows = reading.rows
        if self.encoder is not None:
            kinds = self.encoder.kinds_
            numbers = [name for name, kind in kinds.items() if kind == "number"]
            rows = self.encoder.typed(rows)[numbers]
        self.contrast_ = Contrast.of(
            rows[feature_columns(rows)],
            self.churn_.explain(reading.heard, customers.index, own),
            self.predict_churn(reading),
        )

    def read(self, features: pd.DataFrame | Reading) -> Reading:
        """Return rows as the model reads them, to be scored and explained.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features) or Reading
            The features of `fit`; what was read already is itself.

        Returns
        -------
        Reading

        Raises
        ------
        DataError
            A feature that the model learnt from is missing.
        ValueError
            Another model has read the rows.
        """
        if isinstance(features, Reading):
            if not features.is_of(self.churn_):
                msg = "These rows were read by another model: read them by this one."
                raise ValueError(msg)
            return features
        if self.process is not None:
            self._check(features)
        return Reading(
            features,
            self.process,
            self.horizon,
            self.churn_,
            list(self.reference_.index),
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
        return Reading(features, self.process, self.horizon).rows

    def predict_churn(self, features: pd.DataFrame | Reading) -> Floats:
        """Return the calibrated probability of churn.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features) or Reading
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
        reading = self.read(features)
        churn = self._probability(reading)
        terms = self.horizon
        if self.process is None or terms.teaching.days == terms.days:
            return churn
        return self._carried_over(reading, churn)

    def predict(
        self,
        features: pd.DataFrame | Reading,
        *,
        customer_id: ArrayLike | None = None,
        cutoff: date | None = None,
        value: ArrayLike | None = None,
    ) -> pd.DataFrame:
        """Return the scores of customers at a cutoff.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features) or Reading
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
        reading = self.read(features)
        scores = self.scores_of(
            reading, customer_id=customer_id, cutoff=cutoff, value=value
        )
        return pd.DataFrame(scores, index=reading.features.index, copy=False)

    def scores_of(
        self,
        reading: Reading,
        *,
        customer_id: ArrayLike | None = None,
        cutoff: date | None = None,
        value: ArrayLike | None = None,
    ) -> dict[str, Any]:
        """Return what `predict` does, column by column."""
        if reading.outlook is not None:
            return self._purchase_scores(reading, reading.outlook)
        churn = self._probability(reading)
        n_rows = len(churn)
        kept = np.full(n_rows, np.nan) if value is None else np.asarray(value, float)
        nothing = np.full(n_rows, None, dtype=object)
        scores = {
            "customer_id": customer_id,
            "cutoff": np.full(n_rows, cutoff, dtype=object),
            "churn_probability": churn,
            **{name: np.full(n_rows, np.nan) for name in NUMBERS},
            **_values(Scenarios(kept, 0.0 * kept, kept), churn),
            "value_to_protect": np.full(n_rows, np.nan),
            "risk_band": self.horizon.bands(churn),
            "segment": nothing,
            "expected_next_order": nothing,
        }
        return {name: scores[name] for name in SCORES}

    def _purchase_scores(self, reading: Reading, outlook: Outlook) -> dict[str, Any]:
        assert self.segments_ is not None
        rows, terms = reading.features, self.horizon
        churn, spend = self._forecast(reading)
        tied = outlook.tied(churn, horizon_days=terms.days, gap_days=terms.gap_days)
        scenarios, band = self._scenarios(outlook), terms.bands(churn)
        return {
            "customer_id": rows["customer_id"],
            "cutoff": rows["cutoff"],
            "churn_probability": churn,
            "btyd_no_purchase_probability": reading.expected(terms)[SILENT],
            "p_alive": tied.p_alive,
            "expected_purchases": tied.expected_purchases,
            "expected_spend": spend.expected,
            "expected_spend_low": spend.bounds[:, 0],
            "expected_spend_high": spend.bounds[:, 1],
            "typical_spend": spend.typical,
            **_values(scenarios, churn),
            "value_to_protect": tied.p_leaving * scenarios.if_bought,
            "risk_band": band,
            "segment": self.segments_.label(rows, scenarios.if_bought, band),
            "expected_next_order": _next_order(rows["cutoff"], tied.days_to_next_order),
        }

    def _scenarios(self, outlook: Outlook) -> Scenarios:
        """Return the value of customers by whether they buy in the horizon."""
        terms = self.horizon
        return outlook.values(
            span_days=terms.gap_days + terms.days,
            margin=terms.margin,
            discount_rate_annual=terms.discount_rate_annual,
            horizon_days=terms.clv_horizon_days,
        )

    def _probability(self, reading: Reading) -> Floats:
        """Return the probability of churn over the horizon that was learnt."""
        return self.churn.calibrator.predict(self.churn_.blend(reading.heard))

    def _carried_over(self, reading: Reading, churn: Floats) -> Floats:
        """Return the probability over the horizon asked for."""
        learnt, asked = (
            reading.expected(terms)[SILENT]
            for terms in (self.horizon.teaching, self.horizon)
        )
        if not self.churn.needs_fitting and self.churn.calibrator.method == "none":
            return asked  # the process speaks for itself
        return extrapolate_churn(
            churn,
            learnt,
            asked,
            stretch=self.horizon.days / self.horizon.teaching.days,
            extrapolation_weight=self.horizon.extrapolation_weight,
        )

    def _forecast(self, reading: Reading) -> tuple[Floats, SpendForecast]:
        """Return churn and spend over the horizon asked for."""
        assert self.spend_ is not None
        churn, spend = self._probability(reading), self.spend_.forecast(reading.numbers)
        learnt, asked = self.horizon.teaching, self.horizon
        if learnt.days == asked.days:
            return churn, spend
        money = (reading.expected(terms)[SPEND] for terms in (learnt, asked))
        expected = extrapolate_spend(spend.expected, *money)
        around = np.column_stack([spend.bounds, spend.typical])
        scaled = extrapolate_bounds(around, spend.expected, expected)
        return (
            self._carried_over(reading, churn),
            SpendForecast(expected, scaled[:, 2], scaled[:, :2]),
        )

    def contributions(self, features: pd.DataFrame | Reading) -> pd.DataFrame:
        """Return each feature's share of the log-odds of churn.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features) or Reading
            The features of `fit`.

        Returns
        -------
        DataFrame of shape (n_rows, n_features)
            Log-odds, before calibration, against the customers of the model's cutoff: 0
            on average over them. The purchase process speaks by its own inputs,
            ``frequency``, ``recency_days`` and ``T_days``.
        """
        reading = self.read(features)
        own = reading.own_shares(self.reference_)
        return self.churn_.explain(reading.heard, reading.features.index, own)

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
        seal(path)

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


def _values(scenarios: Scenarios, churn: Floats) -> dict[str, Floats]:
    """Return the columns of value from what customers are worth."""
    return {
        "clv": scenarios.branches.mix(churn),
        "clv_if_kept": scenarios.if_bought,
        "clv_if_silent": scenarios.if_silent,
        "value_at_risk": churn * (scenarios.if_bought - scenarios.if_silent),
        "value_to_win_back": churn * (scenarios.if_back - scenarios.if_silent),
    }


def _next_order(cutoff: pd.Series[Any], days: Floats) -> list[Any]:
    within = days <= NEXT_ORDER_LIMIT_DAYS
    # the day on which it falls: the first day ahead is that of the cutoff
    whole = np.where(within, np.floor(days), 0).astype("timedelta64[D]")
    dates = days_of(cutoff) + whole
    return [
        day if known else None
        for day, known in zip(dates.tolist(), within.tolist(), strict=True)
    ]


def days_of(cutoff: pd.Series[Any]) -> NDArray[np.datetime64]:
    """Return as days what a frame of features knows as timestamps."""
    if isinstance(cutoff.dtype, pd.DatetimeTZDtype):
        cutoff = cutoff.dt.tz_localize(None)
    return cutoff.to_numpy("datetime64[D]")


def add_process(
    features: pd.DataFrame, process: PurchaseProcess, horizon: Horizon
) -> pd.DataFrame:
    """Return the rows with the columns of a purchase process."""
    expected = process.predict(
        features, horizon_days=horizon.days, gap_days=horizon.gap_days
    )
    return pd.concat([features, expected], axis=1)


def stack(rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several cutoffs as one frame."""
    return pd.concat(rows, ignore_index=True)
