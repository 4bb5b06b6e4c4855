"""Put a source, whatever it is, before the engine as one view of its own columns.

A table's settings and a connection come in; a `RawTable` goes out: a view in which
every column of a text file is still text, so that leading zeros and broken values
survive until they are checked, and a number that says which file a row came from.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.data.engine import told
from regulars.data.files import (
    SourceFile,
    inspect_file,
    locate_files,
    rewrite,
)
from regulars.errors import ConfigError, DataError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from regulars.config import TableSettings

FILE_NUMBER = "__file"
"""Column of the view that numbers the files, from 1."""

_NUMBERS = itertools.count(1)
_POSITION = re.compile(r"column\d+")
_LOOKS_LIKE_DATA = re.compile(r"[-+]?[\d.,:/ -]*\d[\d.,:/ -]*")


@dataclass(frozen=True)
class RawTable:
    r"""A source as the engine sees it, before any column is given a meaning.

    Parameters
    ----------
    view : str
        Name of the view in the engine.
    table : ibis.Table
        The view: the source's own columns, then `FILE_NUMBER`.
    columns : tuple of str
        The source's own columns.
    label : str
        What messages call the source.
    repeated : frozenset of str
        Lower-case names that stand more than once in a header.
    files : tuple of SourceFile
        The files, in the order of their numbers; empty for a table of the engine.
    rejects : str
        Table of the lines the engine could not split; empty where there is none.
    headless : str
        First line of a file whose first line looks like data, else empty.
    notices : tuple of str
        What was done about encodings and the like.
    has_header : bool
        Whether the first line of each file names the columns.
    is_loaded : bool
        Whether the one full reading has been done, and the view is of its rows.

    Examples
    --------
    >>> from regulars.config import TableSettings
    >>> from regulars.data.engine import connect
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("id,n\n007,1\n")
    >>> settings = TableSettings(path=str(folder / "a.csv"))
    >>> raw = read_raw("transactions", settings, connect(), folder)
    >>> raw.table.id.execute().tolist()
    ['007']
    """

    view: str
    table: Any
    columns: tuple[str, ...]
    label: str
    repeated: frozenset[str] = frozenset()
    files: tuple[SourceFile, ...] = ()
    rejects: str = ""
    headless: str = ""
    notices: tuple[str, ...] = ()
    has_header: bool = True
    is_loaded: bool = False


def read_raw(
    name: str, settings: TableSettings, connection: Any, folder: Path
) -> RawTable:
    """Make a view of one source.

    Parameters
    ----------
    name : str
        Canonical name of the table.
    settings : TableSettings
    connection : ibis.backends.BaseBackend
    folder : Path
        For rewritten files; must live until the view has been read.

    Returns
    -------
    RawTable

    Raises
    ------
    ConfigError
        The file or table does not exist, or the engine cannot read files.
    DataError
        A file is empty or is not what it seems.

    Examples
    --------
    See `RawTable`.
    """
    if settings.table is not None:
        return _read_database_table(name, settings.table, connection)
    path = settings.path or ""
    if connection.name != "duckdb":
        msg = (
            f"source.{name}.path '{path}': files are read by DuckDB, but source.engine "
            f"is {connection.name}. Use engine 'duckdb://', or name a 'table'."
        )
        raise ConfigError(msg)
    return _read_files(name, path, settings, connection, folder)


def _read_database_table(name: str, table: str, connection: Any) -> RawTable:
    *schema, leaf = table.split(".")
    if len(schema) == 1 and connection.name == "duckdb":
        # A file shop.duckdb with a schema 'shop' needs both to be named.
        schema = [connection.current_catalog, *schema]
    database = tuple(schema) if len(schema) > 1 else (schema[0] if schema else None)
    try:
        with told(f"source.{name}.table '{table}'", ConfigError):
            source = connection.table(leaf, database=database)
    except ConfigError as error:
        known = _known_tables(connection)
        listed = f" It has {', '.join(known[:20])}." if known else ""
        msg = (
            f"source.{name}.table: the database has no table '{table}'."
            f"{suggestion(table, known)}{listed} Write it as schema.table."
        )
        raise ConfigError(msg) from error
    numbered = source.mutate(**{FILE_NUMBER: 1})
    view = _view_name(name)
    if connection.name == "duckdb":
        sql = connection.compile(numbered)
        connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {view} AS {sql}")
    return RawTable(view, numbered, tuple(source.columns), f"table {table}")


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
    name: str, path: str, settings: TableSettings, connection: Any, folder: Path
) -> RawTable:
    files, notices = _inspect_all(path, folder)
    text = files[0].kind == "text"
    header = _has_header(files, settings)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number, file in enumerate(files):
        key = (file.delimiter, file.header if header else len(file.header))
        groups.setdefault(key if text else (), []).append(number)
    view = _view_name(name)
    rejects = f"{view}_rejects" if text else ""
    selects = [
        _select([files[number] for number in numbers], numbers, header, rejects)
        for numbers in groups.values()
    ]
    with told(f"'{path}'"):
        body = " UNION ALL BY NAME ".join(selects)
        connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {view} AS {body}")
        table = connection.table(view)
    return RawTable(
        view=view,
        table=table,
        columns=tuple(column for column in table.columns if column != FILE_NUMBER),
        label=f"'{path}'",
        repeated=frozenset().union(*(_repeated(file) for file in files)),
        files=tuple(files),
        rejects=rejects,
        headless=_headless(files[0]) if text and header else "",
        notices=tuple(notices),
        has_header=header,
    )


def _inspect_all(path: str, folder: Path) -> tuple[list[SourceFile], list[str]]:
    files: list[SourceFile] = []
    notices: list[str] = []
    for found in locate_files(path):
        file = inspect_file(found)
        if file is None:
            notices.append(f"'{found.name}' is empty.")
            continue
        if file.encoding in {"cp1252", "utf-16"}:
            known_as = {"cp1252": "Windows-1252 (Latin-1)", "utf-16": "UTF-16"}
            how = known_as[file.encoding]
            notices.append(f"'{found.name}' is not UTF-8; it was read as {how}.")
        if not file.is_plain:
            file = rewrite(file, folder / f"{len(files)}.txt")
        files.append(file)
    if not files:
        msg = f"'{path}' is empty: it holds no header and no rows. Export it again."
        raise DataError(msg)
    if len({file.kind for file in files}) > 1:
        msg = f"'{path}' means parquet and text files at once. Name one kind only."
        raise ConfigError(msg)
    return files, notices


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


def _repeated(file: SourceFile) -> frozenset[str]:
    lower = [name.lower() for name in file.header]
    return frozenset(name for name in lower if name and lower.count(name) > 1)


def _select(
    files: list[SourceFile], numbers: list[int], header: bool, rejects: str
) -> str:
    paths = [str(file.path) for file in files]
    listed = "[" + ", ".join(map(quote_text, paths)) + "]"
    places = "[" + ", ".join(str(number + 1) for number in numbers) + "]"
    number = (
        f"{places}[list_position({listed}, __path)]"
        if len(paths) > 1
        else (str(numbers[0] + 1))
    )
    hive = any("=" in part for part in files[0].path.parts)
    options = [
        listed,
        "filename = '__path'",
        f"hive_partitioning = {str(hive).lower()}",
        "hive_types_autocast = false",
    ]
    if files[0].kind == "parquet":
        reader = f"read_parquet({', '.join([*options, 'union_by_name = true'])})"
    else:
        names = unique_names(files[0].header, header_line=header)
        types = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in names)
        options += [
            "auto_detect = false",
            f"delim = {quote_text(files[0].delimiter)}",
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
    return (
        f"SELECT * EXCLUDE (__path), CAST({number} AS SMALLINT) AS {FILE_NUMBER} "
        f"FROM {reader}"
    )


def unique_names(header: Iterable[str], *, header_line: bool = True) -> list[str]:
    """Return a name for each column of a text file.

    Parameters
    ----------
    header : iterable of str
        Fields of the first line.
    header_line : bool, default=True
        False: the first line is data, and the columns are numbered.

    Returns
    -------
    list of str
        Unique without regard to case: an empty field becomes ``columnN``, the second
        of two equal names gets `` (2)``.

    Examples
    --------
    >>> unique_names(["id", "", "ID"])
    ['id', 'column2', 'ID (2)']
    >>> unique_names(["7", "2024-01-01"], header_line=False)
    ['column1', 'column2']
    """
    names: list[str] = []
    seen: dict[str, int] = {}
    for position, field_text in enumerate(header, start=1):
        name = field_text if header_line and field_text else f"column{position}"
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        count = seen[name.lower()]
        names.append(name if count == 1 else f"{name} ({count})")
    return names


def quote_text(text: str) -> str:
    """Return text as an SQL literal.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> quote_text("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a column's name as an SQL identifier.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> quote_name('Unit Price')
    '"Unit Price"'
    """
    return '"' + name.replace('"', '""') + '"'
