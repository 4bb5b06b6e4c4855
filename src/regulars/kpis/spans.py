"""Periods that KPIs are worked out for: half-open spans of days, and the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from regulars.errors import ConfigError, NotEnoughHistoryError

# a log that begins on the 2nd of January has seen January
FIRST_DAYS = 3
LENGTHS_MONTHS = (12, 6, 3, 1)


@dataclass(frozen=True)
class Span:
    """Days from `start` up to but not including `end`.

    Examples
    --------
    >>> Span(date(2024, 4, 1), date(2024, 7, 1)).before().label
    '2024-01-01/2024-04-01'
    """

    start: date
    end: date

    @property
    def label(self) -> str:
        """Start and end as ISO days, joined by a slash."""
        return f"{self.start}/{self.end}"

    @property
    def n_days(self) -> int:
        """How many days."""
        return (self.end - self.start).days

    def before(self) -> Span:
        """Return the span just before: as many whole months, else as many days."""
        if self.start.day == self.end.day == 1:
            n_months = _month(self.end) - _month(self.start)
            return Span(_first_of(_month(self.start) - n_months), self.start)
        return Span(self.start - timedelta(days=self.n_days), self.start)

    def year_before(self) -> Span:
        """Return the same span a year before."""
        return Span(_year_before(self.start), _year_before(self.end))


@dataclass(frozen=True)
class KpiQuestion:
    """What is asked of the KPIs: a period (default: the last months), and segments."""

    start: date | None = None
    end: date | None = None
    by: tuple[str, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether nothing particular is asked."""
        return self == KpiQuestion()


def default_span(first_day: date, cutoff: date) -> Span:
    """Return the last complete months: 12, or as many as have a period before them.

    Of 12, 6, 3 and 1 the most that fit twice into the log; a log without a complete
    month is one span.
    """
    begins = _month(first_day) + (first_day.day > FIRST_DAYS)
    n_complete = _month(cutoff) - begins
    if n_complete < 1:
        return Span(first_day, cutoff)
    fitting = [n for n in LENGTHS_MONTHS if 2 * n <= n_complete]
    n_months = fitting[0] if fitting else 1
    return Span(_first_of(_month(cutoff) - n_months), _first_of(_month(cutoff)))


def asked_span(
    start: date | None, end: date | None, first_day: date, cutoff: date
) -> Span:
    """Return the span that was asked for, or refuse it; default: the last months."""
    if start is None and end is None:
        return default_span(first_day, cutoff)
    if start is None:
        msg = f"--to {end} needs a --from: the first day of the period."
        raise ConfigError(msg)
    end = end or cutoff
    if start >= end:
        msg = (
            f"--from {start} does not lie before --to {end}. A period holds the days "
            "from the first up to but not including the second."
        )
        raise ConfigError(msg)
    if end > cutoff:
        msg = (
            f"The period {start} to {end} is not over: the data are known up to "
            f"{cutoff} (exclusive). Pass --to {cutoff} or an earlier day."
        )
        raise NotEnoughHistoryError(msg)
    if end <= first_day:
        msg = (
            f"The period {start} to {end} ends before the log begins ({first_day}). "
            "Pass a later one."
        )
        raise NotEnoughHistoryError(msg)
    return Span(start, end)


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
