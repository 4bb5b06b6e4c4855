"""What KPIs are worked out from: the ledger, the other tables, and how to count."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from regulars.config import KpiSettings, ProgrammeSettings
from regulars.data.contract import TABLES, day_name
from regulars.data.ledger import materialise
from regulars.kpis.periods import check_any_purchase, days_in_bulk
from regulars.kpis.spans import FIRST_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    import pandas as pd

    from regulars.data.ledger import Ledger
    from regulars.kpis.spans import Span


@dataclass(frozen=True)
class KpiData:
    """A log with the tables beside it, as of a cutoff.

    Attributes
    ----------
    ledger : Ledger
        One row a customer and day.
    cutoff : datetime.date
        Only days before it count.
    tables : mapping of str to ibis.Table
        Clean tables beside the transactions, by canonical name; any may be missing.
    settings : KpiSettings
        How to count.
    horizon_days : int
        Stands in for ``settings.after_days`` where that is null.
    margin : float
        Margin on a unit of spend, 0 to 1.
    scores : DataFrame or None
        Scores as of the cutoff, one row a customer.
    programme : ProgrammeSettings
        What the loyalty programme costs.

    Examples
    --------
    >>> from datetime import date
    >>> import ibis
    >>> import pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> days = [date(2024, 1, 5), date(2024, 2, 7)]
    >>> log = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b"], "order_date": days,
    ...     "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...     "amount": [10.0, 30.0], "is_return": [False] * 2}))
    >>> data = KpiData(build_ledger(log), date(2024, 3, 1))
    >>> data.first_day, data.has("surveys")
    (datetime.date(2024, 1, 5), False)
    """

    ledger: Ledger
    cutoff: date
    tables: Mapping[str, Any] = field(default_factory=dict)
    settings: KpiSettings = field(default_factory=KpiSettings)
    horizon_days: int = 90
    margin: float = 0.3
    scores: pd.DataFrame | None = None
    programme: ProgrammeSettings = field(default_factory=ProgrammeSettings)
    # first day of what there is instead of purchases; None: there are purchases
    begins: date | None = None
    # what several figures take from one computation, by what it is and its day
    memo: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def days(self) -> Any:
        """Days of the ledger in the bulk of the log, before the cutoff."""
        return days_in_bulk(self.ledger, self.cutoff)[0]

    @cached_property
    def first_day(self) -> date:
        """First day with a row."""
        if self.begins is not None:
            return self.begins
        first: date | None = self.days.day.min().to_pyarrow().as_py()
        check_any_purchase(first is not None, self.cutoff)
        assert first is not None
        return first

    @property
    def after_days(self) -> int:
        """Days in which customers come back after an experience, or do not."""
        return self.settings.after_days or self.horizon_days

    @property
    def has_purchases(self) -> bool:
        """Whether the figures rest on purchases."""
        return self.begins is None

    def once(self, what: str, span: Span, do: Callable[[KpiData, Span], Any]) -> Any:
        """Return a table of a span, computed the first time that it is asked for."""
        if (what, span) not in self.memo:
            self.memo[what, span] = materialise(do(self, span))
        return self.memo[what, span]

    def has(self, name: str, *columns: str) -> bool:
        """Return whether a table is there and has the columns."""
        table = self.tables.get(name)
        return table is not None and all(each in table.columns for each in columns)

    def covers(self, span: Span) -> bool:
        """Return whether the log reaches back to the start of a span."""
        return (self.first_day - span.start).days < FIRST_DAYS

    def rows(self, name: str) -> Any:
        """Return the rows of a table before the cutoff, its ids as the ledger's are."""
        table, contract = self.tables[name], TABLES[name]
        kind = self.ledger.days.customer_id.type()
        for column in contract.columns:
            is_customer = column.kind == "id" and column.name in _CUSTOMERS
            if is_customer and column.name in table.columns:
                ids = table[column.name]
                if ids.type() != kind:
                    table = table.mutate(**{column.name: ids.try_cast(kind)})
        if contract.time_column:
            table = table.filter(table[day_name(contract.time_column)] < self.cutoff)
        return table

    def known_by(self, name: str, day: date) -> Any:
        """Return the rows of a table whose own day lies before a day."""
        rows, when = self.rows(name), TABLES[name].time_column
        assert when is not None
        return rows.filter(rows[day_name(when)] < min(day, self.cutoff))

    def within(self, name: str, span: Span) -> Any:
        """Return the rows of a table whose own day lies in a span."""
        rows, when = self.known_by(name, span.end), TABLES[name].time_column
        assert when is not None
        return rows.filter(rows[day_name(when)] >= span.start)


_CUSTOMERS = ("customer_id", "referrer_id", "referred_id")


def flag(condition: Any) -> Any:
    """Return a condition as 1 or 0; unknown is 0."""
    return condition.fill_null(False).cast("int64")


def joined(table: Any, more: Any, columns: dict[str, Any]) -> Any:
    """Add columns of another table by customer; a customer without a row has 0."""
    found = table.left_join(more, "customer_id", rname="{name}_more")
    found = found.mutate(
        **{name: found[name].fill_null(empty) for name, empty in columns.items()}
    )
    return found.drop("customer_id_more")
