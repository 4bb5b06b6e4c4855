"""Connect to a PostgreSQL database, and say in a sentence why that fails.

Lines travel in Arrow batches (ADBC): ten million in 11 s where a cursor takes 26.
"""

from __future__ import annotations

import importlib
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.config.addresses import host_of, without_password
from regulars.data.names import quote_name
from regulars.errors import ConfigError, DataError, MissingExtraError, RegularsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMES = ("postgres", "postgresql")
STARTING_SECONDS = 15.0
"""How long a server that says that it is starting up is waited for."""

_CONNECT_SECONDS = 10
_NOISE = re.compile(
    r"^\(psycopg\.\w+\) (connection failed: )?|"
    r"^(\w+: )?\[libpq\] (Failed to connect|Failed to execute query '.*'|"
    r"Execution error \[\w+\]): |\. SQLSTATE: \w+$",
    re.DOTALL,
)
_DENIED = "42501"


def connect_postgres(url: str, setting: str) -> Any:
    """Open an ADBC connection whose times are in UTC; `setting` names the address.

    A password may also come from ``PGPASSWORD`` or a ``.pgpass`` file.
    """
    adbc = need("adbc_driver_postgresql.dbapi", setting, extra="postgres")
    address = _with_defaults(url)
    connection = when_started(lambda: adbc.connect(address), adbc.Error, url, setting)
    run(connection, "SET TIME ZONE 'UTC'", "SET client_encoding TO 'UTF8'")
    connection.commit()
    return connection


def when_started(
    connect: Callable[[], Any], errors: type[Exception], url: str, setting: str
) -> Any:
    """Return what `connect` gives; wait where the server says that it is starting."""
    end = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            return connect()
        except errors as error:
            reason = without_password(plain_reason(error), url)
        if time.monotonic() > end or not _is_starting(_with_defaults(url)):
            msg = (
                f"{setting}: cannot connect to '{host_of(url)}': {reason} Check host, "
                "port, database, user and password of the address, and that the "
                "server can be reached from here."
            )
            # without its cause: the driver may quote the address
            raise ConfigError(msg)
        time.sleep(0.3)


def need(module: str, setting: str, *, extra: str) -> Any:
    """Import a module of an extra, or name the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = (
            f"{setting} needs the package '{module.partition('.')[0]}', which is "
            f'not installed. Run: pip install "regulars[{extra}]"'
        )
        raise MissingExtraError(msg) from error


def _with_defaults(url: str) -> str:
    more = {
        "connect_timeout": str(_CONNECT_SECONDS),
        "fallback_application_name": "regulars",
    }
    added = "&".join(f"{key}={value}" for key, value in more.items() if key not in url)
    return f"{url}{'&' if '?' in url else '?'}{added}"


def _is_starting(address: str) -> bool:
    """Ask the server as ``pg_isready`` does, whatever language it speaks."""
    try:
        pq = importlib.import_module("psycopg.pq")
    except ImportError:
        return False
    return bool(pq.PGconn.ping(address.encode()) == pq.Ping.REJECT)


def run(connection: Any, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements; return the rows of the last one."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def plain_reason(error: BaseException) -> str:
    """Return the server's own sentence out of a driver's message."""
    text = _NOISE.sub("", str(error).strip())
    text = next((line for line in text.splitlines() if line.strip()), "unknown")
    text = re.sub(r"\s*(ERROR|FATAL): +", " ", _NOISE.sub("", text))
    return text.strip().rstrip(".:") + "."


@contextmanager
def postgres_errors(
    what: str, error_class: type[RegularsError] = DataError
) -> Iterator[None]:
    """Turn what the server or the way to it says into one sentence of ours."""
    adbc = importlib.import_module("adbc_driver_manager")
    try:
        yield
    # while rows are streamed, its errors come by way of Arrow
    except (adbc.Error, OSError, pa.ArrowException) as error:
        msg = f"{what}: {plain_reason(error)}"
        if getattr(error, "sqlstate", None) == _DENIED:
            msg += " The role of the address needs that right (docs/postgres.md)."
        raise error_class(msg) from error


def split_name(table: str) -> tuple[str, ...]:
    """Return the parts of ``schema.table``; a dot in double quotes divides nothing."""
    quoted, plain = r'"((?:[^"]|"")+)"', r'([^".]+)'
    if not re.fullmatch(rf"(?:{quoted}|{plain})(?:\.(?:{quoted}|{plain}))*", table):
        return ()
    found = re.finditer(rf"{quoted}|{plain}", table)
    return tuple((m[1] or "").replace('""', '"') or m[2].strip() for m in found)


def shown_name(schema: str, table: str) -> str:
    """Return a table's name as the configuration takes it."""
    is_plain = re.compile(r'[^".\s]([^".]*[^".\s])?').fullmatch
    return ".".join(
        part if is_plain(part) else quote_name(part) for part in (schema, table)
    )
