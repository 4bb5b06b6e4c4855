"""Contracts kept, and their monthly revenue: one row a customer who ever had one.

A contract runs at a day if it started before it and does not end before it: a start or
an end counts from the day after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.kpis.kpi_data import flag
from regulars.kpis.measures import Measure, Measured, measure

if TYPE_CHECKING:
    from datetime import date

    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

COUNTS = (
    "contract_customers",
    "contract_customers_gained",
    "contract_customers_lost",
)
RATES = ("contract_retention_rate", "contract_churn_rate")
OF_MONEY = (
    "contract_revenue",
    "gross_contract_revenue_retention",
    "net_contract_revenue_retention",
)
NAMES = (*COUNTS, *RATES, *OF_MONEY)
NO_TABLE = "There is no table of subscriptions (source.subscriptions)."
NO_PRICE = "The subscriptions have no monthly_amount."
NOBODY = "No contract ran on {day}."
NO_AMOUNT = "The contracts that ran on {day} cost nothing."
# in the order in which they are drawn
STEPS = ("lost", "kept_less", "kept_more", "won_back", "new")


def contract_kpis(
    data: KpiData, span: Span
) -> tuple[dict[tuple[str, str], Measured], dict[str, str]]:
    """Return what of the contracts at the start of a span still runs at its end."""
    if not data.has("subscriptions"):
        return {}, dict.fromkeys(NAMES, NO_TABLE)
    measures = contract_measures(data, span)
    absent = {each.kpi: each.absent for each in measures}
    found = measure(data.once("contracts", span, contract_rows), measures)
    return found, dict.fromkeys(NAMES, NO_PRICE) | absent


def contract_measures(data: KpiData, span: Span) -> list[Measure]:
    """Return what is measured of the rows of contracts."""
    nobody, never = (NOBODY.format(day=day) for day in (span.start, span.end))
    measures = [
        Measure(COUNTS[0], "total", "at_end", "one", never),
        Measure(COUNTS[1], "total", "gained", "one", never),
        Measure(COUNTS[2], "total", "lost", "at_start", nobody),
        Measure(RATES[0], "share", "kept", "at_start", nobody),
        Measure(RATES[1], "share", "lost", "at_start", nobody),
    ]
    if not data.has("subscriptions", "monthly_amount"):
        return measures
    free = NO_AMOUNT.format(day=span.start)
    return [
        *measures,
        Measure(OF_MONEY[0], "total", "amount_end", "at_end", never),
        Measure(OF_MONEY[1], "ratio", "amount_kept", "amount_start", free),
        Measure(OF_MONEY[2], "ratio", "amount_of_same", "amount_start", free),
    ]


def contract_rows(data: KpiData, span: Span) -> Any:
    """Return one row a customer with a contract that started before a span's end."""
    rows = data.known_by("subscriptions", span.end)
    # one that ends before it begins never ran
    rows = rows.filter(
        rows.ended_date.isnull() | (rows.ended_date >= rows.started_date)
    )
    paid = ibis.literal(0.0)
    if "monthly_amount" in rows.columns:
        paid = rows.monthly_amount.fill_null(0.0).cast("float64")
    ends = {"start": span.start, "end": span.end}
    runs = {name: flag(_runs(rows, day)) for name, day in ends.items()}
    rows = rows.group_by("customer_id").aggregate(
        first_day=rows.started_date.min(),
        **{f"at_{name}": here.max() for name, here in runs.items()},
        **{f"amount_{name}": (paid * here).sum() for name, here in runs.items()},
    )
    start, end = rows.at_start, rows.at_end
    before, now = rows.amount_start, rows.amount_end
    tenure = ibis.literal(span.end).delta(rows.first_day, unit="day")
    return rows.mutate(
        one=ibis.literal(1),
        kept=start * end,
        lost=start * (1 - end),
        gained=end * (1 - start),
        is_new=flag(rows.first_day >= span.start),
        amount_kept=ibis.least(before, now),
        amount_of_same=(before > 0).ifelse(now, 0.0),
        tenure=end * tenure,
    )


def _runs(rows: Any, day: date) -> Any:
    """Return whether contracts run at a day; an end from then on is not known at it."""
    return (rows.started_date < day) & (
        rows.ended_date.isnull() | (rows.ended_date >= day)
    )


def contract_waterfall(data: KpiData, span: Span) -> list[dict[str, Any]]:
    """Return the steps of monthly revenue from a span's start to its end."""
    if not data.has("subscriptions", "monthly_amount"):
        return []
    rows = data.once("contracts", span, contract_rows)
    change = rows.amount_end - rows.amount_start
    step = ibis.cases(
        (rows.lost == 1, "lost"),
        ((rows.kept == 1) & (change < 0), "kept_less"),
        ((rows.kept == 1) & (change > 0), "kept_more"),
        ((rows.gained == 1) & (rows.is_new == 1), "new"),
        (rows.gained == 1, "won_back"),
        else_="alike",
    )
    sums = rows.group_by(step=step).aggregate(
        n=rows.count(),
        n_before=rows.at_start.sum(),
        n_now=rows.at_end.sum(),
        before=rows.amount_start.sum(),
        now=rows.amount_end.sum(),
    )
    by_step = {row["step"]: row for row in sums.to_pyarrow().to_pylist()}
    found = {name: by_step[name] for name in STEPS if name in by_step}
    return [
        _step("before", by_step.values(), "before"),
        *(
            {
                "step": name,
                "n_customers": int(row["n"]),
                "revenue": float(row["now"] - row["before"]),
            }
            for name, row in found.items()
        ),
        _step("now", by_step.values(), "now"),
    ]


def _step(name: str, rows: Any, amount: str) -> dict[str, Any]:
    listed = list(rows)
    return {
        "step": name,
        "n_customers": int(sum(row[f"n_{name}"] for row in listed)),
        "revenue": float(sum(row[amount] for row in listed)),
    }
