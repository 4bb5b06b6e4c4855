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
    """The rows before each cutoff, of customers of whom it knows something new."""

    cutoffs: tuple[date, ...]
    days: ibis.Table
    items: ibis.Table | None
    novelties: ibis.Table | None

    @property
    def by(self) -> tuple[str, ...]:
        """Columns that tell whom and when a row counts for; one cutoff needs no name."""
        return ("customer_id", "cutoff")[: len(self.cutoffs)]

    def is_behind(self, table: ibis.Table) -> bool:
        """Return whether a table is made of these rows."""
        tables = (self.days, self.items, self.novelties)
        own = {each.op() for each in tables if each is not None}
        return not own.isdisjoint(table.op().find(ops.Relation))


def known(
    cutoffs: Sequence[date],
    days: ibis.Table,
    items: ibis.Table | None,
    novelties: ibis.Table | None,
) -> Known:
    """Return what is known at some cutoffs."""
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
