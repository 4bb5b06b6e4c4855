"""The rows before several cutoffs, counted anew only where there is something new.

A customer without a new day since the cutoff before keeps the aggregates of then; only
ages change.
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

    cutoffs: tuple[date, ...]  # rising
    # The ledger's days with the columns of `features.sequence`, with cutoff and is_last
    # (the customer's last purchase day before it). A row stands once for each cutoff at
    # which its customer is counted: group by `by`.
    days: ibis.Table
    items: ibis.Table | None  # None: the log names neither products nor categories
    novelties: ibis.Table | None  # first purchase of each product; None: no products

    @property
    def by(self) -> tuple[str, ...]:
        """Columns that say for whom, and of several cutoffs at which, a row counts."""
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
    """Return what is known at some cutoffs, which rise."""
    changes = _changes(days, cutoffs)

    def counted(table: ibis.Table | None) -> ibis.Table | None:
        return None if table is None else _counted(table, cutoffs[0], changes)

    seen = _counted(days, cutoffs[0], changes)
    # next_day looks over the whole log: what lies on the cutoff or later is not known
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
    # a day between two cutoffs is first seen by the second of them
    new = days.filter((days.day >= ibis.literal(first)) & (days.day < later[-1]))
    seen_at = ibis.cases(
        *[(new.day < cutoff, ibis.literal(cutoff)) for cutoff in later]
    )
    # joined to three tables below: worked out once
    return materialise(new.select("customer_id", cutoff=seen_at).distinct())


def _counted(table: ibis.Table, first: date, changes: ibis.Table | None) -> ibis.Table:
    """Return all rows before the first cutoff, and again all of whoever changed."""
    cutoff = ibis.literal(first)
    all_at_first = table.filter(table.day < cutoff).mutate(cutoff=cutoff)
    if changes is None:
        return all_at_first
    again = table.join(
        changes,
        [table.customer_id == changes.customer_id, table.day < changes.cutoff],
    ).select(*all_at_first.columns)
    return all_at_first.union(again)
