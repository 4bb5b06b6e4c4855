"""Where tables lie: files or tables of an engine, and how their columns map to ours.

Sections of the configuration, typed and frozen. Each field carries its own description:
the configuration reference in ``docs/`` is generated from them.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Section(BaseModel):
    """A part of the configuration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlExpression(Section):
    """A column that has to be worked out from the file's own columns."""

    sql: str = Field(
        min_length=1,
        description="Expression over the file's own columns, DuckDB's dialect.",
    )


class TableSettings(Section):
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


class SourceSettings(Section):
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


class LabelledSettings(Section):
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
    label_days: int = Field(
        0,
        ge=0,
        description="Days after a row's own until its label is known (30 for 'churned "
        "within 30 days'): rows whose label was not known when a test begins do not "
        "learn for it. Needs `date`.",
    )
    value: float | str = Field(
        200.0,
        description="What a customer is worth if kept, in the currency: one amount for "
        "all, or the column that says it.",
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

    @field_validator("value")
    @classmethod
    def _worth_something(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and not 0 <= value < math.inf:
            msg = "an amount must be 0 or more"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _one_place(self) -> LabelledSettings:
        if (self.path is None) == (self.table is None):
            msg = "give either 'path' (a file) or 'table' (in the engine), not both"
            raise ValueError(msg)
        used = [self.label, *(c for c in (self.id, self.date) if c is not None)]
        if len(set(used)) < len(used):
            msg = "'label', 'id' and 'date' must be different columns"
            raise ValueError(msg)
        if self.label_days and self.date is None:
            msg = "'label_days' needs 'date', the column of the day of each row"
            raise ValueError(msg)
        if self.label in self.drop:
            msg = f"the label '{self.label}' stands in 'drop' too"
            raise ValueError(msg)
        return self
