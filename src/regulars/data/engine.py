"""Open the engine that holds or reads the data: DuckDB.

Tables of a PostgreSQL database are copied into DuckDB as they are read.

A user's database file is opened read-only; intake works in temporary tables. No
extension is fetched from the network.
"""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import duckdb
import ibis
from sqlglot.errors import SqlglotError

from regulars.config.addresses import hide_passwords
from regulars.data.postgres import SCHEMES as POSTGRES
from regulars.data.postgres_tables import RemoteDatabase
from regulars.errors import ConfigError, DataError, RegularsError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMES = ("duckdb", *POSTGRES, "spark")


def connect(url: str = "duckdb://", *, read_only: bool = True) -> Any:
    """Open the engine."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        msg = (
            f"source.engine '{hide_passwords(url)}' is not an engine."
            f"{suggestion(scheme, _SCHEMES)} Use duckdb://, duckdb://FILE, "
            "postgres://user@host/db or spark://local."
        )
        raise ConfigError(msg)
    if scheme == "duckdb":
        return _connect_duckdb(rest, read_only=read_only)
    if scheme == "spark":
        msg = (
            f"source.engine '{hide_passwords(url)}': on Spark only a log of purchases "
            "is read (churn.kind non_contractual). Read the table from a file, DuckDB "
            "or PostgreSQL."
        )
        raise ConfigError(msg)
    engine = _connect_duckdb("", read_only=False)
    engine.remote = RemoteDatabase(url)
    weakref.finalize(engine, engine.remote.close)
    return engine


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


def remote_of(connection: Any) -> RemoteDatabase | None:
    """Return the database that tables are copied from, if they are."""
    remote: RemoteDatabase | None = getattr(connection, "remote", None)
    return remote


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
    if "pyspark.errors" in sys.modules:
        classes.append(sys.modules["pyspark.errors"].PySparkException)
    return tuple(classes)


def first_sentence(error: Exception) -> str:
    r"""Return the first line of an engine's message without its class prefix."""
    line = next((part for part in str(error).splitlines() if part.strip()), "unknown")
    prefix, colon, rest = line.partition(" Error: ")
    sentence = rest if colon and len(prefix) < 40 else line
    return sentence.strip().rstrip(".:") + "."
