"""The tables that regulars understands: their columns, types, units and bounds.

Intake checks files by them, `init` proposes mappings from them and the documentation
prints them. Only ``transactions`` is required of a user.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from regulars.errors import ConfigError, suggestion

OUR_NAMES = ("day", "known_from_date")
"""Names that no attribute can have: columns of the clean tables."""

IS_WORD = " = "
"""What stands between a category and its word in the name of a feature."""

Kind = Literal["id", "time", "number", "flag", "text", "any"]

EARLIEST = date(1900, 1, 1)
"""A time before this day is impossible."""

LATEST = date(2100, 1, 1)
"""A time on or after this day is impossible."""


@dataclass(frozen=True)
class ColumnContract:
    """One column of a table."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    nullable: bool = False  # a column that must be there, but may be empty
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class TableContract:
    """One table: its columns, and which of them say who and when."""

    name: str
    meaning: str
    columns: tuple[ColumnContract, ...]
    open_ended: bool = False  # takes any other column as an attribute

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all listed columns."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns a source must have."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def id_column(self) -> str:
        """Name of the column that says who: the first one."""
        return self.columns[0].name

    @property
    def time_column(self) -> str | None:
        """Name of the column that says when: the first required time."""
        for column in self.columns:
            if column.kind == "time" and column.required:
                return column.name
        return None

    def column(self, name: str) -> ColumnContract:
        """Return the contract of one column."""
        for column in self.columns:
            if column.name == name:
                return column
        if self.open_ended:
            _refuse_name(self.name, name)
            return ColumnContract(name, "any", "attribute of the customer")
        msg = (
            f"source.{self.name}.columns: '{name}' is not a column of {self.name}."
            f"{suggestion(name, self.names)} Its columns are {', '.join(self.names)}."
        )
        raise ConfigError(msg)


def _refuse_name(table: str, name: str) -> None:
    """Refuse a name of an attribute that would be taken for something else."""
    if name not in OUR_NAMES and IS_WORD not in name and not name.startswith("__"):
        return
    msg = (
        f"source.{table}.columns: no attribute can be called '{name}': "
        f"{', '.join(OUR_NAMES)}, names with '{IS_WORD}' and those that begin with "
        f"'__' have a meaning of their own. Give it another name, as in "
        f'"my_attribute: {name}".'
    )
    raise ConfigError(msg)


def day_name(time_column: str) -> str:
    """Return the name of the calendar day that goes with a time column."""
    return time_column.removesuffix("_time").removesuffix("_at") + "_date"


_MONEY = 1e12
_PIECES = 1e9


def _id(name: str, meaning: str, *, required: bool = True) -> ColumnContract:
    return ColumnContract(name, "id", meaning, required=required)


def _time(name: str, meaning: str, *, required: bool = False) -> ColumnContract:
    return ColumnContract(name, "time", meaning, required=required)


def _text(name: str, meaning: str, *, required: bool = False) -> ColumnContract:
    return ColumnContract(name, "text", meaning, required=required)


def _money(name: str, meaning: str, *, required: bool = False) -> ColumnContract:
    return ColumnContract(
        name, "number", meaning, "currency", required, lower=-_MONEY, upper=_MONEY
    )


_CUSTOMER = _id("customer_id", "who bought, as in the source")

TABLES: dict[str, TableContract] = {
    table.name: table
    for table in (
        TableContract(
            "transactions",
            "one line of a purchase or a return",
            (
                _CUSTOMER,
                _time("order_time", "when it was ordered", required=True),
                _money("amount", "price paid; negative for a return", required=True),
                _id("order_id", "the order a line belongs to", required=False),
                _id("product_id", "what was bought", required=False),
                _text("category", "kind of product"),
                ColumnContract(
                    "quantity",
                    "number",
                    "pieces in the line",
                    "pieces",
                    lower=-_PIECES,
                    upper=_PIECES,
                ),
                _money("discount_amount", "reduction granted on the line"),
                _money("cost_amount", "what the line cost us; its sign does not count"),
                ColumnContract(
                    "margin_rate",
                    "number",
                    "margin as a share of the amount; counts where there is no cost",
                    "share",
                    lower=-1,
                    upper=1,
                ),
                _text("channel", "web, shop, app, ..."),
                _id("store_id", "the shop", required=False),
                ColumnContract("is_return", "flag", "the line takes goods back"),
            ),
        ),
        TableContract(
            "events",
            "one thing a customer did, other than buying",
            (
                _id("customer_id", "who did it"),
                _time("event_time", "when it happened", required=True),
                _text("event_type", "visit, email_open, email_click", required=True),
                ColumnContract(
                    "value",
                    "number",
                    "size of the event, if it has one",
                    lower=-_MONEY,
                    upper=_MONEY,
                ),
            ),
        ),
        TableContract(
            "tickets",
            "one support ticket",
            (
                _id("customer_id", "who asked"),
                _time("opened_at", "when it was opened", required=True),
                _time("first_response_at", "first answer by a person"),
                _time("resolved_at", "when it was resolved"),
                _time("due_at", "by when it was promised (SLA)"),
                _text("priority", "low, normal, high, ..."),
                _text("department", "who handles it"),
                _text("tags", "free labels"),
                ColumnContract("reopened", "flag", "opened again after resolution"),
                ColumnContract(
                    "csat", "number", "satisfaction with the answer, 1 (low) to 5"
                ),
            ),
        ),
        TableContract(
            "surveys",
            "one answer to 'would you recommend us?'",
            (
                _id("customer_id", "who answered"),
                _time("answered_at", "when", required=True),
                ColumnContract(
                    "score", "number", "0 to 10", "points", True, lower=0, upper=10
                ),
                _text("comment", "in the customer's words"),
                _text("channel", "how it was asked"),
            ),
        ),
        TableContract(
            "loyalty",
            "one posting in the loyalty programme",
            (
                _id("customer_id", "whose account"),
                _time("posted_at", "when", required=True),
                _text("kind", "earn, redeem, expire, adjust, tier", required=True),
                ColumnContract("points", "number", "points posted", "points"),
                _text("tier", "tier reached"),
                _text("badge", "badge given"),
            ),
        ),
        TableContract(
            "referrals",
            "one customer who brought another",
            (
                _id("referrer_id", "who recommended"),
                _id("referred_id", "who came"),
                _time("referred_at", "when", required=True),
            ),
        ),
        TableContract(
            "contacts",
            "one customer in one campaign, contacted or held out",
            (
                _id("customer_id", "who"),
                _id("campaign_id", "which campaign"),
                _time("contacted_at", "when", required=True),
                ColumnContract(
                    "offer_id", "id", "which offer", required=True, nullable=True
                ),
                ColumnContract("is_control", "flag", "held out on purpose", "", True),
                _money("cost_amount", "what the contact cost"),
                _text("channel", "mail, e-mail, phone"),
                _time("redeemed_at", "when the offer was taken"),
            ),
        ),
        TableContract(
            "subscriptions",
            "one contract of one customer",
            (
                _id("customer_id", "who"),
                _time("started_at", "first day", required=True),
                ColumnContract(
                    "ended_at", "time", "first day without it", "", True, nullable=True
                ),
                _text("plan", "which plan"),
                _money("monthly_amount", "price a month"),
            ),
        ),
        TableContract(
            "customers",
            "what is known of one customer",
            (
                _id("customer_id", "who"),
                _time("known_from", "from when the attributes were known"),
            ),
            open_ended=True,
        ),
    )
}
"""The tables by name."""
