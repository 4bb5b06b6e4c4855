"""Rewrite JSON records, one a line or in a list, as rows of text.

Whole numbers keep all their digits, objects inside a record become columns such as
``customer.id``, and lists inside a record stay JSON text.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from regulars.data.contents import ending_of
from regulars.data.files import open_bytes
from regulars.data.lines import UNIT, LineCount, RowWriter, text_of_float
from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from regulars.data.files import SourceFile
    from regulars.data.lines import Cell

    Record = dict[str, Any]

_LINE_ENDINGS = (".jsonl", ".ndjson")
_BETWEEN = re.compile(r"[\s,]*")
_LOOK_AHEAD = 1_000
_ADVICE = (
    "Write a list of records, or one record a line; with pandas: "
    "to_json(path, orient='records')."
)
_PLAIN = {str, int, type(None)}
# Control characters inside texts are common, and do no harm.
_decode = json.JSONDecoder(strict=False).raw_decode


@dataclass(frozen=True)
class _Pass:
    """What one reading of a file has written."""

    lines: LineCount
    n_records: int = 0
    n_broken: int = 0
    is_complete: bool = True
    notices: tuple[str, ...] = ()


def rewrite_json(
    source: SourceFile, target: Path
) -> tuple[SourceFile | None, tuple[str, ...]]:
    """Write the records as rows of text, and say what was done; None without records.

    A line that is no record is written as it is, so that the engine sets it aside.
    """
    names: dict[str, None] = {}
    done = _write(source, target, names)
    if not done.is_complete:
        # Fields that came late: now all are known.
        done = _write(source, target, names)
    if not done.n_records:
        if done.n_broken:
            msg = f"'{source.path}': no line of it is a record. {_ADVICE}"
            raise DataError(msg)
        return None, ()
    written = replace(
        source,
        path=target,
        kind="text",
        encoding="utf-8",
        delimiter=UNIT,
        header=tuple(name.strip() for name in names),
        lines=done.lines,
        origin=source.path,
    )
    return written, done.notices


def _write(source: SourceFile, target: Path, names: dict[str, None]) -> _Pass:
    notices: list[str] = []
    records = _records(source, notices)
    first = list(itertools.islice(records, _LOOK_AHEAD))
    for record in first:
        names.update(dict.fromkeys(() if isinstance(record, str) else _flat(record)))
    header = list(names)
    if not header:
        return _Pass(LineCount(), n_broken=len(first))
    n_records = n_broken = 0
    with RowWriter(target) as writer:
        writer.add(header)
        for record in itertools.chain(first, records):
            if isinstance(record, str):
                writer.add_broken(record)
                n_broken += 1
                continue
            flat = _flat(record)
            if list(flat) == header:
                values = list(flat.values())
            else:
                names.update(dict.fromkeys(flat))
                values = [flat.get(name) for name in header]
            if not _PLAIN.issuperset(map(type, values)):
                values = [_cell(value) for value in values]
            writer.add(values)
            n_records += 1
        lines = writer.count
    complete = len(names) == len(header)
    return _Pass(lines, n_records, n_broken, complete, tuple(notices))


def _flat(record: Record) -> Record:
    """Return a record whose inner objects are columns named ``outer.inner``."""
    if dict not in map(type, record.values()):
        return record
    pairs = list(_pairs(record, ""))
    flat = dict(pairs)
    if len(flat) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"A record has the field '{twice}' twice: as it is, and in an object."
        raise DataError(msg)
    return flat


def _pairs(record: Record, outer: str) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if type(value) is dict and value:
            yield from _pairs(value, f"{outer}{key}.")
        else:
            yield f"{outer}{key}", value


def _cell(value: Any) -> Cell:
    kind = type(value)
    if kind in _PLAIN:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return text_of_float(value)
    return json.dumps(value, ensure_ascii=False) if value else None


def _records(source: SourceFile, notices: list[str]) -> Iterator[Record | str]:
    """Yield the records of a file; a line that is none is yielded as text."""
    encoding = "utf-8-sig" if source.encoding == "utf-8" else source.encoding
    with io.TextIOWrapper(open_bytes(source.path), encoding=encoding) as stream:
        head = _first_lines(stream)
        if _is_lines(head, source.path):
            lines = itertools.chain(head, stream)
            yield from (_record_or_line(line) for line in lines if line.strip())
            return
        text = "".join(head) + stream.read()
    yield from _records_of_text(text, source, notices)


def _first_lines(stream: TextIO) -> list[str]:
    """Return the lines up to the second that is not blank."""
    head: list[str] = []
    n_filled = 0
    while n_filled < 2 and (line := stream.readline()):
        head.append(line)
        n_filled += bool(line.strip())
    return head


def _is_lines(head: list[str], file: Path) -> bool:
    """Say whether a file holds one record a line."""
    filled = [line for line in head if line.strip()]
    if filled[0].lstrip().startswith("["):
        return False
    if ending_of(file) in _LINE_ENDINGS:
        return True
    if len(filled) == 1:
        return False
    if isinstance(_record_or_line(filled[0]), dict):
        return True
    # A first line that is broken; not the beginning of an object over several lines.
    opens = filled[0].rstrip().endswith(("{", "[", ",", ":"))
    return not opens and isinstance(_record_or_line(filled[1]), dict)


def _record_or_line(line: str) -> Record | str:
    try:
        value, end = _decode(line, len(line) - len(line.lstrip()))
    except (ValueError, RecursionError):
        return line
    # One record a line with commas between is a list without its brackets.
    is_record = type(value) is dict and line[end:].strip() in {"", ","}
    return value if is_record else line


def _records_of_text(
    text: str, source: SourceFile, notices: list[str]
) -> Iterator[Record]:
    start = len(text) - len(text.lstrip())
    if text[start] == "[":
        yield from _members(text, start + 1, "]", source)
        return
    values = _members(text, start, "", source)
    first, second = next(values, None), next(values, None)
    if first is not None and second is None:
        yield from _unwrapped(first, source, notices)
        return
    yield from itertools.chain((each for each in (first, second) if each), values)


def _members(text: str, start: int, end: str, source: SourceFile) -> Iterator[Record]:
    """Yield records that follow each other, up to a bracket or the end of the text."""
    position = _BETWEEN.match(text, start).end()  # type: ignore[union-attr]
    n_records = 0
    while position < len(text) and text[position] != end:
        try:
            value, position = _decode(text, position)
        except (ValueError, RecursionError) as error:
            raise DataError(_damage(error, source, n_records)) from error
        if type(value) is not dict:
            raise DataError(_no_record(value, source, n_records))
        n_records += 1
        yield value
        position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]
    if end and (position >= len(text) or text[position + 1 :].strip()):
        fault = json.JSONDecodeError("The list does not end here", text, position)
        raise DataError(_damage(fault, source, n_records))


def _damage(error: BaseException, source: SourceFile, n_records: int) -> str:
    where = ""
    if isinstance(error, json.JSONDecodeError):
        where = f" {error.msg}, line {error.lineno:,}, column {error.colno:,}."
    return (
        f"'{source.path}' is not whole JSON: it can be read up to record "
        f"{n_records:,}.{where} Export it again, or mend it there."
    )


def _no_record(value: Any, source: SourceFile, n_records: int) -> str:
    kinds = {list: "a list", str: "a text", type(None): "null", bool: "a truth value"}
    what = kinds.get(type(value), "a number")
    return (
        f"'{source.path}': member {n_records + 1:,} of its list is {what}, not a "
        f'record such as {{"customer_id": 7}}. {_ADVICE}'
    )


def _unwrapped(
    value: Record, source: SourceFile, notices: list[str]
) -> Iterator[Record]:
    """Yield the records of a file that is one object: the one list of records in it."""
    lists = list(_lists(value, ()))
    lists = [each for each in lists if each[1]] or lists
    nearest = min((len(path) for path, _ in lists), default=0)
    lists = [each for each in lists if len(each[0]) == nearest]
    if len(lists) == 1:
        path, records = lists[0]
        notices.append(f"'{source.label}': read from its list '{'.'.join(path)}'.")
        yield from records
        return
    if lists:
        names = ", ".join(f"'{'.'.join(path)}'" for path, _ in lists)
        msg = (
            f"'{source.path}' holds several lists of records: {names}. Save the one "
            "that is meant as a file of its own."
        )
        raise DataError(msg)
    if any(type(each) is dict for each in value.values()) and not any(
        type(each) in {str, int, float} for each in value.values()
    ):
        msg = f"'{source.path}' is an object of objects, not of records. {_ADVICE}"
        raise DataError(msg)
    if any(type(each) is list for each in value.values()):
        msg = f"'{source.path}' is an object of lists, not of records. {_ADVICE}"
        raise DataError(msg)
    yield value


def _lists(value: Record, path: tuple[str, ...]) -> Iterator[tuple[Any, list[Record]]]:
    """Yield each list of records inside an object, with the way to it."""
    for key, each in value.items():
        if type(each) is list and all(type(member) is dict for member in each):
            yield (*path, key), each
        elif type(each) is dict:
            yield from _lists(each, (*path, key))
