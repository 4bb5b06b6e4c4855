"""How soon new customers buy a second time, those who have not yet included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from regulars.kpis.estimates import Estimate, rounded
from regulars.kpis.measures import ALL, Measured
from regulars.kpis.survival import kaplan_meier

if TYPE_CHECKING:
    from regulars.kpis.kpi_data import KpiData
    from regulars.kpis.spans import Span

NOBODY_NEW = "Nobody bought for the first time from {start} to {end}."
NOT_FOLLOWED = (
    "No customer who is new since {start} has been seen for {days} days by {end}: the "
    "period is too short for it."
)
NOT_HALF = "Fewer than half of the new customers have bought again so far."


def second_purchases(
    data: KpiData, customers: Any, span: Span, segment: str | None = None
) -> tuple[dict[tuple[str, str], Measured], dict[str, str]]:
    """Return share and median by segment, and why there is none for everybody."""
    found: dict[tuple[str, str], Measured] = {}
    absent = dict.fromkeys(
        ("second_purchase_rate", "second_purchase_days"),
        NOBODY_NEW.format(start=span.start, end=span.end),
    )
    days = data.settings.second_purchase_days
    for name, rows in _durations(data, customers, span, segment).groupby("segment"):
        curve, n = _curve(rows), int(rows["n"].sum())
        share = _share_within(curve, rows, days)
        if share is not None:
            found[str(name), "second_purchase_rate"] = Measured(share, n)
        median = _median(curve)
        if median is not None:
            found[str(name), "second_purchase_days"] = Measured(median, n)
        absent = {
            "second_purchase_rate": NOT_FOLLOWED.format(
                start=span.start, end=span.end, days=days
            ),
            "second_purchase_days": NOT_HALF,
        }
    return found, absent


def _durations(data: KpiData, customers: Any, span: Span, segment: str | None) -> Any:
    """Count new customers by days to the second purchase, or to the end."""
    label = ibis.literal(ALL) if segment is None else customers[segment]
    new = customers.filter(customers.is_new == 1).select(
        "customer_id", "first_day", segment=label
    )
    bought = data.days.filter(data.days.is_purchase & (data.days.day < span.end))
    bought = bought.select("customer_id", "day")
    pairs = new.left_join(
        bought,
        [new.customer_id == bought.customer_id, bought.day > new.first_day],
        rname="{name}_bought",
    )
    seconds = pairs.group_by("customer_id", "first_day", "segment").aggregate(
        second=pairs.day.min()
    )
    until = seconds.second.fill_null(ibis.literal(span.end))
    counted = seconds.group_by(
        seconds.segment.cast("string").name("segment"),
        days=until.delta(seconds.first_day, unit="day"),
        came=seconds.second.notnull(),
    ).aggregate(n=seconds.count())
    frame: Any = counted.to_pyarrow().to_pandas()
    return frame.sort_values(["segment", "days", "came"])


def _curve(rows: Any) -> Any:
    times = np.repeat(rows["days"].to_numpy(), rows["n"].to_numpy())
    came = np.repeat(rows["came"].to_numpy(dtype=bool), rows["n"].to_numpy())
    return kaplan_meier(times, came)


def _share_within(curve: Any, rows: Any, days: int) -> Estimate | None:
    """Return the share who came within so many days; None beyond what was seen."""
    reached = curve[curve["tenure_days"] <= days]
    if rows["days"].max() < days and not (
        len(reached) and reached["survival"].iloc[-1] == 0
    ):
        return None
    if reached.empty:
        return rounded(0.0, None, None)
    last = reached.iloc[-1]
    ends = (None if np.isnan(end) else 1 - end for end in (last["high"], last["low"]))
    return rounded(1 - last["survival"], *ends)


def _median(curve: Any) -> Estimate | None:
    """Return the day by which half have come; its ends are where the bands cross."""
    times = curve["tenure_days"].to_numpy()
    crossed = [
        times[(curve[name] <= 0.5).to_numpy()] for name in ("survival", "low", "high")
    ]
    if not len(crossed[0]):
        return None
    low, high = (float(days[0]) if len(days) else None for days in crossed[1:])
    return rounded(float(crossed[0][0]), low, high)
