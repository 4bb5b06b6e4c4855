"""The ways in which a text could be read as a time, by its shape alone.

A text is taken apart into a weekday, a day, a time of day and a zone; each part leaves
few formats, so that the engine need not try them all.
"""

from __future__ import annotations

import calendar
import functools
import re
from typing import TYPE_CHECKING

from regulars.data.zones import HOURS

if TYPE_CHECKING:
    from collections.abc import Iterable

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_LONG_MONTHS = (
    "January|February|March|April|June|July|August|September|October|November|December"
)
_WEEKDAY = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(day|sday|nesday|rsday|urday)?(,? +)", re.IGNORECASE
)
_MONTH = rf"(?P<month>{_LONG_MONTHS}|{_MONTHS})"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_REMARK = re.compile(r" ?(\([^()]*\)|\[[^\[\]]*\])$")
_ZONE = re.compile(
    r"(?P<gap> ?)((?P<base>GMT|UTC)?[-+]\d{1,2}(:?[0-5]\d)?|[A-Z]{3,5}|Z"
    r"|[A-Z][A-Za-z_]+/[A-Za-z_/+-]+)$"
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?P<mark>[:.])\d{2}"
    r"(?P<seconds>(?P=mark)\d{2}((?P<point>[.,])(?P<fraction>\d{1,9}))?)?"
    r"(?P<half> ?[AaPp][Mm])?"
)
_COMPACT = re.compile(r"(?P<day>\d{8})(?P<gap>[T ]?)(\d{6}|\d{4})")
_ANY_CLOCK = r"(?P<clock>\d[\d:.,]*( ?[AaPp][Mm])?)"
_DAY_FIRST = re.compile(rf"(?P<day>.*?)(?P<gap> +|, |T| - |:| at ){_ANY_CLOCK}")
_CLOCK_FIRST = re.compile(rf"{_ANY_CLOCK}(?P<gap> |, )(?P<day>.*)")
_BY_NUMBERS = re.compile(rf"\d{{1,2}}(?P<mark>[/.-])\d{{1,2}}(?P=mark){_YEAR}")
_YEAR_FIRST = re.compile(r"\d{4}(?P<mark>[/.-])\d{1,2}(?P=mark)\d{1,2}")
_DAY_MONTH = re.compile(
    rf"\d{{1,2}}(?P<one>\. ?|[ /-]|){_MONTH}(?P<two>\.? |[ /-]|, |){_YEAR}",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    rf"{_MONTH}(?P<one>\.? +|-|)\d{{1,2}}(?P<two>,? +|-){_YEAR}", re.IGNORECASE
)
_YEAR_MONTH = re.compile(
    rf"\d{{4}}(?P<one>[ /-]){_MONTH}(?P<two>[ /-])\d{{1,2}}", re.IGNORECASE
)
_OF_UNIX = r"(?P<zone> (?:[A-Z]{3,5}|[-+]\d{4}))?"
_UNIX = re.compile(
    rf"{_MONTH} +\d{{1,2}} (?P<clock>[\d:]+){_OF_UNIX} \d{{4}}(?P<last> [-+]\d{{4}})?",
    re.IGNORECASE,
)
_STANDARD = re.compile(
    r"(\d{4})(?:(?P<mark>[-/])(\d{1,2})(?P=mark)(\d{1,2})|(\d{2})(\d{2})$)"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{1,2})(?:[.,]\d{1,9})?)?(?P<zone> ?.+)?)?"
)


