"""Rows of a request that need none of the intake's care, read without an engine.

Nearly every request is written by a program: times in ISO form, numbers as numbers, no
stray blanks. Such rows are read here, in a hundredth of the time. Wherever a row could
mean something else to the intake, the answer is None and the request goes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.contract import EARLIEST, LATEST, TABLES
from regulars.data.ledger import LARGEST_AMOUNT
from regulars.data.parsing import MISSING

if TYPE_CHECKING:
    from regulars.data.contract import ColumnContract

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_DAY_OR_TIME = f"^{_DAY}({_CLOCK})?$"
_ZONED_TIME = f"^{_DAY}{_CLOCK}(Z|[+-][0-9]{{2}}:[0-9]{{2}})$"
BLANKS = "".join(map(chr, range(0x21)))
_LONGEST_DAY = len("2024-01-31")
_MISSING = pa.array(MISSING)


def read_plain(rows: pa.Table, time_zone: str) -> pa.Table | None:
    """Return transactions in the clean form, or None where any row is in doubt."""
    columns, texts = {}, []
    for name in rows.column_names:
        values = rows[name].combine_chunks()
        contract = TABLES["transactions"].column(name)
        if contract.kind == "time":
            times = _times(values)
            # a wall clock elsewhere shows some hours twice and others never
            if times is None or not (time_zone == "UTC" or _are_days(values)):
                return None
            columns[name] = times
            columns["order_date"] = times.cast(pa.date32(), safe=False)
        elif _is_plain(values, contract):
            columns[name] = values
            if pa.types.is_string(values.type):
                texts.append(values)
        else:
            return None
    # at once: each step costs a request of one customer more than its rows
    if not _are_plain_texts(pa.concat_arrays(texts)):
        return None
    is_negative = pc.less(columns["amount"], 0.0)
    columns["is_return"] = pc.or_(columns["is_return"], is_negative)
    return pa.table(columns)


def _times(texts: pa.Array) -> pa.Array | None:
    """Return ISO times, or None where one is missing, of another form or impossible."""
    if not pa.types.is_string(texts.type) or texts.null_count:
        return None
    if _all(pc.match_substring_regex(texts, _DAY_OR_TIME)):
        zone = None
    elif _all(pc.match_substring_regex(texts, _ZONED_TIME)):
        zone = "UTC"
    else:
        return None
    try:
        times = texts.cast(pa.timestamp("us", zone)).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:  # the 30th of February
        return None
    days = times.cast(pa.date32(), safe=False)
    known = pc.and_(pc.greater_equal(days, EARLIEST), pc.less(days, LATEST))
    return times if _all(known) else None


def _are_days(texts: pa.Array) -> bool:
    return _all(pc.equal(pc.utf8_length(texts), _LONGEST_DAY))


def _is_plain(values: pa.Array, contract: ColumnContract) -> bool:
    if contract.required and values.null_count:
        return False
    if contract.kind == "number":
        return _are_numbers(values, contract)
    if contract.kind == "flag":
        return bool(pa.types.is_boolean(values.type))
    return bool(pa.types.is_string(values.type))


def _are_plain_texts(values: pa.Array) -> bool:
    known = values.drop_null()
    trimmed = pc.ascii_trim(known, characters=BLANKS)
    nothing = pc.is_in(pc.ascii_lower(known), _MISSING)
    return _all(pc.equal(trimmed, known)) and _none(nothing)


def _are_numbers(values: pa.Array, contract: ColumnContract) -> bool:
    if not pa.types.is_float64(values.type):
        return False
    low, high = contract.lower, contract.upper
    assert low is not None
    assert high is not None
    known = values.drop_null()
    inside = pc.and_(pc.greater_equal(known, low), pc.less_equal(known, high))
    # NaN is not inside anything
    return _all(inside) and _all(pc.less(pc.abs(known), LARGEST_AMOUNT))


def _all(flags: pa.Array) -> bool:
    return bool(pc.all(flags, min_count=0).as_py())


def _none(flags: pa.Array) -> bool:
    return not pc.any(flags, min_count=0).as_py()
