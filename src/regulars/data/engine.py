"""Open the engine that holds or reads the data: DuckDB, PostgreSQL or Spark.

A user's database file is opened read-only; intake works in temporary tables. No
extension is fetched from the network.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import duckdb
import ibis
from sqlglot.errors import SqlglotError

from regulars.errors import (
    ConfigError,
    DataError,
    MissingExtraError,
    RegularsError,
    suggestion,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMES = ("duckdb", "postgres", "postgresql", "spark")


def connect(url: str = "duckdb://", *, read_only: bool = True) -> Any:
    """Open the engine."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        msg = (
            f"source.engine '{_without_password(url)}' is not an engine."
            f"{suggestion(scheme, _SCHEMES)} Use duckdb://, duckdb://FILE, "
            "postgres://user@host/db or spark://local."
        )
        raise ConfigError(msg)
    if scheme == "duckdb":
        return _connect_duckdb(rest, read_only=read_only)
    if scheme == "spark":
        msg = (
            f"source.engine '{_without_password(url)}': on Spark only a log of "
            "purchases is read (churn.kind non_contractual). Read the table from a "
            "file, DuckDB or PostgreSQL."
        )
        raise ConfigError(msg)
    return _connect_postgres(url)


def _connect_duckdb(rest: str, *, read_only: bool) -> Any:
    place, _, query = rest.partition("?")
    settings: dict[str, Any] = {
        **dict(parse_qsl(query)),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if place in {"", ":memory:"}:
        place, read_only = ":memory:", False
    elif read_only and not Path(place).is_file():
        msg = (
            f"source.engine: there is no DuckDB file '{place}'. Give the path of an "
            "existing database, or 'duckdb://' to read csv and parquet files."
        )
        raise ConfigError(msg)
    if "temp_directory" not in settings and place == ":memory:":
        # Large logs spill here instead of failing; DuckDB makes and removes it.
        spill = Path(tempfile.gettempdir()) / f"regulars-spill-{os.getpid()}"
        settings["temp_directory"] = str(spill)
    try:
        connection = ibis.duckdb.connect(place, read_only=read_only, **settings)
        connection.raw_sql("SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        msg = (
            f"source.engine: DuckDB cannot open '{place}': {first_sentence(error)} "
            "Check the path, that no other program has it open for writing, and the "
            "settings after '?'."
        )
        raise ConfigError(msg) from error
    return connection


def _connect_postgres(url: str) -> Any:
    need("psycopg", extra="postgres")
    with readable_errors(f"source.engine '{_without_password(url)}'", ConfigError):
        connection = ibis.connect(url)
        connection.raw_sql("SET TIME ZONE 'UTC'")
    return connection


def need(module: str, *, extra: str) -> Any:
    """Import what an extra brings, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = (
            f"source.engine needs the package '{module.partition('.')[0]}', which is "
            f'not installed. Run: pip install "regulars[{extra}]"'
        )
        raise MissingExtraError(msg) from error


def _without_password(url: str) -> str:
    before, at, after = url.rpartition("@")
    head, colon, secret = before.rpartition(":")
    return f"{head}:...@{after}" if at and colon and "//" not in secret else url


@contextmanager
def readable_errors(
    what: str, error_class: type[RegularsError] = DataError
) -> Iterator[None]:
    """Turn an engine's exception into one sentence of ours."""
    try:
        yield
    except _engine_errors() as error:
        msg = f"{what} cannot be read: {first_sentence(error)}"
        raise error_class(msg) from error


def _engine_errors() -> tuple[type[Exception], ...]:
    classes: list[type[Exception]] = [
        duckdb.Error,
        ibis.common.exceptions.IbisError,
        # Not an IbisError in ibis 12.
        ibis.common.exceptions.TableNotFound,
        SqlglotError,
    ]
    # Only what is already imported can have raised.
    for module, name in (("psycopg", "Error"), ("pyspark.errors", "PySparkException")):
        if module in sys.modules:
            classes.append(getattr(sys.modules[module], name))
    return tuple(classes)


def first_sentence(error: Exception) -> str:
    r"""Return the first line of an engine's message without its class prefix."""
    line = next((part for part in str(error).splitlines() if part.strip()), "unknown")
    prefix, colon, rest = line.partition(" Error: ")
    sentence = rest if colon and len(prefix) < 40 else line
    return sentence.strip().rstrip(".:") + "."
