"""Find the strptime format of a text column's times, or refuse to guess.

A date such as 03/04/2024 is read only if another value of the column says which way
round it goes; else the user is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import ibis

from regulars.data.contract import EARLIEST, LATEST
from regulars.data.parsing import is_missing, parse_format
from regulars.data.queries import count_rows, first_row
from regulars.data.time_shapes import is_standard, possible_formats
from regulars.data.zones import unclear_zone
from regulars.errors import ConfigError, DataError

_SAMPLE = 5_000
_DIRECTIVES = "aAbBcdfgGHIjmMnpSuUVwWxXyYzZ%"
_MOST_UNCLEAR = 0.05


class AmbiguousTimeError(DataError):
    """The times of a column can be read in more than one way."""

    def __init__(self, message: str, formats: tuple[str, ...]) -> None:
        super().__init__(message)
        self.formats = formats


@dataclass(frozen=True)
class TimeFormat:
    """The way a column's times are written."""

    format: str | None  # None: ISO 8601 or yyyymmdd
    share: float  # of the sample's different values, 0-1


def check_time_format(time_format: str, setting: str) -> None:
    """Refuse a time format that no engine understands."""
    directives = re.findall(r"%-?(.)", time_format)
    if not directives or not set(directives) <= set(_DIRECTIVES):
        msg = (
            f"{setting} '{time_format}' is not a strptime format such as '%Y-%m-%d' or "
            "'%d.%m.%Y %H:%M'."
        )
        raise ConfigError(msg)


def find_time_format(column: Any, label: str, setting: str) -> TimeFormat:
    """Return the format of a text column of times.

    The first 5,000 rows propose, all rows decide where more than one format is
    possible.
    """
    texts = column.as_table().select(text=column.strip())
    texts = texts.filter(~is_missing(texts.text))
    sample = texts.limit(_SAMPLE).distinct()
    values = [text for text in sample.text.to_pyarrow().to_pylist() if text]
    shapes = possible_formats(values)
    _refuse_unclear_zones(values, label)
    total, standard = len(values), sum(map(is_standard, values))
    if total == 0 or standard >= total / 2 or not shapes:
        return TimeFormat(None, standard / total if total else 0.0)
    counts = _counts(sample, shapes)
    possible = tuple(form for form, count in counts.items() if count)
    if not possible:
        return TimeFormat(None, standard / total)
    best = max(possible, key=counts.__getitem__)
    if len(possible) > 1:
        best = _decide(texts.distinct(), possible, label, setting)
    return TimeFormat(best, counts[best] / total)


def _refuse_unclear_zones(values: list[str], label: str) -> None:
    unclear = [text for text in values if unclear_zone([text])]
    if len(unclear) > _MOST_UNCLEAR * len(values):
        msg = (
            f"{label} holds times in a zone that has several meanings, such as "
            f"'{unclear[0]}': {unclear_zone(unclear)}. Write its offset instead, in "
            "the export or by an expression, as in "
            "{sql: \"replace(COLUMN, 'CST', '-0600')\"}."
        )
        raise DataError(msg)


def _valid(text: Any, form: str) -> Any:
    moment = parse_format(text, form)
    inside = (moment.date() >= EARLIEST) & (moment.date() < LATEST)
    return ibis.ifelse(inside, moment, ibis.null(moment.type()))


def _counts(texts: Any, forms: tuple[str, ...]) -> dict[str, int]:
    read = [_valid(texts.text, form).count().name(f"n{i}") for i, form in _each(forms)]
    row = first_row(texts.aggregate(read))
    return {form: int(row[f"n{i}"]) for i, form in _each(forms)}


def _each(forms: tuple[str, ...]) -> list[tuple[int, str]]:
    return list(enumerate(forms))


def _decide(texts: Any, forms: tuple[str, ...], label: str, setting: str) -> str:
    values = texts.mutate(
        **{f"v{i}": _valid(texts.text, form) for i, form in _each(forms)}
    )
    names = [f"v{i}" for i, _ in _each(forms)]
    any_read = ibis.coalesce(*(values[name] for name in names))
    row = values.aggregate(
        total=any_read.count(),
        example=values.text.min(where=any_read.notnull()),
        **{name: values[name].count() for name in names},
    )
    counted = first_row(row)
    total = counted["total"]
    whole = [form for i, form in _each(forms) if counted[f"v{i}"] == total]
    whole_names = [f"v{i}" for i, form in _each(forms) if form in whole]
    if whole and _all_equal(values, whole_names):
        return whole[0]
    if whole:
        msg = (
            f"{label} holds times that can be read in two ways: every one of its "
            f"{total:,} different values, such as '{counted['example']}', fits "
            f"{' and '.join(map(repr, whole[:2]))}. Set {setting} to the right one."
        )
        raise AmbiguousTimeError(msg, tuple(whole))
    reads = ", ".join(
        f"'{form}' reads {counted[f'v{i}']:,}"
        for i, form in sorted(_each(forms), key=lambda p: -counted[f"v{p[0]}"])[:3]
    )
    msg = (
        f"{label} mixes ways of writing times: of {total:,} different values {reads}. "
        f"Set {setting}, or work the column out with {{sql: ...}}, so that each value "
        "has one meaning."
    )
    raise DataError(msg)


def _all_equal(values: Any, names: list[str]) -> bool:
    if len(names) == 1:
        return True
    different = [values[names[0]] != values[name] for name in names[1:]]
    some = values.filter(ibis.or_(*different)).limit(1)
    return not count_rows(some)
