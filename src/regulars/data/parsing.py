"""Turn raw columns into typed ones, and say what is wrong with each value.

Intake and the model endpoint share these rules, so that a history sent to the endpoint
means what the same rows of a file mean. Only expressions are built here.
"""

from __future__ import annotations

import functools
import operator
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from regulars.data.contract import EARLIEST, LATEST, day_name
from regulars.data.zones import (
    APART_OFFSET,
    FULL_OFFSET,
    NAIVE,
    NAMED_UTC,
    PLAIN_OFFSET,
    ZONE_DIRECTIVE,
    ZONED,
    engine_function,
    localised,
    read_zoned,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.data.contract import ColumnContract, TableContract

MISSING = ("", "null", "none", "nan", "na", "n/a", "<na>", "nat", "\\n")
"""Texts, in lower case, that stand for no value at all."""

_MISSING_PATTERN = f"(?i)^({'|'.join(map(re.escape, MISSING))})$"
_LONGEST_MISSING = max(map(len, MISSING))
_TIDY, _NAIVE_AT, _ZONED_AT, _VALUE, _DAY = "__t_", "__n_", "__z_", "__v_", "__d_"
_HAS_ZONE = "__o_"
# Anything behind a time of day: a sign, a letter, a bracket.
_ZONE_PATTERN = r"^.{12,}[-+A-Za-z\])]"
_COMMA_FRACTION = r"(:[0-9]{2}),([0-9]+)"
_WHOLE_DIGITS = 18  # what int64 holds of any digits
_EXACT_FLOAT = 2.0**53
_TRUE = ("true", "t", "yes", "y", "1", "1.0")
_FALSE = ("false", "f", "no", "n", "0", "0.0", *MISSING)
_strptime = engine_function("try_strptime", (dt.string, dt.string), NAIVE)
_strptime_zoned = engine_function("try_strptime", (dt.string, dt.string), ZONED)
_wall_clock = engine_function("timezone", (dt.string, ZONED), NAIVE)


@dataclass(frozen=True)
class Reading:
    """Columns that have been given a meaning, and what is wrong with them."""

    table: Any
    columns: dict[str, Any]
    faults: list[tuple[str, Any]]  # in the order in which they are tried
    lost: dict[str, Any] = field(default_factory=dict)  # optional values left empty


def read_columns(
    table: Any,
    sources: Mapping[str, str],
    contract: TableContract,
    *,
    time_zone: str = "UTC",
    formats: Mapping[str, str | None] | None = None,
) -> Reading:
    """Return the clean form of a table's columns and the faults of its rows.

    Blanks around text are dropped, and texts such as ``null`` or ``n/a`` count as
    missing. An optional column puts no row at fault, but for a flag: what cannot be
    read is left empty and counted.
    """
    kinds = {name: contract.column(name) for name in sources}
    formats = formats or {}
    tidied = _tidied(table, sources, kinds)
    split = _split_times(tidied, kinds, formats)
    work = split.mutate(
        **{
            name: value
            for each, column in kinds.items()
            for name, value in _values(split, each, column, time_zone).items()
        }
    ).view()
    columns: dict[str, Any] = {}
    faults: list[tuple[str, Any]] = []
    lost: dict[str, Any] = {}
    for name, column in kinds.items():
        outputs = {name: work[_VALUE + name]}
        if column.kind == "time":
            outputs[day_name(name)] = work[_DAY + name]
        own_faults = _faults(work, column)
        if column.required or column.kind == "flag":
            faults += own_faults
        elif own_faults:
            # Missing, the first, is no loss.
            unread = (wrong for _, wrong in own_faults[1:])
            where = functools.reduce(operator.or_, unread)
            lost[name] = where.fill_null(False)
            outputs = {
                key: ibis.ifelse(lost[name], ibis.null(value.type()), value)
                for key, value in outputs.items()
            }
        columns |= outputs
    return Reading(work, columns, faults, lost)


def is_missing(text: Any) -> Any:
    """Return where a text stands for no value."""
    # A pattern, because engines turn a list of nine into a join.
    listed = text.re_search(_MISSING_PATTERN)
    return ibis.ifelse(text.length() > _LONGEST_MISSING, False, listed).fill_null(True)


def clean_text(text: Any) -> Any:
    """Return text without outer blanks, null where it stands for no value.

    Slower than what `read_columns` does, but short: the engine binds it quickly.
    """
    missing = text.re_search(
        _MISSING_PATTERN.replace("^", r"^\s*").replace("$", r"\s*$")
    )
    return ibis.ifelse(missing, ibis.null("string"), text.strip())


def parse_format(text: Any, time_format: str) -> Any:
    """Return text read by a strptime format, null where it does not fit."""
    naive, zoned = _by_format(text, time_format)
    return naive if zoned is None else _wall_clock("UTC", zoned)


def _tidied(
    table: Any, sources: Mapping[str, str], kinds: Mapping[str, ColumnContract]
) -> Any:
    """Trim texts, then clear those that stand for no value."""
    raw = {name: table[source] for name, source in sources.items()}
    trimmed = {
        _TIDY + name: _trim(column) if column.type().is_string() else _as_whole(column)
        for name, column in raw.items()
    }
    first = table.mutate(**trimmed).view()
    cleared = {}
    for name, contract in kinds.items():
        column = first[_TIDY + name]
        if column.type().is_string():
            missing = is_missing(column)
            if contract.kind == "number":
                # NaN is a fault of its own.
                missing &= column.lower() != "nan"
            cleared[_TIDY + name] = ibis.ifelse(missing, ibis.null("string"), column)
        elif column.type().is_floating() and contract.kind != "number":
            empty = ibis.null(column.type())
            cleared[_TIDY + name] = ibis.ifelse(column.isnan(), empty, column)
    return first.mutate(**cleared).view() if cleared else first


def _trim(text: Any) -> Any:
    # Trimming costs more than all the rest; few texts need it.
    blank = (text.left(1) <= " ") | (text.right(1) <= " ")
    return ibis.ifelse(blank, text.strip(), text)


def _as_whole(column: Any) -> Any:
    """Return decimals without a fraction as integers: databases have such ids.

    Where an integer is too short for them, they become text.
    """
    kind = column.type()
    if not kind.is_decimal() or kind.scale:
        return column
    if kind.precision is not None and kind.precision <= _WHOLE_DIGITS:
        return column.try_cast("int64")
    whole = column.try_cast("int64")
    longer = (whole.isnull() & column.notnull()).any()
    return column.cast("string") if longer.to_pyarrow().as_py() else whole


def _split_times(
    table: Any,
    kinds: Mapping[str, ColumnContract],
    formats: Mapping[str, str | None],
) -> Any:
    """Add each time as a wall-clock time and as an instant; one of them is null."""
    times = [name for name, contract in kinds.items() if contract.kind == "time"]
    texts, zones = {}, {}
    for name in times:
        column = table[_TIDY + name]
        kind = column.type()
        if kind.is_floating():
            texts[_TIDY + name] = column = column.try_cast("int64").cast("string")
        elif kind.is_integer():
            texts[_TIDY + name] = column = column.cast("string")
        if column.type().is_string() and formats.get(name) is None:
            has_zone = column.re_search(_ZONE_PATTERN)
            is_timed = column.length() > 12
            zones[_HAS_ZONE + name] = ibis.ifelse(is_timed, has_zone, False)
    if texts or zones:
        table = table.mutate(**texts, **zones).view()
    moments = {}
    for name in times:
        naive, zoned = _moments(table, name, formats.get(name))
        moments[_NAIVE_AT + name], moments[_ZONED_AT + name] = naive, zoned
    moments = {name: moment for name, moment in moments.items() if moment is not None}
    return table.mutate(**moments).view() if moments else table


def _moments(table: Any, name: str, time_format: str | None) -> tuple[Any, Any]:
    """Return a column as wall-clock times and as instants; either may be None."""
    column = table[_TIDY + name]
    kind = column.type()
    if kind.is_timestamp() and kind.timezone is not None:
        return None, column.cast(ZONED)
    if kind.is_timestamp() or kind.is_date():
        return column.cast(NAIVE), None
    if not kind.is_string():
        return ibis.null(NAIVE), None
    if time_format is not None:
        return _by_format(column, time_format)
    is_iso = column.substr(4, 1).isin(["-", "/"])
    has_zone = table[_HAS_ZONE + name]
    naive = ibis.cases(
        (is_iso & ~has_zone, _iso(column)),
        (column.re_search("^[0-9]{8}$"), _strptime(column, "%Y%m%d")),
        else_=ibis.null(NAIVE),
    )
    zoned = ibis.ifelse(is_iso & has_zone, _iso_zoned(column), ibis.null(ZONED))
    return naive, zoned


def _by_format(text: Any, time_format: str) -> tuple[Any, Any]:
    """Return text read by a format as wall-clock times or as instants."""
    if ZONE_DIRECTIVE.search(time_format):
        plain = ZONE_DIRECTIVE.sub("", time_format)
        slow = read_zoned(text, lambda head: _strptime(head, plain))
        usual = text.re_search(FULL_OFFSET)
        quick = ibis.ifelse(usual, _strptime_zoned(text, time_format), None)
        return None, ibis.coalesce(quick, slow)
    if "%z" in time_format or "%Z" in time_format:
        return None, _strptime_zoned(text, time_format)
    return _strptime(text, time_format), None


def _iso(text: Any) -> Any:
    # A comma before the fraction is ISO 8601 too, but no engine reads it.
    with_point = text.re_replace(_COMMA_FRACTION, r"\1.\2")
    return ibis.coalesce(text.try_cast(NAIVE), with_point.try_cast(NAIVE))


def _iso_zoned(text: Any) -> Any:
    # The usual endings need no taking apart, which takes ten times as long.
    together = text.re_replace(" ([+-])", r"\1")
    quick = ibis.cases(
        (text.re_search(PLAIN_OFFSET), text),
        (text.re_search(APART_OFFSET), together),
        (text.re_search(NAMED_UTC), text.re_replace(" ?[A-Z]+$", "Z")),
        else_=ibis.null("string"),
    )
    return ibis.coalesce(quick.try_cast(ZONED), read_zoned(text, _iso))


def _values(
    table: Any, name: str, contract: ColumnContract, time_zone: str
) -> dict[str, Any]:
    """Return the clean column, and the day of a time."""
    if contract.kind == "time":
        return _instant_and_day(table, name, time_zone)
    column = table[_TIDY + name]
    kind = column.type()
    if contract.kind == "number":
        value = _number(column)
    elif contract.kind == "flag":
        value = _flag(column)
    elif contract.kind == "id" and kind.is_floating():
        # pandas writes whole-number ids with gaps as floats.
        value = column.try_cast("int64")
    elif contract.kind == "any" or kind.is_string() or kind.is_integer():
        value = column
    else:
        value = column.cast("string")
    return {_VALUE + name: value}


def _instant_and_day(table: Any, name: str, time_zone: str) -> dict[str, Any]:
    instants, days = [], []
    if _NAIVE_AT + name in table.columns:
        naive = table[_NAIVE_AT + name]
        is_utc = time_zone in {"UTC", "Etc/UTC"}
        shifted = naive if is_utc else localised(time_zone, naive)
        instants.append(shifted if is_utc else _wall_clock("UTC", shifted))
        days.append(naive.date())
    if _ZONED_AT + name in table.columns:
        zoned = table[_ZONED_AT + name]
        instants.append(_wall_clock("UTC", zoned))
        days.append(_wall_clock(time_zone, zoned).date())
    return {
        _VALUE + name: ibis.coalesce(*instants) if len(instants) > 1 else instants[0],
        _DAY + name: ibis.coalesce(*days) if len(days) > 1 else days[0],
    }


def _number(column: Any) -> Any:
    kind = column.type()
    if kind.is_string():
        # The engine would take 1_000 for a number.
        plain = ~column.contains("_")
        return ibis.ifelse(plain, column.try_cast("float64"), ibis.null("float64"))
    if kind.is_numeric() and not kind.is_boolean():
        return column.cast("float64")
    return ibis.null("float64")


def _flag(column: Any) -> Any:
    kind = column.type()
    if kind.is_boolean():
        return column.fill_null(False)
    if kind.is_numeric():
        return (column != 0).fill_null(False)
    return column.cast("string").lower().isin(_TRUE).fill_null(False)


def _faults(table: Any, contract: ColumnContract) -> list[tuple[str, Any]]:
    """Return what can be wrong with a column; of the first kind, that it is missing."""
    name = contract.name
    tidy, value = table[_TIDY + name], table[_VALUE + name]
    missing = tidy.isnull() & (not contract.nullable)
    faults = [(f"missing_{name}", missing)]
    if contract.kind == "time":
        day = table[_DAY + name]
        faults += [
            (f"{name}_unreadable", value.isnull() & tidy.notnull()),
            (f"{name}_impossible", (day < EARLIEST) | (day >= LATEST)),
        ]
    elif contract.kind == "number":
        faults += [
            (f"{name}_not_a_number", value.isnull() & tidy.notnull()),
            (f"{name}_not_finite", value.isnan() | value.isinf()),
        ]
        if contract.lower is not None and contract.upper is not None:
            outside = (value < contract.lower) | (value > contract.upper)
            faults.append((f"{name}_implausible", outside))
    elif contract.kind == "id" and tidy.type().is_floating():
        # Of two floats that large, each may stand for the other's id.
        exact = (tidy.abs() < _EXACT_FLOAT) & (tidy % 1 == 0)
        faults.append((f"{name}_not_whole", ~exact))
    elif contract.kind == "flag":
        if not tidy.type().is_string():
            return []
        known = tidy.lower().isin(_TRUE + _FALSE).fill_null(True)
        return [(f"{name}_not_a_flag", ~known)]
    return faults if contract.required or len(faults) > 1 else []


def first_fault(faults: list[tuple[str, Any]]) -> Any:
    """Return the number of the first fault that applies to a row, from 1."""
    numbered = [
        (where.fill_null(False), ibis.literal(number, "int8"))
        for number, (_, where) in enumerate(faults, start=1)
    ]
    return ibis.cases(*numbered, else_=ibis.null("int8"))
