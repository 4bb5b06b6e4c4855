"""Segments by which KPIs are cut, as they were known when the period began.

A segment that the period itself decides (those who bought often in it) would only say
again what is measured.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.contract import TABLES
from regulars.errors import ConfigError, DataError, suggestion
from regulars.kpis.loyalty_index import why_no_index
from regulars.kpis.loyalty_map import cells_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

NEW, UNKNOWN, NO_TIER, LAPSED = "new", "unknown", "no tier", "lapsed"
# what stands for a customer who has no such segment
WITHOUT = {"rfm": NEW, "loyalty_map": NEW, "tier": NO_TIER, "plan": NEW}
MOST_VALUES = 50


def segments_known(data: KpiData) -> list[str]:
    """Return the names of all segments that the data allow."""
    return list(dict.fromkeys(["cohort", *of_past(data), *attributes(data)]))


def of_past(data: KpiData) -> list[str]:
    """Return the segments that are made of a customer's past."""
    names = ["rfm", "loyalty_map"] if data.has_purchases else []
    if "channel" in data.ledger.columns:
        names.append("channel")
    if data.has("loyalty", "tier"):
        names.append("tier")
    if not data.has_purchases and data.has("subscriptions", "plan"):
        names.append("plan")
    return names


def with_segment(data: KpiData, customers: Any, span: Span, name: str) -> Any:
    """Add a column `segment` to a table of customers."""
    known = segments_known(data)
    if name not in known:
        msg = (
            f"--by {name}: there is no such segment.{suggestion(name, known)} These "
            f"data have {', '.join(known)}."
        )
        raise ConfigError(msg)
    if name == "cohort":
        return customers.mutate(segment=customers.first_day.year().cast("string"))
    found = segment_rows(data, span, name)
    both = customers.left_join(found, "customer_id", rname="{name}_segment")
    both = both.drop("customer_id_segment")
    without: Any = WITHOUT.get(name, UNKNOWN)
    if name == "rfm":
        # who has a contract may never have bought
        is_new = both.first_day >= span.start
        without = is_new.ifelse(NEW, LAPSED)
    return both.mutate(segment=both.segment.fill_null(without))


def segment_rows(data: KpiData, span: Span, name: str) -> Any:
    """Return ``customer_id`` and ``segment`` of those who have one."""
    if name not in of_past(data):
        # an attribute may be called channel or tier where nothing else is
        found = _attribute(data, span, name)
    elif name == "rfm":
        found = _rfm(data, span)
    elif name == "loyalty_map":
        found = _map(data, span)
    elif name == "tier":
        found = _tier(data, span)
    else:
        found = _plan(data, span) if name == "plan" else _channel(data)
    return found.select("customer_id", segment=found.segment.cast("string"))


def _rfm(data: KpiData, span: Span) -> Any:
    """Cut by recency and number of orders at the start, in thirds (R3 F3 is best)."""
    since = span.start - timedelta(days=data.settings.active_days)
    earlier = data.days.filter(
        (data.days.day < span.start) & (data.days.day >= since) & data.days.is_purchase
    )
    rows = earlier.group_by("customer_id").aggregate(
        last=earlier.day.max(), n=earlier.n_orders.sum()
    )
    thirds = [
        _third(rank.percent_rank()).cast("string") for rank in (rows["last"], rows.n)
    ]
    grid = ibis.literal("R") + thirds[0] + ibis.literal(" F") + thirds[1]
    return rows.select("customer_id", segment=grid)


def _third(rank: Any) -> Any:
    # equal customers have equal ranks, so that nobody is parted from a twin
    return ibis.least((rank * 3).floor(), 2).cast("int64") + 1


def _map(data: KpiData, span: Span) -> Any:
    cells = cells_at(data, span.start)
    if cells.empty:
        msg = f"--by loyalty_map: {why_no_index(data, span.start)}"
        raise DataError(msg)
    return ibis.memtable(cells)


def _tier(data: KpiData, span: Span) -> Any:
    rows = data.known_by("loyalty", span.start)
    rows = rows.filter(rows.tier.notnull())
    return _last(rows, "posted_at", "tier")


def _channel(data: KpiData) -> Any:
    """Return the channel of the first purchase, which never changes."""
    lines = data.ledger.transactions
    lines = lines.filter((lines.order_date < data.cutoff) & ~lines.is_return)
    lines = lines.filter(lines.channel.notnull())
    return _last(lines, "order_time", "channel", first=True)


def _plan(data: KpiData, span: Span) -> Any:
    """Return the plan of the last contract that had started when the span began."""
    rows = data.known_by("subscriptions", span.start)
    return _last(rows.filter(rows.plan.notnull()), "started_at", "plan")


def attributes(data: KpiData) -> list[str]:
    """Return the names of the mapped columns of customers."""
    if not data.has("customers"):
        return []
    listed = {*TABLES["customers"].names, "known_from_date"}
    return [name for name in data.tables["customers"].columns if name not in listed]


def _attribute(data: KpiData, span: Span, name: str) -> Any:
    found = known_attribute(data, span, name)
    n_found = n_values(found)
    if n_found > MOST_VALUES:
        msg = (
            f"--by {name}: column '{name}' of customers has {n_found:,} values; a "
            f"segment needs {MOST_VALUES} at most. Map a coarser column, such as "
            "{sql: ...} with bands."
        )
        raise DataError(msg)
    return found


def known_attribute(data: KpiData, span: Span, name: str) -> Any:
    """Return the last values known before the end of a span."""
    rows = data.rows("customers")
    rows = rows.filter(rows[name].notnull())
    if "known_from" not in rows.columns:
        return _last(rows, name, name)
    known = rows.known_from_date.isnull() | (rows.known_from_date < span.end)
    return _last(rows.filter(known), "known_from", name)


def n_values(found: Any) -> int:
    """Count the values of a segment."""
    return int(found.segment.nunique().to_pyarrow().as_py())


def _last(rows: Any, when: str, name: str, *, first: bool = False) -> Any:
    """Return each customer's last value; of several at once the least."""
    order: Callable[[Any], Any] = ibis.asc if first else ibis.desc
    place = ibis.row_number().over(
        ibis.window(group_by="customer_id", order_by=[order(when), ibis.asc(name)])
    )
    kept = rows.mutate(place=place).filter(ibis._.place == 0)
    return kept.select("customer_id", segment=kept[name])
