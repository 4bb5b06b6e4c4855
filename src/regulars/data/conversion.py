"""Turn files that the engine does not read as they are into text that it does.

Files are looked at, and JSON and workbooks converted, once a process as long as they do
not change: several steps read the same file one after the other.
"""

from __future__ import annotations

import atexit
import functools
import glob
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from regulars.data.files import inspect_file, rewrite
from regulars.data.json_records import rewrite_json
from regulars.data.locating import locate_files, split_sheet
from regulars.data.workbooks import rewrite_sheet
from regulars.errors import ConfigError, DataError

if TYPE_CHECKING:
    from regulars.data.files import SourceFile

    _State = tuple[str, int, int]
    Converted = tuple[SourceFile | None, tuple[str, ...]]

_ENCODINGS = {"cp1252": "Windows-1252 (Latin-1)", "utf-16": "UTF-16"}
_inspected: dict[_State, SourceFile | None] = {}
_converted: dict[tuple[_State, str], Converted] = {}


def open_files(path: str, folder: Path) -> tuple[list[SourceFile], list[str]]:
    """Return the files of a path as the engine can read them, and what was done.

    Copies of text files in another form are written to `folder`.
    """
    files: list[SourceFile] = []
    notices: list[str] = []
    _, sheet = split_sheet(path)
    for place in locate_files(path):
        source = _inspect_once(place)
        if sheet and source is not None and source.kind != "excel":
            msg = f"'{path}': '{place.name}' is no workbook, so it has no sheets."
            raise ConfigError(msg)
        if source is not None:
            source, done = _readable(source, sheet, folder / f"{len(files)}.txt")
            notices += done
        if source is None:
            notices.append(f"'{place.name}' is empty.")
        else:
            files.append(source)
    if not files:
        msg = f"'{path}' is empty: it holds no header and no rows. Export it again."
        raise DataError(msg)
    if len({file.kind for file in files}) > 1:
        msg = (
            f"'{path}' means parquet and text files at once. Name one kind only, such "
            "as *.parquet."
        )
        raise ConfigError(msg)
    return files, notices


def column_names(file: Path) -> tuple[str, ...]:
    """Return the names of a file's columns."""
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        (source, *_), _ = open_files(glob.escape(str(file)), Path(folder))
    if source.kind == "parquet":
        return tuple(pq.read_schema(source.path).names)
    return source.header


def _readable(source: SourceFile, sheet: str, target: Path) -> Converted:
    if source.kind in {"json", "excel"}:
        return _convert_once(source, sheet)
    notices: tuple[str, ...] = ()
    if source.encoding in _ENCODINGS:
        how = _ENCODINGS[source.encoding]
        notices = (f"'{source.label}' is not UTF-8; it was read as {how}.",)
    return (source if source.is_plain else rewrite(source, target)), notices


def _state(file: Path) -> _State:
    """Return what tells whether a file is still the same."""
    state = file.stat()
    return str(file.absolute()), state.st_size, state.st_mtime_ns


def _inspect_once(file: Path) -> SourceFile | None:
    key = _state(file)
    if key not in _inspected:
        _inspected[key] = inspect_file(file)
    source = _inspected[key]
    return None if source is None else replace(source, path=file)


def _convert_once(source: SourceFile, sheet: str) -> Converted:
    key = (_state(source.path), sheet)
    known = _converted.get(key)
    if known is None or (known[0] is not None and not known[0].path.exists()):
        target = _folder() / f"{len(_converted)}.txt"
        if source.kind == "json":
            known = rewrite_json(source, target)
        else:
            known = rewrite_sheet(source, sheet, target)
        _converted[key] = known
    return known


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="regulars-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
