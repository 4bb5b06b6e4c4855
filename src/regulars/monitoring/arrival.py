"""Whether the lines of the last month and of the last week came as before.

Periods are counted back from the cutoff in whole weeks, so that weekdays weigh alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from regulars.monitoring.checks import Watch
from regulars.monitoring.forecast import (
    MONTHLY,
    WEEKLY,
    Rhythm,
    forecast,
    surprise,
)
from regulars.results.monitoring import Period

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.config import MonitoringSettings

    Floats = NDArray[np.float64]

RHYTHMS = (MONTHLY, WEEKLY)
MONTH = MONTHLY.days
# of the last days, how many are looked through for the day on which amounts changed
LOOKED_THROUGH = 56
AMOUNTS = {"lines": "n_lines", "customers": "n_customers", "revenue": "revenue"}
# standard error of a median, in standard errors of a mean
MEDIAN_ERROR = 1.2533
WHAT_TO_DO = (
    "Ask whoever sends the log whether a source, a shop or some days are missing or "
    "doubled, before the scores are used."
)


@dataclass(frozen=True)
class Lines:
    """Clean lines before a cutoff."""

    table: ibis.Table
    cutoff: date
    first_day: date

    def aged(self, n_days: int) -> ibis.Table:
        """Return the lines of whole periods with the age of their period, from 0."""
        t = self.table
        t = t.filter(t.order_date < ibis.literal(self.cutoff))
        back = ibis.literal(self.cutoff).delta(t.order_date, unit="day") - 1
        t = t.mutate(age=(back // n_days).cast("int64"))
        return t.filter(t.age < self.n_periods(n_days))

    def n_periods(self, n_days: int) -> int:
        """Return how many whole periods the log holds."""
        return (self.cutoff - self.first_day).days // n_days

    def start(self, n_days: int, age: int = 0) -> date:
        """Return the first day of a period."""
        return self.cutoff - timedelta(days=n_days * (age + 1))


def amounts_by_period(lines: Lines, n_days: int) -> pd.DataFrame:
    """Return lines, customers and revenue by period, the latest first."""
    t = lines.aged(n_days)
    net = t.is_return.ifelse(-t.amount.abs(), t.amount)
    own = t.mutate(net=net).group_by("age", "customer_id")
    own = own.aggregate(n=ibis._.count().cast("float64"), revenue=ibis._.net.sum())
    sums = own.group_by("age").aggregate(
        n_lines=own.n.sum(),
        n_customers=own.count(),
        revenue=own.revenue.sum(),
        lines_squared=(own.n * own.n).sum(),
        revenue_squared=(own.revenue * own.revenue).sum(),
    )
    frame: pd.DataFrame = sums.to_pandas().set_index("age")
    frame = frame.join(_medians(t))
    whole = frame.reindex(range(lines.n_periods(n_days)))
    medians = ["median", "spread"]
    return whole.fillna(dict.fromkeys(whole.columns.drop(medians), 0.0))


def _medians(t: ibis.Table) -> pd.DataFrame:
    bought = t.filter(~t.is_return & (t.amount > 0))
    figures = bought.group_by("age").aggregate(
        median=bought.amount.median(), spread=bought.amount.ln().std()
    )
    frame: pd.DataFrame = figures.to_pandas().set_index("age")
    return frame


def watch_arrival(
    lines: Lines, settings: MonitoringSettings
) -> tuple[list[Watch], tuple[Period, ...]]:
    """Watch what came, by month and by week; also return what came by month."""
    frames = {rhythm: amounts_by_period(lines, rhythm.days) for rhythm in RHYTHMS}
    watches = []
    for rhythm, frame in frames.items():
        for name in AMOUNTS:
            watches += _amount(lines, rhythm, frame, name, settings)
        watches += _median(lines, rhythm, frame, settings)
    return watches, _periods(lines, frames[MONTHLY])


def _amount(
    lines: Lines,
    rhythm: Rhythm,
    frame: pd.DataFrame,
    name: str,
    settings: MonitoringSettings,
) -> list[Watch]:
    figures = frame[AMOUNTS[name]].to_numpy(np.float64)
    if not len(figures):
        return []
    squares = {"lines": "lines_squared", "revenue": "revenue_squared"}
    noise = frame[squares.get(name, "n_customers")].to_numpy(np.float64)
    found = surprise(
        figures,
        noise,
        tolerated=settings.arrival_change,
        rhythm=rhythm,
    )
    if found is None:
        return []
    n_days, start = rhythm.days, lines.start(rhythm.days)
    change = figures[0] / found.expected - 1 if found.expected else 0.0
    return [
        Watch(
            room="arrival",
            name=f"{name} of {n_days} days",
            value=float(figures[0]),
            expected=found.expected,
            threshold=settings.arrival_change,
            p_value=found.p_value,
            since=start,
            sentence=(
                f"{name.capitalize()} of the {n_days} days since {start}: "
                f"{figures[0]:,.0f}, where the periods before let expect "
                f"{found.expected:,.0f} ({change:+.0%}; "
                f"{settings.arrival_change:.0%} are tolerated). {WHAT_TO_DO}"
            ),
        )
    ]


def _median(
    lines: Lines, rhythm: Rhythm, frame: pd.DataFrame, settings: MonitoringSettings
) -> list[Watch]:
    n_days = rhythm.days
    median = frame["median"].to_numpy(np.float64)
    if not len(median) or not np.isfinite(median[0]):
        return []
    logs = np.log(median)
    # a period without a line has no median: those before it count instead
    known = rhythm.first + np.flatnonzero(np.isfinite(median[rhythm.first :]))
    known = known[: rhythm.n_past]
    errors = MEDIAN_ERROR * frame["spread"].to_numpy(np.float64)
    noise = errors**2 / np.maximum(frame["n_customers"].to_numpy(np.float64), 1)
    trend = forecast(logs[known], np.nan_to_num(noise[known]), first=rhythm.first)
    if trend is None:
        return []
    band = np.log(settings.amount_ratio)
    expected = float(np.exp(trend.level))
    ratio = median[0] / expected
    start = _change_of_amounts(lines, expected, ratio)
    return [
        Watch(
            room="quality",
            name=f"median amount of {n_days} days",
            value=float(median[0]),
            expected=expected,
            threshold=settings.amount_ratio,
            p_value=trend.p_value(
                float(logs[0]), trend.level - band, trend.level + band
            ),
            since=start or lines.start(n_days),
            sentence=(
                f"The median amount of a line of the last {n_days} days is "
                f"{median[0]:,.2f}, {ratio:,.3g} times the {expected:,.2f} of the "
                f"periods before, since {start or lines.start(n_days)} "
                f"({settings.amount_ratio:g} times either way is tolerated). A ratio "
                "near 100 or 0.01 is cents taken for units, or the other way: mend the "
                "source, and score again."
            ),
        )
    ]


def _change_of_amounts(lines: Lines, expected: float, ratio: float) -> date | None:
    """Return the day since which the daily median is nearer to the new level."""
    t = lines.aged(1)
    t = t.filter((t.age < LOOKED_THROUGH) & ~t.is_return & (t.amount > 0))
    daily = t.group_by("age").aggregate(median=t.amount.median()).to_pandas()
    daily = daily.sort_values("age")
    steps = np.log(daily["median"].to_numpy(np.float64) / expected)
    off = steps * np.sign(np.log(ratio)) > abs(np.log(ratio)) / 2
    n_off = int(np.argmin(np.append(off, False)))
    if not n_off:
        return None
    return lines.cutoff - timedelta(days=int(daily["age"].iloc[n_off - 1]) + 1)


def _periods(lines: Lines, frame: pd.DataFrame) -> tuple[Period, ...]:
    """Return what came by month, the earliest first."""
    return tuple(
        Period(
            start=lines.start(MONTH, age),
            end=lines.start(MONTH, age) + timedelta(days=MONTH),
            n_lines=int(row["n_lines"]),
            n_customers=int(row["n_customers"]),
            revenue=float(row["revenue"]),
            median_amount=_known(row["median"]),
        )
        for age, row in reversed(list(enumerate(frame.to_dict("records"))))
    )


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def watch_lateness(
    lines: Lines, today: date, settings: MonitoringSettings
) -> list[Watch]:
    """Watch whether the log ends where it should."""
    t = lines.table.filter(lines.table.order_date < ibis.literal(today))
    by_day = t.group_by("order_date").aggregate(n=t.customer_id.nunique()).to_pandas()
    if len(by_day) < 2:
        return []
    by_day = by_day.sort_values("order_date")
    days = pd.to_datetime(by_day["order_date"])
    last = days.iloc[-1].date()
    late = (today - last).days - 1
    # a shop that rests for a fortnight every year is not late after a week
    longest = int(days.diff().dt.days.max()) - 1
    tolerated = max(settings.days_late, longest)
    recent = by_day["n"][days > days.iloc[-1] - timedelta(days=MONTH * 2)]
    a_day = float(recent.sum()) / min(MONTH * 2, (days.iloc[-1] - days.iloc[0]).days)
    excess = max(late - tolerated, 0)
    return [
        Watch(
            room="arrival",
            name="days late",
            value=float(late),
            expected=float(longest),
            threshold=float(settings.days_late),
            p_value=float(np.exp(-a_day * excess)),
            since=last + timedelta(days=1),
            sentence=(
                f"The log ends on {last}: the {late} days after it and before "
                f"{today} have no line ({tolerated} are tolerated). Scores as of "
                "later days would take everybody for silent. Fetch the missing days, "
                "or pass a cutoff of the day after the last line."
            ),
        )
    ]
