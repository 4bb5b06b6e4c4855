"""From the customers and the revenue of one period to those of the next, step by step.

The steps add up: the revenue before, and every step, are the revenue now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.kpis.kpi_data import flag
from regulars.kpis.periods import MICROS

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

# in the order in which they are drawn; other: returns of those who bought in neither
STEPS = ("lost", "kept_less", "kept_more", "won_back", "new", "other")
OF_WATERFALL = ("n_orders_before", "micros_before")  # nothing else takes them


def waterfall(data: KpiData, customers: Any, span: Span) -> list[dict[str, Any]]:
    """Return the steps from the period before; none where the log does not reach it."""
    if not data.covers(span.before()):
        return []
    before = flag(customers.n_orders_before > 0)
    now, new = customers.bought, customers.is_new
    change = customers.micros - customers.micros_before
    step = ibis.cases(
        ((before == 1) & (now == 0), "lost"),
        ((before == 1) & (change < 0), "kept_less"),
        (before == 1, "kept_more"),
        ((now == 1) & (new == 1), "new"),
        (now == 1, "won_back"),
        else_="other",
    )
    rows = customers.group_by(step=step).aggregate(
        n=customers.count(),
        n_before=before.sum(),
        n_now=now.sum(),
        micros_before=customers.micros_before.sum().cast("int64"),
        micros=customers.micros.sum().cast("int64"),
    )
    by_step = {row["step"]: row for row in rows.to_pyarrow().to_pylist()}
    found = [_row("before", by_step.values(), "n_before", "micros_before")]
    for name in STEPS:
        row = by_step.get(name)
        if row is None or (name == "other" and row["micros"] == row["micros_before"]):
            continue
        found.append(
            {
                "step": name,
                # of those in neither period nobody is counted
                "n_customers": 0 if name == "other" else row["n"],
                "revenue": (row["micros"] - row["micros_before"]) / MICROS,
            }
        )
    return [*found, _row("now", by_step.values(), "n_now", "micros")]


def _row(step: str, rows: Any, n: str, micros: str) -> dict[str, Any]:
    listed = list(rows)
    return {
        "step": step,
        "n_customers": sum(row[n] for row in listed),
        "revenue": sum(row[micros] for row in listed) / MICROS,
    }
