"""KPIs as sums over a table of customers: whole, or cut by a segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import ibis

from regulars.kpis.estimates import (
    Estimate,
    Sums,
    net_share_of,
    ratio_of,
    rounded,
    share_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALL = ""  # the segment of everybody


@dataclass(frozen=True)
class Measure:
    """A KPI as sum(y) over sum(x), y and x being columns of the customers' table.

    A share counts customers (y and x are 0 or 1), a net has y of -1, 0 or 1, a total
    is sum(y) alone. `absent` says why there is no figure where sum(x) is 0.
    """

    kpi: str
    kind: Literal["share", "net", "ratio", "total"]
    y: str
    x: str
    absent: str
    scale: float = 1.0


class Measured(NamedTuple):
    """A KPI of one segment."""

    estimate: Estimate
    n: int


@dataclass(frozen=True)
class Signal:
    """What one idea adds to the customers' table, and what is measured with it."""

    measures: tuple[Measure, ...] = ()
    # columns by customer with what stands for a customer without a row; None: nothing
    table: Any = None
    columns: tuple[tuple[str, Any], ...] = ()
    derive: Callable[[Any], dict[str, Any]] | None = None  # columns of the joined row
    absent: tuple[tuple[str, str], ...] = ()  # KPIs that cannot be had, and why


def measure(
    customers: Any, measures: Sequence[Measure], segment: str | None = None
) -> dict[tuple[str, str], Measured]:
    """Return the KPIs of a table of customers by segment and name."""
    aggregates: dict[str, Any] = {}
    for each in measures:
        aggregates |= _aggregates(customers, each)
    if segment is None:
        rows = customers.aggregate(**aggregates).mutate(segment=ibis.literal(ALL))
    else:
        named = customers[segment].name("segment")
        rows = customers.group_by(named).aggregate(**aggregates).order_by("segment")
    found: dict[tuple[str, str], Measured] = {}
    for row in rows.to_pyarrow().to_pylist():
        for each in measures:
            result = _measured(row, each)
            if result is not None:
                found[str(row["segment"]), each.kpi] = result
    return found


def _aggregates(customers: Any, each: Measure) -> dict[str, Any]:
    """Return sums by what they are of: measures share many of them."""
    y, x = customers[each.y], customers[each.x]
    found = {each.y: y.sum(), each.x: x.sum()}
    if each.kind in ("share", "total"):
        return found
    y, x = y.cast("float64"), x.cast("float64")
    return {
        **found,
        f"{each.y} or {each.x}": ((y != 0) | (x != 0)).sum(),
        f"{each.y} {each.y}": (y * y).sum(),
        f"{each.x} {each.y}": (x * y).sum(),
        f"{each.x} {each.x}": (x * x).sum(),
    }


def _measured(row: dict[str, Any], each: Measure) -> Measured | None:
    y, x = (float(row[name] or 0.0) for name in (each.y, each.x))
    if not x:
        return None
    if each.kind == "total":
        return Measured(rounded(y * each.scale, None, None), round(x))
    if each.kind == "share":
        return Measured(share_of(y, x), round(x))
    n = int(row[f"{each.y} or {each.x}"] or 0)
    pairs = ((each.y, each.y), (each.x, each.y), (each.x, each.x))
    squares = (float(row[" ".join(pair)] or 0.0) for pair in pairs)
    sums = Sums(n, y, x, *squares)
    value, low, high = (net_share_of if each.kind == "net" else ratio_of)(sums)
    ends = (None if end is None else end * each.scale for end in (low, high))
    return Measured(rounded(value * each.scale, *ends), n)
