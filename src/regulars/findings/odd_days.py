"""Find stray and crowded days, gaps, and months that are there in part."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from regulars.data.closures import find_closures
from regulars.findings.finding import (
    Finding,
    Setting,
    counted,
    share_words,
)

if TYPE_CHECKING:
    from regulars.data.strays import StrayDays
    from regulars.findings.observed import ObservedLog

TIMES_USUAL = 10
FEWEST_ROWS = 20
FEWEST_DAYS = 14
AROUND_DAYS = 31
# a day without a row at an end of the log is a holiday, or chance where few buy
FEWEST_MISSING = 2
FEWEST_EXPECTED = 5
BESIDE_DAYS = 56


def stray_days(log: ObservedLog) -> Finding | None:
    """Ask about days that lie far from the rest of the log."""
    strays = log.strays
    if strays is None:
        return None
    source = log.time_sql()
    setting = None
    if source is not None:
        where = log.where(strays.keep_sql(source))
        setting = Setting("source.transactions.where", where)
    return stray_finding(strays, setting, "transactions")


def stray_finding(strays: StrayDays, setting: Setting | None, table: str) -> Finding:
    """Return the finding on stray days of any table."""
    advice = (
        "A default date or a slip of the pen? Mend it in the source"
        + (f", or leave the rows out: write {setting.words}" if setting else "")
        + "."
    )
    return Finding(
        key="stray_days",
        severity="warning",
        table=table,
        seen=strays.describe(),
        advice=advice,
        figures={
            "n_rows": strays.n_rows,
            "share_of_rows": strays.share,
            "gap_days": max(each.gap_days for each in strays.stretches),
            "first_of_the_rest": strays.first.isoformat(),
            "last_of_the_rest": strays.last.isoformat(),
        },
        examples=[each.first.isoformat() for each in strays.stretches],
        setting=setting,
    )


def busy_days(log: ObservedLog) -> Finding | None:
    """Ask about days with ten times the rows that the days around them have."""
    rows = log.days["n_rows"]
    if len(rows) < FEWEST_DAYS:
        return None
    # of days with rows: a shop may open once a week
    usual = rows.rolling(AROUND_DAYS, center=True, min_periods=FEWEST_DAYS // 2)
    medians = usual.median()
    busy = rows[(rows >= TIMES_USUAL * medians) & (rows >= FEWEST_ROWS)]
    if busy.empty:
        return None
    busy = busy.sort_values(ascending=False, kind="stable")
    top = busy.index[0]
    n_rows, share = int(busy.sum()), float(busy.sum() / rows.sum())
    days = [day.date().isoformat() for day in busy.index[:5]]
    setting = _without_days(log, [day.date() for day in busy.index[:5]])
    leave_out = f" write {setting.words}" if setting else " leave its rows out"
    return Finding(
        key="busy_days",
        severity="ask",
        seen=(
            f"{counted(len(busy), 'day has', 'days have')} at least {TIMES_USUAL} "
            f"times the usual rows: {days[0]} has {int(busy.iloc[0]):,}, where about "
            f"{medians[top]:,.0f} are usual"
            + (f"; also {', '.join(days[1:])}" if days[1:] else "")
            + f" ({share_words(share)} of all rows)."
        ),
        advice=(
            "A sale is fine as it is. If it is an import, opening balances or a "
            f"default date, those are no purchases of that day:{leave_out}."
        ),
        figures={
            "n_days": len(busy),
            "n_rows": n_rows,
            "share_of_rows": share,
            "rows_of_busiest": int(busy.iloc[0]),
            "usual_rows": float(medians[top]),
        },
        examples=days,
        setting=setting,
    )


def _without_days(log: ObservedLog, days: list[date]) -> Setting | None:
    source = log.time_sql()
    if source is None:
        return None
    listed = ", ".join(f"DATE '{day}'" for day in sorted(days))
    # a time that cannot be read is to be counted as such
    condition = f"coalesce(CAST({source} AS DATE) NOT IN ({listed}), true)"
    return Setting("source.transactions.where", log.where(condition))


def gaps(log: ObservedLog) -> Finding | None:
    """Ask about stretches in which hardly anything was bought."""
    counts = log.days["n_buyers"].astype("float64")
    closures = find_closures(counts[counts > 0])
    if not closures:
        return None
    longest = max(closures, key=lambda each: each.n_days)
    n_days = sum(each.n_days for each in closures)
    spans = [f"{each.start} to {each.end - timedelta(days=1)}" for each in closures]
    length = (log.days.index[-1] - log.days.index[0]).days + 1
    return Finding(
        key="gaps",
        severity="ask",
        seen=(
            f"{counted(len(closures), 'stretch', 'stretches')} of the log, "
            f"{counted(n_days, 'day')} in all, "
            f"{'holds' if len(closures) == 1 else 'hold'} hardly a purchase: "
            f"{', '.join(spans[:5])}; the longest has "
            f"{longest.n_purchases:,} where about {longest.n_usual:,} are usual."
        ),
        advice=(
            "Was the shop shut, or are records missing? Add them if so; no model "
            "learns from such a stretch where others are left."
        ),
        figures={
            "n_stretches": len(closures),
            "n_days": n_days,
            "share_of_days": n_days / length,
            "n_purchases": sum(each.n_purchases for each in closures),
            "n_usual": sum(each.n_usual for each in closures),
        },
        examples=spans,
    )


def first_month(log: ObservedLog) -> Finding | None:
    """Ask about a first month that begins late."""
    first = log.days.index[0].date()
    start = first.replace(day=1)
    missing = [start + timedelta(days=k) for k in range((first - start).days)]
    if not _are_missed(log.days.iloc[:BESIDE_DAYS], missing):
        return None
    length = calendar.monthrange(first.year, first.month)[1]
    return Finding(
        key="first_month_in_part",
        severity="ask",
        seen=(
            f"The log begins on {first}: {len(missing)} of the {length} days of its "
            "first month have no row."
        ),
        advice=(
            "That month's figures are too low, and customers who came before count as "
            f"new. Export the log from {start} or earlier, if it goes back so far."
        ),
        figures=_month_figures(first, len(missing), length),
        examples=[f"{first:%Y-%m}"],
    )


def last_month(log: ObservedLog) -> Finding | None:
    """Ask about a last month that ends early, unless a cutoff says so."""
    last = log.days.index[-1].date()
    if log.cutoff is not None and (log.cutoff - last).days <= 1:
        return None
    length = calendar.monthrange(last.year, last.month)[1]
    missing = [last + timedelta(days=k + 1) for k in range(length - last.day)]
    if not _are_missed(log.days.iloc[-BESIDE_DAYS:], missing):
        return None
    start = last.replace(day=1)
    several = log.days.index[0].date() < start
    setting = Setting("time.cutoff", start.isoformat()) if several else None
    return Finding(
        key="last_month_in_part",
        severity="ask",
        seen=(
            f"The log ends on {last}: {len(missing)} of the {length} days of its last "
            "month have no row."
        ),
        advice="That month's figures are too low. If records are missing, export them"
        + (f"; for whole months only, write {setting.words}." if setting else "."),
        figures=_month_figures(last, len(missing), length),
        examples=[f"{last:%Y-%m}"],
        setting=setting,
    )


def _are_missed(beside: pd.DataFrame, missing: list[date]) -> bool:
    """Say whether buyers were to be expected on days, by the weekdays beside them."""
    if len(missing) < FEWEST_MISSING or len(beside) < 2:
        return False
    span = pd.date_range(beside.index[0], beside.index[-1])
    buyers = beside["n_buyers"].reindex(span, fill_value=0)
    by_weekday = buyers.groupby(span.day_of_week).mean()
    expected = by_weekday.reindex([day.weekday() for day in missing]).sum()
    return bool(expected >= FEWEST_EXPECTED)


def _month_figures(day: date, missing: int, length: int) -> dict[str, Any]:
    return {
        "month": f"{day:%Y-%m}",
        "n_days_missing": missing,
        "share_of_days": round(missing / length, 4),
    }
