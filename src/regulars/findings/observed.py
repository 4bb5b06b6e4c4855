"""Sum up a checked log by customer and by day, once for all questions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.data.formats import find_time_format
from regulars.data.ledger import materialise
from regulars.data.queries import first_row
from regulars.data.strays import StrayDays, find_stray_days
from regulars.findings.finding import column_sql

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from regulars.config import TableSettings
    from regulars.data.reading import RawTable


@dataclass(frozen=True)
class ObservedLog:
    """The clean transactions, and where they come from.

    `columns` says for each canonical column which column or expression of the source it
    is; `cutoff` is the stated one, `n_read` are the rows of the source, `n_copies` the
    exact copies among them, set aside or not; `guests` are the ids that were set aside
    as no person.
    """

    rows: Any
    settings: TableSettings
    columns: Mapping[str, str]
    raw: RawTable
    cutoff: date | None = None
    n_read: int = 0
    n_copies: int = 0
    guests: tuple[str, ...] = ()

    @cached_property
    def visits(self) -> Any:
        """One row a customer and day, in the engine."""
        rows = self.rows
        bought = ~rows.is_return
        return materialise(
            rows.group_by("customer_id", day=rows.order_date).aggregate(
                n_rows=rows.count(),
                n_bought=bought.cast("int64").sum(),
                amount=rows.amount.sum(),
            )
        )

    @cached_property
    def customers(self) -> Any:
        """One row a customer, in the engine; `first_bought` may be null."""
        visits = self.visits
        is_purchase = visits.n_bought > 0
        return materialise(
            visits.group_by("customer_id").aggregate(
                n_rows=visits.n_rows.sum(),
                n_bought=visits.n_bought.sum(),
                n_days=is_purchase.cast("int64").sum(),
                amount=visits.amount.sum(),
                first_bought=visits.day.min(where=is_purchase),
            )
        )

    @cached_property
    def totals(self) -> dict[str, Any]:
        """Rows, purchases, returns, customers, and the most days of one of them."""
        customers = self.customers
        row = customers.aggregate(
            n_customers=customers.count(),
            n_rows=customers.n_rows.sum(),
            n_bought=customers.n_bought.sum(),
            amount=customers.amount.sum(),
            n_buyers=(customers.n_bought > 0).sum(),
            most_days=customers.n_days.max(),
        )
        totals = first_row(row)
        return {name: value or 0 for name, value in totals.items()}

    @cached_property
    def all_days(self) -> pd.DataFrame:
        """Rows and buyers by day, earliest first; stray days among them."""
        visits = self.visits
        counted = visits.group_by("day").aggregate(
            n_rows=visits.n_rows.sum(), n_buyers=(visits.n_bought > 0).sum()
        )
        frame: pd.DataFrame = counted.order_by("day").to_pyarrow().to_pandas()
        index = pd.DatetimeIndex(pd.to_datetime(frame["day"]))
        return frame.drop(columns="day").set_index(index).astype("int64")

    @cached_property
    def strays(self) -> StrayDays | None:
        """Days that lie far from the rest of the log."""
        days = self.all_days
        return find_stray_days([day.date() for day in days.index], list(days["n_rows"]))

    @cached_property
    def days(self) -> pd.DataFrame:
        """As `all_days`, without the stray ones."""
        if self.strays is None:
            return self.all_days
        first, last = str(self.strays.first), str(self.strays.last)
        return self.all_days.loc[first:last]

    def source_sql(self, name: str) -> str | None:
        """Return an expression for a canonical column; None where it has no source."""
        return source_sql(name, self.settings, self.columns)

    def time_sql(self) -> str | None:
        """Return an expression that gives ``order_time`` as a time without a zone."""
        source = self.source_sql("order_time")
        name = self.columns.get("order_time", "")
        if source is None or name not in self.raw.columns:
            return source
        column = self.raw.table[name]
        if not column.type().is_string():
            return f"CAST({source} AS TIMESTAMP)"
        form = self.settings.time_format
        if form is None:
            form = find_time_format(column, self.raw.label, "time_format").format
        if form is not None:
            return f"strptime({source}, '{form}')"
        return f"coalesce(CAST({source} AS TIMESTAMP), strptime({source}, '%Y%m%d'))"

    def where(self, condition: str) -> str:
        """Return a ``where:`` that adds a condition to the one that is set."""
        if self.settings.where is None:
            return condition
        return f"({self.settings.where}) AND ({condition})"


def source_sql(
    name: str, settings: TableSettings, columns: Mapping[str, str]
) -> str | None:
    """Return the SQL of a canonical column's source; None where it has none."""
    source = settings.columns.get(name)
    if source is not None and not isinstance(source, str):
        return f"({source.sql})"
    return column_sql(columns[name]) if name in columns else None
