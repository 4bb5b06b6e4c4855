"""One row a customer: the aggregates that the features of all groups are made of.

Lasting ones are worked out once for all cutoffs; those of recent windows are added up
over the last days alone, at each cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from regulars.data.ledger import materialise
from regulars.features.group import basics, refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from regulars.features.group import Group
    from regulars.features.known import Known
    from regulars.features.past import Past

NamedGroup = tuple[str, "Group"]

SPANS = (91, 365)
"""Ages in days up to which days are scanned once more for what only recent ones add."""


@dataclass(frozen=True)
class Lasting:
    """The lasting aggregates of every customer, at each of some cutoffs."""

    known: Known
    # keys of `known.by`, the aggregates and, of several cutoffs, `until`: the next one
    # with a row of the customer (null: none)
    rows: ibis.Table

    def at(self, cutoff: date) -> ibis.Table:
        """Return the rows that hold at one of the cutoffs."""
        rows, now = self.rows, ibis.literal(cutoff)
        if "until" in rows.columns:
            rows = rows.filter(
                (rows.cutoff <= now) & (rows.until.isnull() | (rows.until > now))
            ).drop("cutoff", "until")
        ages = {
            age: now.delta(rows[day], unit="day")
            for age, day in (("first_age", "first_day"), ("last_age", "last_day"))
        }
        return rows.filter(rows.n_days.notnull()).mutate(**ages)


def lasting(known: Known, groups: Sequence[NamedGroup]) -> Lasting:
    """Work out the lasting aggregates of some groups."""
    values = basics(known)
    for name, group in groups:
        refuse_repeated(name, "aggregate", set(values) & set(group.lasting))
        values |= group.lasting
    rows = known.days.group_by(*known.by).aggregate(**values)
    tables = [table for _, group in groups for table in group.lasting_tables]
    rows = left_join(rows, *tables, by=known.by)
    if len(known.cutoffs) > 1:
        later = ibis.window(group_by=rows.customer_id, order_by=rows.cutoff)
        rows = rows.mutate(until=rows.cutoff.lead().over(later))
    return Lasting(known, materialise(rows))


def aggregates_at(
    past: Past, groups: Sequence[NamedGroup], lasting: Lasting
) -> ibis.Table:
    """Return all aggregates at a cutoff: a row a customer who bought before it."""
    standing = lasting.at(past.cutoff)
    scans = _scans(groups, set(standing.columns))
    # Computed apart: as parts of one query, engines would first write out the days that
    # the scans have in common, with all their columns.
    totals = [materialise(_scanned(past, span, scans[span])) for span in scans]
    own = [table for _, group in groups for table in group.tables]
    summary = left_join(standing, *totals, *own)
    recent = [name for span, values in scans.items() if span for name in values]
    return summary.mutate(**{name: summary[name].fill_null(0) for name in recent})


def _scanned(
    past: Past, span: int | None, values: Mapping[str, ibis.Value]
) -> ibis.Table:
    days = past.days
    seen = days if span is None else days.filter(days.age_days <= span)
    return seen.group_by("customer_id").aggregate(**values)


def _scans(
    groups: Sequence[NamedGroup], taken: set[str]
) -> dict[int | None, dict[str, ibis.Value]]:
    """Return the aggregates by the span of age to scan for them; None: all days."""
    scans: dict[int | None, dict[str, ibis.Value]] = {}
    for name, group in groups:
        wanted = [(_span(age), values) for age, values in group.recent.items()]
        for span, values in [(None, group.aggregates), *wanted]:
            refuse_repeated(name, "aggregate", taken & set(values))
            taken |= set(values)
            if values:
                scans.setdefault(span, {}).update(values)
    return scans


def _span(age_days: int) -> int | None:
    return next((span for span in SPANS if span >= age_days), None)


def left_join(
    table: ibis.Table, *others: ibis.Table, by: Sequence[str] = ("customer_id",)
) -> ibis.Table:
    """Add the columns of other tables, null where they have no such row."""
    for place, other in enumerate(others):
        table = table.left_join(other, list(by), rname=f"{{name}}_{place}")
    repeated = [f"{key}_{place}" for place in range(len(others)) for key in by]
    return table.drop(*repeated)
