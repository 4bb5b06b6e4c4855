"""The settings of a run: typed, frozen, read once and passed down.

A YAML file (and ``--set key.sub=value`` from the command line) comes in, one
`Settings` object goes out. An unknown key is an error that names the nearest known
one, so that a misspelt setting is never quietly ignored. ``${NAME}`` is replaced from
the environment, so that no secret has to stand in a file. Each field carries its own
description: the configuration reference in ``docs/`` is generated from them.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from regulars.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

Share = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveInt = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlExpression(_Section):
    """A column that has to be worked out from the file's own columns."""

    sql: str = Field(
        min_length=1,
        description="Expression over the file's own columns, DuckDB's dialect.",
    )


class TableSettings(_Section):
    """Where a table lies and how its columns map to ours."""

    path: str | None = Field(
        None, description="csv, tsv or parquet file, or a glob of them."
    )
    table: str | None = Field(
        None, description="Table of the engine's database, as `schema.name`."
    )
    columns: dict[str, str | SqlExpression] = Field(
        default_factory=dict,
        description="Our column name -> the file's column, or `{sql: expression}`. "
        "A column that has our name already need not be listed.",
    )
    time_format: str | None = Field(
        None,
        description="strptime format of the times, where the file's own form is "
        "ambiguous.",
    )
    anonymous: Literal["set_aside", "error"] = Field(
        "set_aside",
        description="Rows without a customer_id: counted and set aside, or an error.",
    )
    duplicates: Literal["set_aside", "keep"] = Field(
        "set_aside",
        description="Rows that repeat another row in every column: all but the first "
        "are set aside, or all are kept (a log without order numbers in which two "
        "equal rows are two equal orders).",
    )
    max_bad_share: Share = Field(
        0.05,
        description="Largest share of faulty rows; above it the run stops. Anonymous "
        "rows and rows after the cutoff are not faults.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> TableSettings:
        if (self.path is None) == (self.table is None):
            msg = "give either 'path' (a file) or 'table' (in the engine), not both"
            raise ValueError(msg)
        return self


class SourceSettings(_Section):
    """The engine and the tables."""

    engine: str = Field(
        "duckdb://",
        description="duckdb://[file], postgres://user@host/db, spark://... or "
        "spark://local.",
    )
    time_zone: str = Field("UTC", description="Zone in which naive times are read.")
    currency: str = Field("USD", description="The one currency of all amounts.")
    transactions: TableSettings | None = Field(None, description="The purchase log.")
    events: TableSettings | None = Field(None, description="Visits, opens, clicks.")
    tickets: TableSettings | None = Field(None, description="Support tickets.")
    surveys: TableSettings | None = Field(None, description="Survey answers (NPS).")
    loyalty: TableSettings | None = Field(None, description="Loyalty points and tiers.")
    referrals: TableSettings | None = Field(None, description="Who brought whom.")
    contacts: TableSettings | None = Field(None, description="Campaign contacts.")
    subscriptions: TableSettings | None = Field(None, description="Subscriptions.")
    customers: TableSettings | None = Field(None, description="Customer attributes.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            msg = f"'{value}' is not a time zone such as 'Europe/Berlin' or 'UTC'"
            raise ValueError(msg) from error
        return value


class TimeSettings(_Section):
    """Cutoffs and windows (half-open intervals of whole days)."""

    horizon_days: PositiveInt = Field(90, description="Length of the predicted window.")
    gap_days: int = Field(
        0, ge=0, description="Days between the cutoff and the predicted window."
    )
    lookback_days: PositiveInt | None = Field(
        None, description="How far back features may look; null: all the history."
    )
    cutoff: date | None = Field(
        None,
        description="As-of date of the scores; null: the day after the last record.",
    )
    training_cutoffs: PositiveInt = Field(
        6, description="Training snapshots asked for."
    )
    step_days: PositiveInt = Field(30, description="Days between training snapshots.")


class LabelledSettings(_Section):
    """A table of attributes that says itself who has churned."""

    path: str | None = Field(
        None, description="csv, tsv or parquet file, or a glob of them."
    )
    table: str | None = Field(
        None, description="Table of the engine's database, as `schema.name`."
    )
    label: str = Field(
        min_length=1,
        description="Column that says who has churned; rows without a value are not "
        "learnt from, but scored.",
    )
    positive: bool | int | float | str = Field(
        1, description="Value of the label that means churned; all others mean stayed."
    )
    id: str | None = Field(
        None, description="Column that names the customer; null: the number of the row."
    )
    date: str | None = Field(
        None,
        description="Column with the day that a row is of; with it, later rows test a "
        "model of earlier rows, and the latest row of each customer is scored.",
    )
    drop: tuple[str, ...] = Field(
        (), description="Columns to leave out, such as those known only afterwards."
    )
    duplicates: Literal["set_aside", "keep"] = Field(
        "set_aside",
        description="Rows that repeat another row in every column: all but the first "
        "are set aside, or all are kept.",
    )
    test_share: float = Field(
        0.2, gt=0, lt=0.6, description="Share of the rows that a test keeps apart."
    )
    test_splits: int = Field(
        5,
        ge=1,
        le=50,
        description="Stratified tests, each with its own split; one by date where "
        "there is a date.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> LabelledSettings:
        if (self.path is None) == (self.table is None):
            msg = "give either 'path' (a file) or 'table' (in the engine), not both"
            raise ValueError(msg)
        used = [self.label, *(c for c in (self.id, self.date) if c is not None)]
        if len(set(used)) < len(used):
            msg = "'label', 'id' and 'date' must be different columns"
            raise ValueError(msg)
        if self.label in self.drop:
            msg = f"the label '{self.label}' stands in 'drop' too"
            raise ValueError(msg)
        return self


class ChurnSettings(_Section):
    """The churn classifier."""

    kind: Literal["non_contractual", "contractual", "labelled"] = Field(
        "non_contractual", description="What churn means in this business."
    )
    classifiers: tuple[Literal["logistic", "lightgbm"], ...] = Field(
        ("logistic", "lightgbm"),
        min_length=1,
        description="Candidates; the validation window decides.",
    )
    tuning_trials: int = Field(
        30, ge=0, description="Settings tried on the validation window."
    )
    calibration: Literal["auto", "isotonic", "sigmoid", "none"] = Field(
        "auto", description="Probability calibration; auto: what validates best."
    )
    labelled: LabelledSettings | None = Field(
        None, description="The table of `kind: labelled`."
    )

    @model_validator(mode="after")
    def _has_its_table(self) -> ChurnSettings:
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


class ValueSettings(_Section):
    """What turns purchases into money."""

    margin: float = Field(0.3, gt=0, le=1, description="Margin on each unit of spend.")
    discount_rate_annual: float = Field(
        0.1, ge=0, lt=10, description="Yearly discount rate of future margins."
    )
    clv_horizon_days: PositiveInt = Field(
        365, description="How far ahead customer lifetime value looks."
    )


class FeatureSettings(_Section):
    """Which features are built."""

    groups: tuple[str, ...] | None = Field(
        None, description="Feature groups to use; null: all the log allows."
    )
    extra: tuple[str, ...] = Field(
        (), description="Your own feature functions, as `module:function`."
    )


class ScoreSettings(_Section):
    """How the scored table is written."""

    format: Literal["parquet", "csv"] = Field("parquet", description="File format.")
    risk_bands: tuple[Share, Share] = Field(
        (0.4, 0.7),
        description="churn_probability from which risk is medium, and high.",
    )

    @field_validator("risk_bands")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            msg = f"the first bound ({value[0]}) must lie below the second ({value[1]})"
            raise ValueError(msg)
        return value


class TrackingSettings(_Section):
    """The MLflow store."""

    uri: str = Field(
        "sqlite:///models/mlflow.db", description="MLflow tracking and registry URI."
    )


class BacktestSettings(_Section):
    """How far the backtest rolls back."""

    windows: PositiveInt = Field(
        4, description="Test windows, the last complete one and earlier ones."
    )
    step_days: PositiveInt | None = Field(
        None, description="Days between test windows; null: one horizon."
    )


class GateSettings(_Section):
    """What a model has to pass to become champion."""

    max_ece: Share = Field(
        0.05,
        description="Largest calibration error on the test window (beyond what chance "
        "alone explains), unless the champion's own is larger.",
    )


class ProfitSettings(_Section):
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


class Settings(_Section):
    """All settings of a run; see `load_settings`."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Name of the MLflow experiment and of the registered model.",
    )
    source: SourceSettings = Field(description="Where the data lie.")
    time: TimeSettings = Field(default=TimeSettings(), description="Windows.")
    churn: ChurnSettings = Field(
        default=ChurnSettings(), description="Churn classifier."
    )
    value: ValueSettings = Field(default=ValueSettings(), description="Money.")
    features: FeatureSettings = Field(
        default=FeatureSettings(), description="Features."
    )
    scores: ScoreSettings = Field(
        default=ScoreSettings(), description="The scored table."
    )
    backtest: BacktestSettings = Field(
        default=BacktestSettings(), description="The backtest."
    )
    gate: GateSettings = Field(
        default=GateSettings(), description="Who becomes champion."
    )
    profit: ProfitSettings = Field(
        default=ProfitSettings(), description="Costs of a retention offer."
    )
    tracking: TrackingSettings = Field(
        default=TrackingSettings(), description="MLflow."
    )
    outputs: str = Field("", description="Folder of the results; empty: out/<name>.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")

    @model_validator(mode="before")
    @classmethod
    def _default_outputs(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("outputs") and "name" in data:
            return {**data, "outputs": f"out/{data['name']}"}
        return data

    @model_validator(mode="before")
    @classmethod
    def _labelled_has_its_own_table(cls, data: Any) -> Any:
        # it stands under churn: no log is needed beside it
        churn = data.get("churn") if isinstance(data, dict) else None
        if isinstance(churn, dict) and churn.get("kind") == "labelled":
            return {**data, "source": data.get("source") or {}}
        return data

    @property
    def outputs_folder(self) -> Path:
        """Folder of the results."""
        return Path(self.outputs)


def load_settings(path: str | Path, overrides: Iterable[str] = ()) -> Settings:
    r"""Read a configuration file.

    Parameters
    ----------
    path : str or Path
        YAML file.
    overrides : iterable of str
        ``key.sub=value`` pairs that win over the file; values are read as YAML.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigError
        The file is missing or not YAML, a key is unknown, or a value is out of range.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "shop.yaml").write_text(
    ...     "name: shop\nsource: {transactions: {path: orders.csv}}")
    >>> load_settings(folder / "shop.yaml", ["time.horizon_days=28"]).time.horizon_days
    28
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = (
            f"Cannot read the configuration '{file}': {reason}. Pass the path of a "
            "YAML file; 'regulars init FILE' writes one for a purchase log."
        )
        raise ConfigError(msg) from error
    return parse_settings(text, overrides, origin=str(file))


def parse_settings(
    text: str, overrides: Iterable[str] = (), *, origin: str = "configuration"
) -> Settings:
    """Read settings from YAML text; as `load_settings`.

    Parameters
    ----------
    text : str
        YAML.
    overrides : iterable of str
        ``key.sub=value`` pairs that win over the text.
    origin : str
        Where the text comes from, for messages.

    Returns
    -------
    Settings

    Examples
    --------
    >>> parse_settings("{name: x, source: {transactions: {path: a.csv}}, tme: {}}")
    Traceback (most recent call last):
        ...
    regulars.errors.ConfigError: configuration: unknown key 'tme'. Did you mean 'time'?
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" at line {place.line + 1}" if place else ""
        msg = f"{origin} is not valid YAML{line}. Check indentation and quotes there."
        raise ConfigError(msg) from error
    if not isinstance(data, dict):
        msg = f"{origin} must hold keys such as 'name' and 'source'; it does not."
        raise ConfigError(msg)
    for override in overrides:
        _apply_override(data, override)
    try:
        return Settings.model_validate(_expand(data, origin))
    except ValidationError as error:
        msg = f"{origin}: " + "; ".join(_sentence(e) for e in error.errors()[:5])
        raise ConfigError(msg) from error


def _apply_override(data: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        msg = f"--set '{override}' must have the form key.sub=value."
        raise ConfigError(msg)
    node = data
    *parents, leaf = key.strip().split(".")
    for parent in parents:
        if node.get(parent) is None:  # a section that is left blank
            node[parent] = {}
        node = node[parent]
        if not isinstance(node, dict):
            msg = f"--set '{override}': '{parent}' holds a value, not a section."
            raise ConfigError(msg)
    try:
        node[leaf] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        msg = f"--set '{override}': the value is not valid YAML."
        raise ConfigError(msg) from error


def _expand(node: Any, origin: str) -> Any:
    if isinstance(node, dict):
        return {key: _expand(value, origin) for key, value in node.items()}
    if isinstance(node, list):
        return [_expand(value, origin) for value in node]
    if isinstance(node, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: _variable(match[1], origin), node)
    return node


def _variable(name: str, origin: str) -> str:
    if name not in os.environ:
        msg = f"{origin} uses ${{{name}}}, which is not set in the environment."
        raise ConfigError(msg)
    return os.environ[name]


def _sentence(error: ErrorDetails) -> str:
    where = [str(part) for part in error["loc"]]
    key = ".".join(part for part in where if part not in {"str", "SqlExpression"})
    if error["type"] == "extra_forbidden":
        known = _known_keys(where[:-1])
        return f"unknown key '{key}'.{suggestion(where[-1], known)}"
    if error["type"] == "missing":
        return f"'{key}' is missing"
    message = error["msg"].removeprefix("Value error, ")
    return f"'{key}': {message[:1].lower()}{message[1:]} (got {error['input']!r})"


def _known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] | None = Settings
    for part in path:
        annotation = model.model_fields[part].annotation if model else None
        options = getattr(annotation, "__args__", (annotation,))
        model = next(
            (o for o in options if isinstance(o, type) and issubclass(o, BaseModel)),
            None,
        )
    return list(model.model_fields) if model else []
