"""Turn raw columns into clean ones, and say what is wrong with each value.

An Ibis column of any type comes in; a `Parsed` goes out: the clean expression and, for
each way in which a value can be wrong, a boolean expression. Intake and the model
endpoint share these rules, so that a history sent to the endpoint means what the same
rows in a file mean. Nothing is computed here: the engine does that later.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from regulars.data.contract import EARLIEST, LATEST, day_name

if TYPE_CHECKING:
    from regulars.data.contract import ColumnContract

MISSING = ("", "null", "none", "nan", "na", "n/a", "<na>", "nat", "\\n")
"""Texts, in lower case, that stand for no value at all."""

_TRUE = ("true", "t", "yes", "y", "1", "1.0")
_FALSE = ("false", "f", "no", "n", "0", "0.0", *MISSING)
_ZONED = dt.Timestamp(timezone="UTC")
_NAIVE = dt.Timestamp()


def _engine_function(name: str, inputs: tuple[Any, Any], output: Any) -> Any:
    def body(first: Any, second: Any) -> Any:
        """Stand for a function of the engine; never run."""

    return ibis.udf.scalar.builtin(body, name=name, signature=(inputs, output))


_strptime = _engine_function("try_strptime", (dt.string, dt.string), _NAIVE)
_strptime_zoned = _engine_function("try_strptime", (dt.string, dt.string), _ZONED)
_localised = _engine_function("timezone", (dt.string, _NAIVE), _ZONED)
_wall_clock = _engine_function("timezone", (dt.string, _ZONED), _NAIVE)


@dataclass(frozen=True)
class Parsed:
    """A clean column and what can be wrong with it.

    Parameters
    ----------
    values : dict of str to ibis.Value
        Clean columns by name: one, or for a time the instant and its day.
    faults : tuple of (str, ibis.BooleanValue)
        Reason and where it applies; the first that applies counts.

    Examples
    --------
    >>> from regulars.data.contract import TABLES
    >>> table = ibis.memtable({"amount": ["5", "x"]})
    >>> column = TABLES["transactions"].column("amount")
    >>> [reason for reason, _ in parse(table.amount, column).faults]
    ['missing_amount', 'amount_not_a_number', 'amount_not_finite', 'amount_implausible']
    """

    values: dict[str, Any]
    faults: tuple[tuple[str, Any], ...] = ()

    @property
    def is_faulty(self) -> Any:
        """Whether any fault applies."""
        if not self.faults:
            return ibis.literal(False)
        return functools.reduce(operator.or_, (where for _, where in self.faults))


def parse(
    column: Any,
    contract: ColumnContract,
    *,
    time_zone: str = "UTC",
    time_format: str | None = None,
) -> Parsed:
    """Return the clean form of a column and its faults.

    Blanks around text are dropped, and texts such as ``null`` or ``n/a`` count as
    missing. An optional column is never at fault but for a flag: what cannot be read
    becomes null (the caller counts it).

    Parameters
    ----------
    column : ibis.Column
    contract : ColumnContract
    time_zone : str, default='UTC'
        Zone in which times without an offset are read. A time that the clocks skip in
        spring moves forward by the hour they skip; of one that occurs twice in
        autumn the second is meant.
    time_format : str or None
        strptime format; None reads ISO 8601 and yyyymmdd.

    Returns
    -------
    Parsed

    Examples
    --------
    >>> from regulars.data.contract import TABLES
    >>> table = ibis.memtable({"t": ["2024-07-01 01:30", "20240701"]})
    >>> when = TABLES["transactions"].column("order_time")
    >>> parsed = parse(table.t, when, time_zone="Europe/Berlin")
    >>> table.select(**parsed.values).order_time.execute().astype(str).tolist()
    ['2024-06-30 23:30:00', '2024-06-30 22:00:00']
    """
    if contract.kind == "time":
        parsed = _parse_time(column, contract, time_zone, time_format)
    elif contract.kind == "number":
        parsed = _parse_number(column, contract)
    elif contract.kind == "flag":
        return _parse_flag(column, contract)
    elif contract.kind == "id":
        parsed = _parse_id(column, contract)
    else:
        parsed = _parse_text(column, contract)
    if contract.required:
        return parsed
    cleared = {
        name: ibis.ifelse(parsed.is_faulty, ibis.null(value.type()), value)
        for name, value in parsed.values.items()
    }
    return Parsed(cleared if parsed.faults else parsed.values)


def is_missing(column: Any) -> Any:
    """Return where a raw column holds no value.

    Parameters
    ----------
    column : ibis.Column

    Returns
    -------
    ibis.BooleanColumn
        Null, NaN in a column of floats, or a text of `MISSING`.

    Examples
    --------
    >>> table = ibis.memtable({"id": ["7", " n/a "]})
    >>> is_missing(table.id).execute().tolist()
    [False, True]
    """
    if column.type().is_string():
        return column.isnull() | column.strip().lower().isin(MISSING)
    if column.type().is_floating():
        return column.isnull() | column.isnan()
    return column.isnull()


def _parse_id(column: Any, contract: ColumnContract) -> Parsed:
    missing = is_missing(column)
    faults = [(f"missing_{contract.name}", missing)]
    kind = column.type()
    if kind.is_string():
        value = column.strip()
    elif kind.is_integer():
        value = column
    elif kind.is_floating() or kind.is_decimal():
        # pandas writes whole-number ids with gaps as floats.
        value = column.try_cast("int64")
        faults.append((f"{contract.name}_not_whole", column != column.round()))
    else:
        value = column.cast("string")
    value = ibis.ifelse(missing, ibis.null(value.type()), value)
    return Parsed({contract.name: value}, () if contract.nullable else tuple(faults))


def _parse_text(column: Any, contract: ColumnContract) -> Parsed:
    if column.type().is_string():
        value = ibis.ifelse(is_missing(column), ibis.null("string"), column.strip())
    else:
        value = column if contract.kind == "any" else column.cast("string")
    if contract.required and not contract.nullable:
        return Parsed(
            {contract.name: value}, ((f"missing_{contract.name}", value.isnull()),)
        )
    return Parsed({contract.name: value})


def _parse_number(column: Any, contract: ColumnContract) -> Parsed:
    name, kind = contract.name, column.type()
    missing = column.isnull()
    if kind.is_string():
        text = column.strip()
        missing = missing | (text == "")
        # The engine would take 1_000 for a number.
        value = ibis.ifelse(
            text.contains("_"), ibis.null("float64"), text.try_cast("float64")
        )
    elif kind.is_numeric() and not kind.is_boolean():
        value = column.cast("float64")
    else:
        value = ibis.null("float64")
    faults = [
        (f"missing_{name}", missing),
        (f"{name}_not_a_number", value.isnull()),
        (f"{name}_not_finite", value.isnan() | value.isinf()),
    ]
    beyond = [
        bound
        for bound in (
            None if contract.lower is None else value < contract.lower,
            None if contract.upper is None else value > contract.upper,
        )
        if bound is not None
    ]
    if beyond:
        faults.append((f"{name}_implausible", functools.reduce(operator.or_, beyond)))
    return Parsed({name: value}, tuple(faults))


def _parse_flag(column: Any, contract: ColumnContract) -> Parsed:
    name, kind = contract.name, column.type()
    if kind.is_boolean():
        return Parsed({name: column.fill_null(False)})
    if kind.is_numeric():
        return Parsed({name: (column != 0).fill_null(False)})
    text = column.cast("string").strip().lower()
    wrong = ~(text.isin(_TRUE + _FALSE).fill_null(True))
    return Parsed(
        {name: text.isin(_TRUE).fill_null(False)}, ((f"{name}_not_a_flag", wrong),)
    )


def _parse_time(
    column: Any, contract: ColumnContract, time_zone: str, time_format: str | None
) -> Parsed:
    name = contract.name
    naive, zoned = _moments(column, time_format)
    instants, days = [], []
    if naive is not None:
        utc = time_zone in {"UTC", "Etc/UTC"}
        shifted = naive if utc else _wall_clock("UTC", _localised(time_zone, naive))
        instants.append(shifted)
        days.append(naive.date())
    if zoned is not None:
        instants.append(_wall_clock("UTC", zoned))
        days.append(_wall_clock(time_zone, zoned).date())
    instant = ibis.coalesce(*instants) if len(instants) > 1 else instants[0]
    day = ibis.coalesce(*days) if len(days) > 1 else days[0]
    faults = []
    if not contract.nullable:
        faults.append((f"missing_{name}", is_missing(column)))
    faults += [
        (f"{name}_unreadable", instant.isnull() & ~is_missing(column)),
        (f"{name}_impossible", (day < EARLIEST) | (day >= LATEST)),
    ]
    return Parsed({name: instant, day_name(name): day}, tuple(faults))


def _moments(column: Any, time_format: str | None) -> tuple[Any, Any]:
    """Return the column as wall-clock times and as instants; either may be None."""
    kind = column.type()
    if kind.is_timestamp():
        if kind.timezone is None:
            return column.cast(_NAIVE), None
        return None, column.cast(_ZONED)
    if kind.is_date():
        return column.cast(_NAIVE), None
    if kind.is_floating() or kind.is_decimal():
        column = column.try_cast("int64")
    if not (kind.is_string() or kind.is_numeric()) or kind.is_boolean():
        return ibis.null(_NAIVE), None
    text = column.cast("string").strip()
    if time_format is not None:
        if "%z" in time_format or "%Z" in time_format:
            return None, _strptime_zoned(text, time_format)
        return _strptime(text, time_format), None
    return _iso_moments(text)


def _iso_moments(text: Any) -> tuple[Any, Any]:
    is_iso = text.substr(4, 1).isin(["-", "/"])
    length = text.length()
    # An offset or a zone's name can only stand behind a time of day.
    signs = functools.reduce(
        operator.or_,
        (text.substr(length - back, 1).isin(["+", "-"]) for back in (3, 5, 6)),
    )
    last = text.right(1).upper()
    has_zone = (length > 13) & (signs | ((last >= "A") & (last <= "Z")))
    naive = ibis.cases(
        (is_iso & ~has_zone, text.try_cast(_NAIVE)),
        (text.re_search("^[0-9]{8}$"), _strptime(text, "%Y%m%d")),
        else_=ibis.null(_NAIVE),
    )
    zoned = ibis.ifelse(is_iso & has_zone, text.try_cast(_ZONED), ibis.null(_ZONED))
    return naive, zoned


def parse_format(text: Any, time_format: str) -> Any:
    """Return text read by a strptime format, null where it does not fit.

    Parameters
    ----------
    text : ibis.StringValue
    time_format : str
        Without a zone.

    Returns
    -------
    ibis.TimestampValue

    Examples
    --------
    >>> table = ibis.memtable({"t": ["31.12.2024"]})
    >>> parse_format(table.t, "%d.%m.%Y").execute().astype(str).tolist()
    ['2024-12-31']
    """
    return _strptime(text, time_format)


def first_fault(faults: list[tuple[str, Any]]) -> Any:
    """Return the number of the first fault that applies to a row, from 1.

    Parameters
    ----------
    faults : list of (str, ibis.BooleanValue)

    Returns
    -------
    ibis.IntegerValue
        Null where none applies.

    Examples
    --------
    >>> table = ibis.memtable({"a": [1, 2, 3]})
    >>> first_fault([("two", table.a > 1), ("three", table.a > 2)]).execute().tolist()
    [nan, 1.0, 1.0]
    """
    if not faults:
        return ibis.null("int8")
    numbered = [
        (where.fill_null(False), ibis.literal(number, "int8"))
        for number, (_, where) in enumerate(faults, start=1)
    ]
    return ibis.cases(*numbered, else_=ibis.null("int8"))