def possible_formats(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the strptime formats that texts may have, day first before month first."""
    forms = dict.fromkeys(form for text in texts for form in _formats(text.strip()))
    return tuple(sorted(forms, key=_is_month_first))


def _is_month_first(form: str) -> bool:
    return 0 <= form.find("%m") < form.find("%d")


def looks_like_time(text: str) -> bool:
    """Say whether a text has the shape of a time: ISO 8601, yyyymmdd, or a format."""
    return is_standard(text) or bool(_formats(text))


def is_standard(text: str) -> bool:
    """Say whether a text is a time of ISO 8601 or yyyymmdd, which need no format."""
    parts = _STANDARD.fullmatch(text)
    if not parts:
        return False
    year, month, day = (int(parts[i]) for i in (1, 3, 4, 5, 6) if parts[i])
    clock = [int(parts[i] or 0) for i in (7, 8, 9)]
    zone = parts["zone"]
    return (
        1 <= month <= 12
        and 1 <= day <= calendar.monthrange(max(year, 1), month)[1]
        and clock <= [24, 0, 0]
        and max(clock[1:]) < 60
        and (not zone or _names_a_zone(zone))
    )


def _names_a_zone(text: str) -> bool:
    zone = _ZONE.fullmatch(re.sub("z$", "Z", _REMARK.sub("", text)))
    name = text.strip().upper()
    return bool(zone) and ("/" in name or not name.isalpha() or name in HOURS)


@functools.lru_cache(maxsize=4096)
def _formats(text: str) -> tuple[str, ...]:
    text = _REMARK.sub("", text)
    if len(text) > 60 or not any(map(str.isdigit, text)):
        return ()
    weekday = _WEEKDAY.match(text)
    first = ""
    if weekday:
        first = ("%A" if weekday[2] else "%a") + weekday[3].rstrip() + " "
        text = text[weekday.end() :]
    return tuple(first + form for form in (*_unix(text), *_whole(text)))


def _unix(text: str) -> tuple[str, ...]:
    """Return formats as `date` and C write them: May 26 12:17:01 UTC 2023."""
    parts = _UNIX.fullmatch(text)
    clock = parts and _CLOCK.fullmatch(parts["clock"])
    if not parts or not clock:
        return ()
    zone, last = (" %z" if parts[name] else "" for name in ("zone", "last"))
    return tuple(
        f"{month} %d {_clock_format(clock)}{zone} %Y{last}"
        for month in _months(parts["month"])
    )


def _whole(text: str) -> list[str]:
    """Return formats of a day, with or without a time of day and a zone."""
    forms = _day_formats(text) + _with_clock(text)
    zone = _ZONE.search(text)
    if zone and zone[0].strip().upper() not in {"AM", "PM"}:
        ending = zone["gap"] + (zone["base"] or "") + "%z"
        forms += [form + ending for form in _with_clock(text[: zone.start()])]
    return forms


def _with_clock(text: str) -> list[str]:
    compact = _COMPACT.fullmatch(text)
    if compact:
        seconds = "%S" if len(compact[3]) == 6 else ""
        return [f"%Y%m%d{compact['gap']}%H%M{seconds}"]
    first, last = _DAY_FIRST.fullmatch(text), _CLOCK_FIRST.fullmatch(text)
    forms = []
    for parts in (first, last):
        clock = parts and _CLOCK.fullmatch(parts["clock"])
        if parts and clock:
            days, gap = _day_formats(parts["day"], timed=True), parts["gap"]
            # a blank in a format stands for any number of them
            gap = gap if gap.strip() else " "
            form = _clock_format(clock)
            if parts is first:
                forms += [day + gap + form for day in days]
            else:
                forms += [form + gap + day for day in days]
    return forms


def _clock_format(clock: re.Match[str]) -> str:
    half, mark, fraction = clock["half"], clock["mark"], clock["fraction"]
    form = f"{'%I' if half else '%H'}{mark}%M"
    if clock["seconds"]:
        form += f"{mark}%S"
    if fraction:
        form += clock["point"] + ("%f" if len(fraction) <= 6 else "%n")
    return form + (half[:-2] + "%p" if half else "")


def _day_formats(text: str, *, timed: bool = False) -> list[str]:
    """Return formats of a day; yyyymmdd alone needs none."""
    if parts := _BY_NUMBERS.fullmatch(text):
        mark, year = parts["mark"], _year(parts["year"])
        return [f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"]
    if parts := _YEAR_FIRST.fullmatch(text):
        mark = parts["mark"]
        return [f"%Y{mark}%m{mark}%d"] if timed or mark == "." else []
    if timed and re.fullmatch(r"\d{8}", text):
        return ["%Y%m%d"]
    for pattern, order in (
        (_DAY_MONTH, "%d{one}{month}{two}{year}"),
        (_MONTH_DAY, "{month}{one}%d{two}{year}"),
        (_YEAR_MONTH, "%Y{one}{month}{two}%d"),
    ):
        if parts := pattern.fullmatch(text):
            given = parts.groupdict()
            year = _year(given.get("year") or "")
            return [
                order.format(
                    one=_blank(given["one"]),
                    two=_blank(given["two"]),
                    month=month,
                    year=year,
                )
                for month in _months(given["month"])
            ]
    return []


def _blank(mark: str) -> str:
    return re.sub(" +", " ", mark)


def _months(name: str) -> tuple[str, ...]:
    """Return the directives that read a month's name; May is short and long."""
    if name.lower() == "may":
        return "%b", "%B"
    return ("%b",) if len(name) == 3 else ("%B",)


def _year(digits: str) -> str:
    return "%Y" if len(digits) == 4 else "%y"
