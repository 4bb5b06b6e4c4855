"""What is known of each customer, counted anew only where there is something new.

The tables of a history and several cutoffs come in, a `Known` goes out: for the first
cutoff the rows of all customers before it, for each later one those of the customers
with a new day since the one before. Whatever does not depend on a customer's age is
worked out from it once, and holds until the customer's next new day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import ibis.expr.operations as ops

from regulars.data.ledger import materialise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


@dataclass(frozen=True)
class Known:
    """The rows before each cutoff, of customers of whom it knows something new.

    Attributes
    ----------
    cutoffs : tuple of date
        The cutoffs, rising.
    days : ibis.Table
        The ledger's days with the columns of `regulars.features.sequence`, with
        ``cutoff`` (date) and ``is_last``: whether the day is the customer's last with a
        purchase before it. A row stands once for each cutoff at which its customer is
        counted: group by ``by``.
    items : ibis.Table or None
        The ledger's items likewise; None where the log names neither products nor
        categories.
    novelties : ibis.Table or None
        Likewise one row a customer and product: ``customer_id`` and ``day`` of the
        first purchase; None where the log names no products.
    """

    cutoffs: tuple[date, ...]
    days: ibis.Table
    items: ibis.Table | None
    novelties: ibis.Table | None

    @property
    def by(self) -> tuple[str, ...]:
        """Columns that tell whom and when a row counts for; one cutoff needs no name.

        Returns
        -------
        tuple of str
        """
        return ("customer_id", "cutoff")[: len(self.cutoffs)]

    def is_behind(self, table: ibis.Table) -> bool:
        """Return whether a table is made of these rows.

        Parameters
        ----------
        table : ibis.Table
            Any table.

        Returns
        -------
        bool
        """
        tables = (self.days, self.items, self.novelties)
        own = {each.op() for each in tables if each is not None}
        return not own.isdisjoint(table.op().find(ops.Relation))


def known(
    cutoffs: Sequence[date],
    days: ibis.Table,
    items: ibis.Table | None,
    novelties: ibis.Table | None,
) -> Known:
    """Return what is known at some cutoffs.

    Parameters
    ----------
    cutoffs : sequence of date
        At least one, rising.
    days, items, novelties : ibis.Table
        What there is, before and after the cutoffs.

    Returns
    -------
    Known

    Examples
    --------
    Only one of two customers buys between the cutoffs, and is counted twice:

    >>> from datetime import date
    >>> import pyarrow as pa
    >>> days = ibis.memtable(pa.table({
    ...     "customer_id": ["a", "b", "a"], "is_purchase": [True, True, True],
    ...     "day": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 9)],
    ...     "next_day": pa.array([date(2024, 1, 9), None, None], pa.date32())}))
    >>> cutoffs = [date(2024, 1, 5), date(2024, 1, 10)]
    >>> rows = known(cutoffs, days, None, None).days
    >>> counts = rows.group_by("customer_id", "cutoff").agg(n=rows.count())
    >>> counts.order_by("cutoff", "customer_id").to_pandas()
      customer_id      cutoff  n
    0           a  2024-01-05  1
    1           b  2024-01-05  1
    2           a  2024-01-10  2
    """
    changes = _changes(days, cutoffs)

    def counted(table: ibis.Table | None) -> ibis.Table | None:
        return None if table is None else _counted(table, cutoffs[0], changes)

    seen = _counted(days, cutoffs[0], changes)
    is_last = seen.is_purchase & (
        seen.next_day.isnull() | (seen.next_day >= seen.cutoff)
    )
    return Known(
        cutoffs=tuple(cutoffs),
        days=seen.mutate(is_last=is_last).drop("next_day"),
        items=counted(items),
        novelties=counted(novelties),
    )


def _changes(days: ibis.Table, cutoffs: Sequence[date]) -> ibis.Table | None:
    """Return the customers with a new day, and the first cutoff that sees it."""
    first, *later = cutoffs
    if not later:
        return None
    new = days.filter((days.day >= ibis.literal(first)) & (days.day < later[-1]))
    seen_at = ibis.cases(
        *[(new.day < cutoff, ibis.literal(cutoff)) for cutoff in later]
    )
    return materialise(new.select("customer_id", cutoff=seen_at).distinct())


def _counted(table: ibis.Table, first: date, changes: ibis.Table | None) -> ibis.Table:
    cutoff = ibis.literal(first)
    all_at_first = table.filter(table.day < cutoff).mutate(cutoff=cutoff)
    if changes is None:
        return all_at_first
    again = table.join(
        changes,
        [table.customer_id == changes.customer_id, table.day < changes.cutoff],
    ).select(*all_at_first.columns)
    return all_at_first.union(again)
