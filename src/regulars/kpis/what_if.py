"""What one more point of retention, frequency or order value brings in a year.

From this company's own last year, so no rule of thumb about what keeping costs.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.kpis.estimates import NO_SPREAD, Z, shorten
from regulars.kpis.purchases import YEAR, year_rows
from regulars.kpis.segments import with_segment
from regulars.kpis.spans import Span

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from regulars.kpis.kpi_data import KpiData

POINT = 0.01
NO_YEAR = (
    "The log begins on {first}, after {start}: there is no whole year before {end} "
    "whose figures could be changed."
)
NOBODY_LOST = (
    "No figure of retention: on {start} nobody was there, or of those who were nobody "
    "was lost, or nobody like the lost was kept."
)
FORMULAS = {
    "retention": "1% of the customers at the start, who would have been lost, stay: "
    "each brings the year's margin of kept customers of the same RFM cell less that of "
    "the lost",
    "frequency": "1% more orders at the year's mean margin of an order",
    "order_value": "orders 1% larger at the year's share of margin",
}


def what_if(data: KpiData, end: date) -> tuple[dict[str, Any] | None, str | None]:
    """Return what one more point is worth in margin a year, or why nobody can say."""
    year = Span(end - timedelta(days=YEAR), end)
    words = {"first": data.first_day, "start": year.start, "end": end}
    if not data.covers(year):
        return None, NO_YEAR.format(**words)
    rate = margin_rate(data, end)
    customers = with_segment(data, year_rows(data, end), year, "rfm")
    cells = _cells(customers)
    kept = _retention(cells, rate)
    totals = cells.sum(numeric_only=True)
    figures = [] if kept is None else [kept]
    figures += _larger(totals, rate)
    return {
        "start": year.start.isoformat(),
        "end": end.isoformat(),
        "margin_rate": shorten(rate),
        "figures": figures,
        "notes": [] if kept is not None else [NOBODY_LOST.format(**words)],
    }, None


def margin_rate(data: KpiData, end: date) -> float:
    """Return the year's share of margin: the lines' own, else as configured."""
    days = data.days
    days = days.filter((days.day < end) & (days.day >= end - timedelta(days=YEAR)))
    if "margin_micros" not in days.columns:
        return data.margin
    names = ("spend_micros", "margin_micros", "margin_amount_micros")
    sums = days.aggregate(**{name: days[name].sum() for name in names})
    [row] = sums.to_pyarrow().to_pylist()
    spend, margin, of_those = (float(row[name] or 0) for name in names)
    return (
        (margin + data.margin * (spend - of_those)) / spend
        if spend > 0
        else data.margin
    )


def _cells(customers: Any) -> pd.DataFrame:
    """Return sums of revenue by RFM cell, and whether customers were kept or lost."""
    revenue, orders = customers.revenue, customers.n_orders
    rows = customers.mutate(square=revenue * revenue, buyer=customers.bought)
    sums = rows.group_by("segment", "at_start", "lost").aggregate(
        n=rows.count(),
        y=revenue.sum(),
        yy=rows.square.sum(),
        buyers=rows.buyer.sum(),
        orders=orders.sum(),
    )
    found: pd.DataFrame = (
        sums.order_by("segment", "at_start", "lost").to_pyarrow().to_pandas()
    )
    return found


def _retention(cells: pd.DataFrame, rate: float) -> dict[str, Any] | None:
    """Value 1% of the customers at the start as kept rather than lost.

    The variance is that of the lost around their cells' kept, plus the cells' own.
    """
    there = cells[cells["at_start"] == 1]
    n_start, n_lost = (
        int(there["n"].sum()),
        int(there.loc[there["lost"] == 1, "n"].sum()),
    )
    lost, kept = (
        there[there["lost"] == flag].set_index("segment")[["n", "y", "yy"]]
        for flag in (1, 0)
    )
    # one kept customer does not say how far others would be
    both = lost.join(kept[kept["n"] > 1].add_suffix("_kept"), how="inner")
    if both.empty:
        return None
    n = both["n"].sum()
    share, mean = both["n"] / n, both["y_kept"] / both["n_kept"]
    gain = float((share * (mean - both["y"] / both["n"])).sum())
    centre = mean - gain
    around = both["yy"] - 2 * centre * both["y"] + centre**2 * both["n"]
    spread = (both["yy_kept"] - both["y_kept"] * mean).clip(lower=0)
    own = share**2 * spread / (both["n_kept"] - 1) / both["n_kept"]
    error = math.sqrt(max(float(around.sum()), 0.0) / n**2 + float(own.sum()))
    scale = POINT * n_start * rate
    return {
        "n_customers": n_start,
        "n_unmatched": n_lost - int(n),
        **_figure(
            "retention", 1 - n_lost / n_start, "share", gain * scale, error * scale
        ),
    }


def _larger(totals: pd.Series, rate: float) -> list[dict[str, Any]]:
    """Value 1% more orders, and orders that are 1% larger: both are 1% of the margin.

    The error is that of a total over so many customers.
    """
    n, y, orders = float(totals["buyers"]), float(totals["y"]), float(totals["orders"])
    if not n:
        return []
    squares = max(float(totals["yy"]) - y * y / n, 0.0)
    error = math.sqrt(squares * n / (n - 1)) if n > 1 else 0.0
    scale = POINT * rate
    levers = (("frequency", orders / n, "number"), ("order_value", y / orders, "money"))
    return [
        {
            "n_customers": int(n),
            "n_unmatched": 0,
            **_figure(name, now, unit, y * scale, error * scale),
        }
        for name, now, unit in levers
    ]


def _figure(
    lever: str, now: float, unit: str, margin: float, error: float
) -> dict[str, Any]:
    # customers who are all alike do not say how far others would be
    is_known = error > NO_SPREAD * max(abs(margin), 1.0)
    return {
        "lever": lever,
        "unit": unit,
        "now": shorten(now),
        "margin": shorten(margin),
        "low": shorten(margin - Z * error) if is_known else None,
        "high": shorten(margin + Z * error) if is_known else None,
        "formula": FORMULAS[lever],
    }
