"""Put a source before the engine as one view of its own columns.

Every column of a text file is still text in it, so that leading zeros and broken values
survive until they are checked.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from regulars.data.alignment import (
    FileColumns,
    Need,
    align_columns,
    needed_columns,
)
from regulars.data.conversion import open_files
from regulars.data.engine import readable_errors, remote_of
from regulars.data.names import quote_name, quote_text, unique_names
from regulars.data.postgres_tables import wanted_columns
from regulars.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from regulars.config import TableSettings
    from regulars.data.files import SourceFile

FILE_NUMBER = "__file"
"""Column of the view that numbers the files, from 1."""

_NUMBERS = itertools.count(1)
_POSITION = re.compile(r"column\d+")
_LOOKS_LIKE_DATA = re.compile(r"[-+]?[\d.,:/ -]*\d[\d.,:/ -]*")


@dataclass(frozen=True)
class RawTable:
    r"""A source as the engine sees it, before any column is given a meaning."""

    view: str
    table: Any
    columns: tuple[str, ...]
    label: str
    repeated: frozenset[str] = frozenset()  # names, in small letters, that stand twice
    files: tuple[SourceFile, ...] = ()
    rejects: str = ""  # the engine's table of lines that it could not split
    headless: str = ""  # the first line, where it looks like data
    notices: tuple[str, ...] = ()
    has_header: bool = True
    is_loaded: bool = False  # read in full, its rejects with it


def read_raw(
    name: str,
    settings: TableSettings,
    connection: Any,
    folder: Path,
    needed: Iterable[str] = (),
) -> RawTable:
    """Make a view of one source."""
    if settings.table is not None:
        return _read_database_table(name, settings, connection, needed)
    path = settings.path or ""
    if connection.name != "duckdb":
        msg = (
            f"source.{name}.path '{path}': files are read by DuckDB, but source.engine "
            f"is {connection.name}. Use engine 'duckdb://', or name a 'table'."
        )
        raise ConfigError(msg)
    needs = [*needed_columns(name, settings), *(Need((each,)) for each in needed)]
    return _read_files(path, _view_name(name), needs, settings, connection, folder)


def _read_database_table(
    name: str, settings: TableSettings, connection: Any, needed: Iterable[str]
) -> RawTable:
    table, view = settings.table or "", _view_name(name)
    remote, repeated = remote_of(connection), frozenset[str]()
    if remote is None:
        source = _table_of_engine(name, table, connection)
    else:
        wanted = wanted_columns(name, settings, needed)
        setting = f"source.{name}.table '{table}'"
        copied = remote.copy(table, setting, wanted, connection, f"{view}_copy")
        source, repeated = connection.table(f"{view}_copy"), _repeated(copied)
    numbered = source.mutate(**{FILE_NUMBER: 1})
    if connection.name == "duckdb":
        sql = connection.compile(numbered)
        connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {view} AS {sql}")
    names = tuple(source.columns)
    return RawTable(view, numbered, names, f"table {table}", repeated)


def _table_of_engine(name: str, table: str, connection: Any) -> Any:
    *schema, leaf = table.split(".")
    if len(schema) == 1 and connection.name == "duckdb":
        # A file shop.duckdb with a schema 'shop' needs both to be named.
        schema = [connection.current_catalog, *schema]
    database = tuple(schema) if len(schema) > 1 else (schema[0] if schema else None)
    try:
        with readable_errors(f"source.{name}.table '{table}'", ConfigError):
            return connection.table(leaf, database=database)
    except ConfigError as error:
        known = _known_tables(connection)
        listed = f" It has {', '.join(known[:20])}." if known else ""
        msg = (
            f"source.{name}.table: the database has no table '{table}'."
            f"{suggestion(table, known)}{listed} Write it as schema.table."
        )
        raise ConfigError(msg) from error


def _view_name(name: str) -> str:
    # Numbered, so that two intakes can share a connection.
    return f"regulars_{next(_NUMBERS)}_{name}"


def _known_tables(connection: Any) -> list[str]:
    if connection.name != "duckdb":
        return []
    rows = connection.raw_sql(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_name NOT LIKE 'regulars_%' ORDER BY 1"
    ).fetchall()
    names = [row[0] for row in rows]
    return [name.removeprefix("main.") for name in names]


def _read_files(
    path: str,
    view: str,
    needs: Iterable[Need],
    settings: TableSettings,
    connection: Any,
    folder: Path,
) -> RawTable:
    files, notices = open_files(path, folder)
    text = files[0].kind == "text"
    header = _has_header(files, settings)
    with readable_errors(f"'{path}'"):
        columns = [_columns_of(file, header, connection) for file in files]

    def has_values(number: int, name: str) -> bool:
        place = _parquet(files[number])
        rows = connection.raw_sql(f"SELECT count({quote_name(name)}) > 0 FROM {place}")
        return bool(rows.fetchone()[0])

    named = _labelled(columns, files)
    spelled, more = align_columns(named, needs, has_values, header=header)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, file in enumerate(files):
        key = (file.delimiter, columns[number].names, columns[number].types)
        groups.setdefault((*key, file.origin is None), []).append(number)
    rejects = f"{view}_rejects" if text else ""
    selects = [
        _select(files, numbers, header, rejects, spelled[numbers[0]])
        for numbers in groups.values()
    ]
    with readable_errors(f"'{path}'"):
        body = " UNION ALL BY NAME ".join(selects)
        connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {view} AS {body}")
        table = connection.table(view)
    return RawTable(
        view=view,
        table=table,
        columns=tuple(column for column in table.columns if column != FILE_NUMBER),
        label=f"'{path}'",
        repeated=frozenset().union(*(_repeated(file.header) for file in files)),
        files=tuple(files),
        rejects=rejects,
        headless=_headless(files[0]) if text and header else "",
        notices=(*notices, *more),
        has_header=header,
    )


def _columns_of(file: SourceFile, header: bool, connection: Any) -> FileColumns:
    folders = tuple(_partitions(file))
    if file.kind == "text":
        own = unique_names(file.header, header_line=header)
        return FileColumns(file.label, (*own, *folders), _headless(file))
    place = _parquet(file)
    described = connection.raw_sql(f"DESCRIBE SELECT * FROM {place}").fetchall()
    types = tuple((row[0], row[1]) for row in described)
    return FileColumns(file.label, (*(name for name, _ in types), *folders), "", types)


def _parquet(file: SourceFile) -> str:
    return f"read_parquet({quote_text(str(file.path))}, hive_partitioning = false)"


def _labelled(columns: list[FileColumns], files: list[SourceFile]) -> list[FileColumns]:
    """Name files by their folder too where several have the same name."""
    labels = [each.label for each in columns]
    return [
        each
        if labels.count(each.label) == 1
        else replace(each, label="/".join((file.origin or file.path).parts[-2:]))
        for each, file in zip(columns, files, strict=True)
    ]


def _partitions(file: SourceFile) -> dict[str, str]:
    """Return what the names of the folders say, as in ``month=01``."""
    parts = (file.origin or file.path).parent.parts
    pairs = [part.split("=") for part in parts if part.count("=") == 1]
    return {name: unquote(value) for name, value in pairs if name and value}


def _has_header(files: list[SourceFile], settings: TableSettings) -> bool:
    """Say whether the first lines are headers.

    A file without a header is read by naming its columns ``column1``, ``column2``, ...
    """
    named = [str(getattr(s, "sql", s)) for s in settings.columns.values()]
    by_position = [name for name in named if _POSITION.search(name)]
    header = {name.lower() for file in files for name in file.header}
    return not by_position or any(_POSITION.fullmatch(name) for name in header)


def _headless(file: SourceFile) -> str:
    if any(_LOOKS_LIKE_DATA.fullmatch(cell) for cell in file.header):
        return (file.delimiter.strip() or " ").join(file.header)
    return ""


def _repeated(header: Iterable[str]) -> frozenset[str]:
    lower = [name.lower() for name in header]
    return frozenset(name for name in lower if name and lower.count(name) > 1)


def _select(
    files: list[SourceFile],
    numbers: list[int],
    header: bool,
    rejects: str,
    spelling: dict[str, str],
) -> str:
    """Return the query of files with the same columns, under their common spelling."""
    group = [files[number] for number in numbers]
    listed = "[" + ", ".join(quote_text(str(file.path)) for file in group) + "]"
    first = group[0]
    folders = _partitions(first)
    is_copy = first.origin is not None
    options = [
        listed,
        "filename = '__path'",
        f"hive_partitioning = {str(bool(folders) and not is_copy).lower()}",
        "hive_types_autocast = false",
    ]
    if first.kind == "parquet":
        reader = f"read_parquet({', '.join([*options, 'union_by_name = true'])})"
    else:
        names = unique_names(first.header, header_line=header)
        types = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
        options += [
            "auto_detect = false",
            f"delim = {quote_text(first.delimiter)}",
            "quote = '\"'",
            "escape = '\"'",
            f"header = {str(header).lower()}",
            f"columns = {{{types}}}",
            "store_rejects = true",
            "rejects_limit = 0",
            f"rejects_table = '{rejects}'",
            f"rejects_scan = '{rejects}_scan'",
        ]
        reader = f"read_csv({', '.join(options)})"
    renamed = ", ".join(
        f"{quote_name(name)} AS {quote_name(common)}"
        for name, common in spelling.items()
        if name != common
    )
    selected = "* EXCLUDE (__path)" + (f" RENAME ({renamed})" if renamed else "")
    if is_copy:
        # The copy lies elsewhere, so the names of the folders have to be written out.
        for name in folders:
            values = [quote_text(_partitions(file)[name]) for file in group]
            selected += f", {_by_file(values, listed)} AS {quote_name(name)}"
    number = _by_file([str(number + 1) for number in numbers], listed)
    number = f"CAST({number} AS SMALLINT) AS {FILE_NUMBER}"
    return f"SELECT {selected}, {number} FROM {reader}"


def _by_file(values: list[str], listed: str) -> str:
    """Return an expression that has one of the values for each of the listed files."""
    if len(values) == 1:
        return values[0]
    return f"[{', '.join(values)}][list_position({listed}, __path)]"


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """Return a column by its name, else by its name but for case and outer blanks."""
    columns = tuple(columns)
    if name in columns:
        return name
    key = name.strip().lower()
    near = [column for column in columns if column.strip().lower() == key]
    return near[0] if len(near) == 1 else None


def has_rejects(raw: RawTable, connection: Any) -> bool:
    """Say whether the engine has met lines of a source that it could not split."""
    if not raw.rejects:
        return False
    tables = connection.raw_sql(
        f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{raw.rejects}'"
    )
    return bool(tables.fetchone()[0])
