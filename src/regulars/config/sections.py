"""How a run goes: windows, models, money, and who becomes champion.

Each field carries its own description, from which ``docs/configuration.md`` is made.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from regulars.config.addresses import Address
from regulars.config.tables import LabelledSettings, Section, Share

PositiveInt = Annotated[int, Field(ge=1, le=1_000)]
PositiveNumber = Annotated[float, Field(gt=0, le=1_000)]
Days = Annotated[int, Field(ge=1, le=36_525)]  # a hundred years
FIRST_CUTOFF, LAST_CUTOFF = date(1900, 1, 2), date(2099, 12, 31)
LARGEST_SEED = 2**31 - 1  # what every library takes


def _calendar_day(value: Any) -> Any:
    """Return a day written as YYYY-MM-DD, or refuse what is none."""
    if value is None:
        return None
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value).strip()
    day, clock = text[:10], text[10:].strip(" T")
    form = "write a day as YYYY-MM-DD, such as 2024-06-30"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day, re.ASCII):
        msg = f"{value!r} is not a day; {form}"
        raise ValueError(msg)
    try:
        parsed = date.fromisoformat(day)
    except ValueError as error:
        msg = f"{value!r} is no day of the calendar; {form}"
        raise ValueError(msg) from error
    if clock.strip("0:"):
        msg = f"{value!r} has a time of day, but a cutoff is a whole day; {form}"
        raise ValueError(msg)
    return parsed


class TimeSettings(Section):
    """Cutoffs and windows (half-open intervals of whole days)."""

    horizon_days: Days = Field(90, description="Length of the predicted window.")
    gap_days: int = Field(
        0,
        ge=0,
        le=36_525,
        description="Days between the cutoff and the predicted window.",
    )
    lookback_days: Days | None = Field(
        None, description="How far back features may look; null: all the history."
    )
    cutoff: date | None = Field(
        None,
        description="As-of date of the scores; null: the day after the last record.",
    )
    training_cutoffs: Literal["auto"] | PositiveInt = Field(
        "auto",
        description="Training snapshots; auto: a year and a horizon back, thinned "
        "towards the past.",
    )
    validation_windows: int = Field(
        6,
        ge=2,
        le=24,
        description="Windows that the model is chosen on, at most; each costs time.",
    )
    step_days: Days = Field(30, description="Days between training snapshots.")

    @field_validator("cutoff", mode="before")
    @classmethod
    def _a_day(cls, value: Any) -> Any:
        return _calendar_day(value)

    @field_validator("cutoff")
    @classmethod
    def _within_reach(cls, value: date | None) -> date | None:
        if value is not None and not FIRST_CUTOFF <= value <= LAST_CUTOFF:
            msg = f"{str(value)!r} is not between {FIRST_CUTOFF} and {LAST_CUTOFF}"
            raise ValueError(msg)
        return value


class ChurnSettings(Section):
    """The churn classifier."""

    kind: Literal["non_contractual", "contractual", "labelled"] = Field(
        "non_contractual", description="What churn means in this business."
    )
    members: tuple[
        Literal["process", "rfm_logistic", "logistic", "lightgbm", "extra_trees"], ...
    ] = Field(
        ("process", "rfm_logistic", "logistic", "lightgbm", "extra_trees"),
        min_length=1,
        description="Candidates; the validation windows weigh them.",
    )
    tuning_trials: int = Field(
        8, ge=0, le=100_000, description="Settings tried on the validation windows."
    )
    objective: Literal["log_loss", "average_precision", "profit"] = Field(
        "log_loss",
        description="What settings are judged by on the validation windows; profit: "
        "of the offer whose costs stand under `profit`.",
    )
    calibration: Literal["auto", "isotonic", "sigmoid", "level", "none"] = Field(
        "auto", description="Probability calibration; auto: what validates best."
    )
    labelled: LabelledSettings | None = Field(
        None, description="The table of `kind: labelled`."
    )

    @model_validator(mode="after")
    def _has_its_table(self) -> Self:
        if self.kind == "labelled" and self.labelled is None:
            msg = (
                "kind is 'labelled', so give the table under 'churn.labelled': its "
                "'path' and the column 'label'"
            )
            raise ValueError(msg)
        if self.kind != "labelled" and self.labelled is not None:
            msg = f"kind is '{self.kind}', but 'labelled' is of kind labelled only"
            raise ValueError(msg)
        return self


class ValueSettings(Section):
    """What turns purchases into money."""

    margin: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Margin on each unit of spend, for lines without a `cost_amount` "
        "or `margin_rate` of their own.",
    )
    discount_rate_annual: float = Field(
        0.1, ge=0, lt=10, description="Yearly discount rate of future margins."
    )
    clv_horizon_days: Days = Field(
        365, description="How far ahead customer lifetime value looks."
    )


class CustomersSettings(Section):
    """How attributes of customers are read."""

    undated: Literal["refuse", "as_of_first_order"] = Field(
        "refuse",
        description="Attributes that do not say from when they were known "
        "(`known_from`): not used, or taken as known from the first order on.",
    )


class FeatureSettings(Section):
    """Which features are built."""

    groups: tuple[str, ...] | None = Field(
        None, description="Feature groups to use; null: all the log allows."
    )
    extra: tuple[str, ...] = Field(
        (), description="Your own feature functions, as `module:function`."
    )
    choose: bool = Field(
        True,
        description="Leave out, for the churn classifiers, groups that every "
        "validation window is better without, beyond chance.",
    )
    cache: bool = Field(
        True,
        description="Keep the features in the outputs folder, so that the next command "
        "on the same log need not compute them again.",
    )


class ScoreTableSettings(Section):
    """A table that takes the scores, beside the files."""

    engine: Address = Field(
        description="Address of the engine: duckdb://FILE or "
        "postgres://user@host/db. `${NAME}` stands for a variable of the environment."
    )
    table: str = Field(
        pattern=r"^[^.]+(\.[^.]+)?$",
        description="Name of the table, or `schema.name`; it is created where there is "
        "none.",
    )
    keep: Literal["every_cutoff", "latest"] = Field(
        "every_cutoff",
        description="Whether the rows of earlier cutoffs stay; the rows of the cutoff "
        "itself are replaced either way.",
    )


class ScoreSettings(Section):
    """How the scored table is written."""

    format: Literal["parquet", "csv"] = Field("parquet", description="File format.")
    reasons: Literal["all", "none"] | Annotated[int, Field(ge=1)] = Field(
        "all",
        description="Whose reasons are written: 'all', 'none', or a number: of so many "
        "customers with the most value at risk. They take most of the time of a batch.",
    )
    table: ScoreTableSettings | None = Field(
        None, description="A table that takes the scores too; null: files only."
    )
    rise: float = Field(
        0.2,
        gt=0,
        le=1,
        description="By how much `churn_probability` has to rise since the cutoff "
        "before for a customer to be listed in `risk_rose.csv`; a rise of the band "
        "lists them too.",
    )
    max_age_days: Literal["auto"] | Days | None = Field(
        "auto",
        description="Refuse to score data whose last record is older than so many "
        "days; auto: 14, of data that an earlier scoring found younger; null: never.",
    )
    risk_bands: tuple[Share, Share] = Field(
        (0.4, 0.7),
        description="churn_probability from which risk is medium, and high.",
    )
    gap_breaks: tuple[PositiveNumber, PositiveNumber] = Field(
        (1.5, 4.0),
        description="Segments: silence, in gaps of the customer's own, from which a "
        "customer is late, and silent.",
    )
    value_breaks: tuple[Share, Share] = Field(
        (0.5, 0.8),
        description="Segments: shares of the customers that lie below middle, and "
        "below high, value.",
    )

    @property
    def is_history_a_table(self) -> bool:
        """Whether the scores of earlier cutoffs stay in the table, not in files."""
        return self.table is not None and self.table.keep == "every_cutoff"

    @field_validator("risk_bands", "gap_breaks", "value_breaks")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            msg = f"the first bound ({value[0]}) must lie below the second ({value[1]})"
            raise ValueError(msg)
        return value


class TrackingSettings(Section):
    """The MLflow store."""

    uri: Address = Field(
        "sqlite:///models/mlflow.db", description="MLflow tracking and registry URI."
    )
    artifacts: str | None = Field(
        None,
        description="Folder or address (`s3://...`) of the models' files of a new "
        "experiment. null: beside an SQLite store; where the tracking server says; "
        "`models/artifacts` where `uri` is a database server.",
    )


class BacktestSettings(Section):
    """How far the backtest rolls back."""

    windows: PositiveInt = Field(
        4, description="Test windows, the last complete one and earlier ones."
    )
    step_days: Days | None = Field(
        None, description="Days between test windows; null: one horizon."
    )


class GateSettings(Section):
    """What a model has to pass to become champion."""

    max_ece: Share = Field(
        0.05,
        description="Largest calibration error on the test window (beyond what chance "
        "alone explains), unless the champion's own is larger.",
    )


class ProfitSettings(Section):
    """What a retention offer costs, in the currency of the amounts."""

    contact_cost: float = Field(
        1.0, ge=0, description="Cost of reaching a customer with the offer."
    )
    incentive_cost: float = Field(
        10.0, ge=0, description="Cost of the offer where it is taken."
    )
    accept_rate: Share = Field(
        0.3,
        description="Share of contacted churners whom the offer keeps (before any "
        "campaign has measured it: an assumption).",
    )


class ServingSettings(Section):
    """What the endpoint lets through; what is asked too much of it is refused."""

    keys: str | None = Field(
        None,
        description="File with the hashes of the API keys; null: `api-keys.json` "
        "beside the store's file.",
    )
    body_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = Field(
        16_000_000, description="Largest body of a request (413 above it)."
    )
    customers_per_request: Annotated[int, Field(ge=1, le=100_000)] = Field(
        1_000, description="Most customers in a request (413)."
    )
    lines_per_customer: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        5_000, description="Most rows of one table that a customer may have (413)."
    )
    requests_per_second: Annotated[float, Field(gt=0, le=1e6)] = Field(
        100.0,
        description="Requests of each key, on average and at once (429); with several "
        "workers each grants its share.",
    )
    concurrent_requests: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="Requests that a worker has in hand at once (503)."
    )
    request_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        30.0, description="Longest time that a request may take (503)."
    )
    reload_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        30.0,
        description="Seconds between looks for a new champion; 0: only when the "
        "process is sent SIGHUP.",
    )


class MonitoringSettings(Section):
    """What `regulars monitor` tolerates; an alarm rings beyond it and beyond chance."""

    alarm_rate: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Chance of any false alarm in a month, over all checks together "
        "(Holm's procedure).",
    )
    psi: float = Field(
        0.2,
        gt=0,
        le=10,
        description="Population stability index of an input or a score, against "
        "customers of like tenure where the model learnt.",
    )
    arrival_change: float = Field(
        0.25,
        gt=0,
        lt=1,
        description="Share by which lines, customers and revenue of a period may miss "
        "what earlier periods let expect.",
    )
    amount_ratio: float = Field(
        1.5,
        gt=1,
        le=1_000,
        description="Ratio of median amounts, either way.",
    )
    category_change: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Share by which the customers of a category, channel or store may "
        "fall or rise.",
    )
    new_category: Share = Field(
        0.01, description="Share of customers with a category never seen before."
    )
    missing_share: Share = Field(
        0.05, description="Rise of the share of lines without a value in a column."
    )
    set_aside: Share = Field(
        0.02, description="Rise of the share of new rows that the checks set aside."
    )
    days_late: int = Field(
        2, ge=0, le=1_000, description="Days that the last line may lie back."
    )
    band_change: Share = Field(
        0.1,
        description="Change of a risk band's share of the customers from one scoring "
        "to the next.",
    )
    auc_drop: Share = Field(
        0.05, description="Drop of ROC AUC below what the test promised."
    )
    calibration: Share = Field(
        0.05,
        description="Calibration error (ECE), and gap of mean probability and churn "
        "rate.",
    )
    calibration_slope: Share = Field(
        0.3, description="Distance of the calibration slope from 1."
    )
    totals_ratio: float = Field(
        1.33,
        gt=1,
        le=1_000,
        description="Ratio of expected to actual spend in all, either way.",
    )
    outcomes: PositiveInt = Field(
        6, description="Earlier cutoffs whose outcome is looked at, at most."
    )
    step_days: Days = Field(30, description="Days between these cutoffs.")
