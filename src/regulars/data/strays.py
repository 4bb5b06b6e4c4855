"""Find days that lie far from the rest of a log: default dates and slips of the pen.

One row of 1970-01-01 makes a log of two years look as if it were 55 years long. Nothing
is changed here: `check` reports what is found, `init` proposes to leave the rows out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    _Days = npt.NDArray[np.int64]

_DEFAULT_DAYS = (
    *(date(1899, 12, 30), date(1900, 1, 1), date(1901, 1, 1), date(1970, 1, 1)),
    *(date(1980, 1, 1), date(2000, 1, 1), date(2038, 1, 19), date(2049, 12, 31)),
    *(date(2099, 12, 31), date(9999, 12, 31)),
)
_SHORTEST_GAP = 365
_MOST_SHARE = 0.01
_MOST_ROWS = 1_000
_FEWEST_ROWS = 20


@dataclass(frozen=True)
class StrayStretch:
    """Days at one end of a log, far from the rest of it."""

    first: date
    last: date
    n_rows: int
    share: float
    gap_days: int

    @property
    def is_default(self) -> bool:
        """Whether all of it is a day that systems write where they know none."""
        return all(_near_default(day) for day in (self.first, self.last))


@dataclass(frozen=True)
class StrayDays:
    """The stretches that lie far from the rest of a log, and the rest of it.

    `first` and `last` are the days between which the rest lies.
    """

    first: date
    last: date
    stretches: tuple[StrayStretch, ...]

    @property
    def n_rows(self) -> int:
        """Rows of all stretches."""
        return sum(each.n_rows for each in self.stretches)

    @property
    def share(self) -> float:
        """Share of all rows, 0-1."""
        return sum(each.share for each in self.stretches)

    def describe(self) -> str:
        """Return one sentence for each stretch: rows, share, days, gap, the rest."""
        return " ".join(self._sentence(each) for each in self.stretches)

    def _sentence(self, each: StrayStretch) -> str:
        days = str(each.first)
        days += "" if each.first == each.last else f" to {each.last}"
        noun = "row is" if each.n_rows == 1 else "rows are"
        place = "before" if each.last < self.first else "after"
        cause = (
            " This is a date that systems write where they know none."
            if each.is_default
            else ""
        )
        return (
            f"{each.n_rows:,} {noun} of {days} ({_percent(each.share)} of all), "
            f"{each.gap_days:,} days {place} the rest of the log "
            f"({self.first} to {self.last}).{cause}"
        )

    def keep_sql(self, time_sql: str) -> str:
        """Return a ``where:`` expression that leaves the stretches out.

        Rows whose time cannot be read stay, so that they are counted as what they are.
        A day is added at either end, because the day of an instant depends on the zone.
        """
        parts = [
            f"{time_sql} NOT BETWEEN TIMESTAMP '{_moved(each.first, -1)}' "
            f"AND TIMESTAMP '{_moved(each.last, 2)}'"
            for each in self.stretches
        ]
        return f"coalesce({' AND '.join(parts)}, true)"


def _moved(day: date, n_days: int) -> date:
    """Return a day moved by a number of days, within what a date can hold."""
    ordinal = day.toordinal() + n_days
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "under 0.1%"


def _near_default(day: date) -> bool:
    """Say whether a day is a default one, or its neighbour in another time zone."""
    return any(abs((day - default).days) <= 1 for default in _DEFAULT_DAYS)


def find_stray_days(days: Sequence[date], counts: Sequence[int]) -> StrayDays | None:
    """Return the days that lie far from the rest of a log; None where there are none.

    A first or last stretch is stray where a gap of over a year, and of over half the
    rest's length, parts it from the rest, and it has at most 1% of the rows and 1,000
    of them. Default dates such as 1970-01-01 are stray up to half of the rows.
    """
    number = np.array([day.toordinal() for day in days], dtype=np.int64)
    rows = np.asarray(counts, dtype=np.int64)
    order = np.argsort(number)
    number, rows = number[order], rows[order]
    number, rows = number[rows > 0], rows[rows > 0]
    if len(number) < 2:
        return None
    is_default = np.array([_near_default(date.fromordinal(int(n))) for n in number])
    length = _usual_length(number, rows, is_default)
    start = _n_stray(number, rows, is_default, length)
    # turned round, the last days are the first
    turned = (-number[start:][::-1], rows[start:][::-1], is_default[start:][::-1])
    stop = len(number) - _n_stray(*turned, length)
    stretches = []
    if start:
        gap = number[start] - number[start - 1]
        stretches.append(_stretch(number[:start], rows[:start], rows.sum(), gap))
    if stop < len(number):
        gap = number[stop] - number[stop - 1]
        stretches.append(_stretch(number[stop:], rows[stop:], rows.sum(), gap))
    if not stretches:
        return None
    first, last = (date.fromordinal(int(n)) for n in (number[start], number[stop - 1]))
    return StrayDays(first, last, tuple(stretches))


def _stretch(number: _Days, rows: _Days, total: int, gap: int) -> StrayStretch:
    return StrayStretch(
        first=date.fromordinal(int(number[0])),
        last=date.fromordinal(int(number[-1])),
        n_rows=int(rows.sum()),
        share=float(rows.sum() / total),
        gap_days=int(gap),
    )


def _usual_length(
    number: _Days,
    rows: _Days,
    is_default: npt.NDArray[np.bool_],
) -> int:
    """Return the days between which all but a hundredth at either end lies."""
    if not is_default.all():
        number, rows = number[~is_default], rows[~is_default]
    margin = max(1.0, _MOST_SHARE * rows.sum())
    before = np.cumsum(rows) - rows
    after = rows.sum() - before - rows
    inner = number[(before + rows > margin) & (after + rows > margin)]
    return int(inner[-1] - inner[0]) if len(inner) else int(number[-1] - number[0])


def _n_stray(
    number: _Days,
    rows: _Days,
    is_default: npt.NDArray[np.bool_],
    length: int,
) -> int:
    """Return how many of the first days are stray."""
    total = rows.sum()
    few = min(_MOST_SHARE * total, _MOST_ROWS)
    if total >= _FEWEST_ROWS:
        few = max(few, 1)
    usual_rows = np.cumsum(np.where(is_default, 0, rows))[:-1]
    gap = np.diff(number)
    far = gap > np.where(usual_rows == 0, _SHORTEST_GAP, max(_SHORTEST_GAP, length / 2))
    stray = far & (usual_rows <= few) & (np.cumsum(rows)[:-1] <= total / 2)
    return int(np.flatnonzero(stray)[-1]) + 1 if stray.any() else 0


def stray_days_of(day: Any) -> StrayDays | None:
    """Return the stray days of an ibis column of days; as `find_stray_days`."""
    rows = _daily_counts(day)
    return find_stray_days(rows["day"], rows["n"])


def bulk_begins(day: Any, first_day: date) -> Callable[[date], date]:
    """Return a function from a day to where the bulk of what was known by then begins.

    `first_day` where nothing lies far from the rest.
    """
    rows = _daily_counts(day)

    @cache
    def begins(known_at: date) -> date:
        known = [
            (d, n) for d, n in zip(rows["day"], rows["n"], strict=True) if d < known_at
        ]
        strays = (
            find_stray_days(*map(list, zip(*known, strict=True))) if known else None
        )
        return first_day if strays is None else strays.first

    return begins


def _daily_counts(day: Any) -> dict[str, list[Any]]:
    table = day.as_table().select(day=day.cast("date"))
    counts = table.group_by("day").aggregate(n=table.day.count())
    rows: dict[str, list[Any]] = (
        counts.filter(counts.day.notnull()).to_pyarrow().to_pydict()
    )
    return rows
