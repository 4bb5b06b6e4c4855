"""Where tables lie: files or tables of an engine, and how their columns map to ours.

Each field carries its own description, from which ``docs/configuration.md`` is made.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from regulars.config.addresses import Address

Share = Annotated[float, Field(ge=0.0, le=1.0)]
PATH_DESCRIPTION = "csv, tsv, json, jsonl, xlsx or parquet file, or a glob of them."


def _kinds(annotation: Any) -> set[Any]:
    """Return the plain types that an annotation is made of."""
    options = get_args(annotation)
    return {annotation} if not options else set().union(*map(_kinds, options))


class Section(BaseModel):
    """A part of the configuration: frozen, and an unknown key is an error."""

    # an input may be an address with its password
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _means_what_it_says(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse yes and no for a number, and text that no system stores."""
        if isinstance(value, bool):
            kinds = _kinds(cls.model_fields[info.field_name or ""].annotation)
            if kinds & {int, float} and bool not in kinds:
                msg = f"a number was expected, not {'yes' if value else 'no'}"
                raise ValueError(msg)
        if isinstance(value, str) and "\0" in value:
            msg = "the text holds a NUL character"
            raise ValueError(msg)
        return value


class SqlExpression(Section):
    """A column that has to be worked out from the file's own columns."""

    sql: str = Field(
        min_length=1,
        description="Expression over the file's own columns, DuckDB's dialect; "
        "`read_number(price, '1.234,5', '€')` reads numbers written for people, given "
        "how one is written and the currency signs beside it.",
    )


class Place(Section):
    """A file, or a table of the engine's database."""

    path: str | None = Field(None, description=PATH_DESCRIPTION)
    table: str | None = Field(
        None, description="Table of the engine's database, as `schema.name`."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.table is None):
            msg = "give either 'path' (a file) or 'table' (in the engine), not both"
            raise ValueError(msg)
        return self


class JoinSettings(Place):
    """A file or table that belongs to the main one, one row for each of its keys."""

    path: str | None = Field(None, description="File to join, as a table's own `path`.")
    table: str | None = Field(
        None, description="Table of the engine's database to join, as `schema.name`."
    )
    on: str | dict[str, str] = Field(
        description="Column that both have, or `{own column: its column}`; the key "
        "must not repeat on the joined side.",
    )
    kind: Literal["left", "inner"] = Field(
        "left",
        description="What becomes of rows without a partner: left keeps them, with "
        "the joined columns empty; inner leaves them out and counts them.",
    )

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_word(cls, data: object) -> object:
        """Undo YAML 1.1, in which a bare ``on`` is the boolean true."""
        if isinstance(data, dict):
            return {"on" if key is True else key: each for key, each in data.items()}
        return data

    @property
    def keys(self) -> dict[str, str]:
        """Column of the main file -> column of the joined one."""
        return {self.on: self.on} if isinstance(self.on, str) else dict(self.on)

    @model_validator(mode="after")
    def _names_a_key(self) -> Self:
        if not self.keys:
            msg = "'on' names no column: give the key that both have"
            raise ValueError(msg)
        return self


class FillDownSettings(Section):
    """Lines of an order that leave blank what its first line says."""

    by: str = Field(
        min_length=1,
        description="Column that names the order; where it is blank, the order above "
        "goes on.",
    )
    columns: tuple[str, ...] = Field(
        min_length=1,
        description="Columns whose blank fields take the order's first value.",
    )


class TableSettings(Place):
    """Where a table lies and how its columns map to ours."""

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
    where: str | None = Field(
        None,
        min_length=1,
        description="Rows to read: an expression over the file's own columns, DuckDB's "
        "dialect, such as `Status IN ('completed', 'paid')`. The others are counted as "
        "left out; they are no fault.",
    )
    join: tuple[JoinSettings, ...] = Field(
        (),
        description="Files that belong to this one, joined in this order. A column "
        "whose name is taken already is called `NAME (FILE)`.",
    )
    fill_down: FillDownSettings | None = Field(
        None,
        description="For exports whose line items leave the order's own fields blank "
        "after its first line.",
    )
    amount_of: Literal["line", "order"] = Field(
        "line",
        description="Whether `amount` is the line's own, or the total of its "
        "`order_id`, which stands on the order's first line or on each and is counted "
        "once.",
    )
    guest_ids: Literal["auto"] | tuple[str, ...] = Field(
        "auto",
        description="Ids that are no person, such as the 0 of guests: treated as "
        "`anonymous` says. auto: an id with an implausible share of all orders; `[]`: "
        "none.",
    )
    anonymous: Literal["set_aside", "error"] = Field(
        "set_aside",
        description="Rows without a customer_id, or of an id that is no person: "
        "counted and set aside, or an error.",
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
        "rows, rows left out and rows after the cutoff are not faults.",
    )

    @field_validator("guest_ids", mode="before")
    @classmethod
    def _ids_as_text(cls, value: object) -> object:
        """Let YAML's numbers stand for ids: 0 means '0'."""
        return [str(each) for each in value] if isinstance(value, list) else value


class SourceSettings(Section):
    """The engine and the tables."""

    engine: Address = Field(
        "duckdb://",
        description="duckdb://[file], postgres://user@host/db, spark://... or "
        "spark://local. The tables of a PostgreSQL database are copied into DuckDB "
        "as they are read ([how](postgres.md)).",
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
        # ZoneInfo itself takes folders and files that are no zone.
        if value != "UTC" and value not in available_timezones() - {"localtime"}:
            msg = f"'{value}' is not a time zone such as 'Europe/Berlin' or 'UTC'"
            raise ValueError(msg)
        return value


class LabelledSettings(Place):
    """A table of attributes that says itself who has churned."""

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
    # what is not finite is refused below, in the words of an amount
    value: Annotated[float, Field(allow_inf_nan=True)] | str = Field(
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
    def _value_is_an_amount(cls, value: float | str) -> float | str:
        if not isinstance(value, str) and not 0 <= value < math.inf:
            msg = "an amount must be 0 or more"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
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
