"""Copy tables of a PostgreSQL database into DuckDB, where all else is worked out.

So there is one dialect for intake, checks and features, and a role that may only read
can be a source. Only what the configuration needs of a table travels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.data.alignment import Need, needed_columns
from regulars.data.contract import TABLES
from regulars.data.names import quote_name, unique_names
from regulars.data.postgres import (
    connect_postgres,
    postgres_errors,
    run,
    shown_name,
    split_name,
)
from regulars.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regulars.config import TableSettings

REST = "other columns (hash)"
"""Column that stands for those left behind, so that only whole copies are copies."""

_SETTING = "source.engine"
_BATCH_BYTES = 16 << 20
_OPEN = (
    # one state of all tables, and nothing is ever written
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ "
    "READ ONLY",
    # the rows of a table in the same order each time it is read
    "SET synchronize_seqscans = off",
)
_RELATIONS = """
    SELECT c.oid::bigint, n.nspname::text, c.relname::text, pg_table_is_visible(c.oid)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg_toast%' AND n.nspname NOT LIKE 'pg_temp%'
    ORDER BY 2, 3
"""
# Columns that the role may read; of a domain, the type that it is made of.
_COLUMNS = """
    SELECT a.attname::text, b.typname::text, coalesce(a.attnum = ANY (i.indkey), false)
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    JOIN pg_type AS b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype
        ELSE t.oid END
    LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
    WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped
    AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
    ORDER BY a.attnum
"""
_AS_THEY_ARE = {
    "bool": "boolean",
    "int2": "integer",
    "int4": "integer",
    "int8": "bigint",
    "oid": "bigint",
    "float4": "real",
    "float8": "double precision",
}
# DuckDB would take their 'infinity' for a day of its own.
_TIMES = ("date", "timestamp", "timestamptz")
# what a joined column is called where its name is taken: "status (payments)"
_OF_A_JOIN = re.compile(r"(.+) \([^()]*\)'*")


@dataclass(frozen=True)
class RemoteColumn:
    """A column of a table as the server describes it."""

    name: str
    kind: str  # name of its type
    is_key: bool  # of the primary key


@dataclass(frozen=True)
class Wanted:
    """What the configuration needs of a table."""

    needs: tuple[Need, ...] = ()  # of each, one column has to be there
    optional: frozenset[str] | None = None  # None: every column
    ids: frozenset[str] = frozenset()  # columns that name something
    tells_copies: bool = False  # whether rows that differ elsewhere are told apart


class RemoteDatabase:
    """A PostgreSQL database that tables are copied from."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Any = None
        self._open()

    def _open(self) -> Any:
        if self._connection is None:
            connection = connect_postgres(self.url, _SETTING)
            with postgres_errors(_SETTING, ConfigError):
                run(connection, *_OPEN)
                connection.commit()
            self._connection = connection
        return self._connection

    def close(self) -> None:
        """End the transaction and the connection; the next reading opens them again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def copy(
        self, table: str, setting: str, wanted: Wanted, engine: Any, view: str
    ) -> tuple[str, ...]:
        """Copy a table into a temporary one called `view`; return its columns' names.

        Where a column is wanted that the table does not have, all of its columns are
        copied without rows, for a message that names them.
        """
        connection = self._open()
        with postgres_errors(setting, ConfigError):
            oid, place = self._find(table, setting)
            rows = run(connection, _COLUMNS.format(oid=oid))
        columns = [RemoteColumn(*row) for row in rows]
        if not columns:
            msg = (
                f"{setting}: the role may read no column of '{table}'. Grant it: "
                f"GRANT SELECT ON {place} TO the role of source.engine."
            )
            raise ConfigError(msg)
        chosen, rest = _choose(columns, wanted)
        names = [column.name for column in chosen]
        selected = [
            f"{_value(column, wanted.ids)} AS {quote_name(name)}"
            for column, name in zip(chosen, unique_names(names), strict=True)
        ]
        if rest:
            listed = ", ".join(quote_name(column.name) for column in rest)
            hashed = f"hashtextextended(ROW({listed})::text, 0)"
            selected.append(f"{hashed} AS {quote_name(REST)}")
        query = f"SELECT {', '.join(selected)} FROM {place}"
        if not _has_all(columns, wanted.needs):
            query += " WHERE false"
        self._stream(query, setting, engine, view)
        return tuple(names)

    def _find(self, table: str, setting: str) -> tuple[int, str]:
        """Return a relation's number and its quoted name."""
        relations = run(self._open(), _RELATIONS)
        parts = split_name(table)
        for spelt in (str, str.lower):
            key = tuple(map(spelt, parts))
            near = [
                (oid, schema, name)
                for oid, schema, name, is_visible in relations
                if key == (spelt(schema), spelt(name))
                or (is_visible and key == (spelt(name),))
            ]
            if len(near) == 1:
                oid, schema, name = near[0]
                return oid, f"{quote_name(schema)}.{quote_name(name)}"
        known = [shown_name(schema, name) for _, schema, name, _ in relations]
        listed = f" It has {', '.join(known[:20])}." if known else ""
        msg = (
            f"{setting}: the database has no table '{table}'."
            f"{suggestion(table, known)}{listed} Write it as schema.table, with double "
            "quotes around a name with a dot."
        )
        raise ConfigError(msg)

    def _stream(self, query: str, setting: str, engine: Any, view: str) -> None:
        arriving = f"{view}_arriving"
        with (
            postgres_errors(f"{setting} cannot be read"),
            self._open().cursor() as cursor,
        ):
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}
            )
            cursor.execute(query)
            batches = _Batches(cursor.fetch_record_batch())
            engine.con.register(arriving, batches.reader)
            try:
                engine.raw_sql(
                    f"CREATE OR REPLACE TEMP TABLE {view} AS FROM {arriving}"
                )
            except Exception:
                # DuckDB wraps what the server said
                if batches.error is not None:
                    raise batches.error from None
                raise
            finally:
                engine.con.unregister(arriving)


class _Batches:
    """Record batches of a reader; keeps the error that ended them."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self.error: Exception | None = None
        plain = pa.schema([field.remove_metadata() for field in reader.schema])
        self.reader = pa.RecordBatchReader.from_batches(plain, self._each(reader))

    def _each(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except Exception as error:
            self.error = error
            raise


def wanted_columns(
    name: str, settings: TableSettings, needed: Iterable[str] = ()
) -> Wanted:
    """Return what the settings of a source need of its table."""
    contract, ids = TABLES.get(name), _ids(name, settings)
    if contract is None:  # a joined table, of which the keys are needed
        return Wanted(ids=ids | {_key(each) for each in needed})
    if name == "customers":  # every column is an attribute
        return Wanted(ids=ids)
    needs = tuple(needed_columns(name, settings))
    optional = frozenset(column.name for column in contract.columns)
    if settings.join:  # what is not in this table may be in a joined one
        optional |= {each for need in needs for each in need.names}
        needs = ()
    tells_copies = settings.duplicates == "set_aside"
    return Wanted(needs, optional, ids, tells_copies)


def _choose(
    columns: Sequence[RemoteColumn], wanted: Wanted
) -> tuple[list[RemoteColumn], list[RemoteColumn]]:
    """Return the columns to copy, and those that one hash stands for."""
    if wanted.optional is None or not _has_all(columns, wanted.needs):
        return [*columns], []
    keys = {_key(name) for need in wanted.needs for name in need.names}
    keys |= {_key(name) for name in wanted.optional}
    keys |= {_key(found[1]) for name in keys if (found := _OF_A_JOIN.fullmatch(name))}
    chosen = [each for each in columns if _key(each.name) in keys or each.is_key]
    if not wanted.tells_copies or any(each.is_key for each in columns):
        return chosen, []
    return chosen, [each for each in columns if each not in chosen]


def _has_all(columns: Iterable[RemoteColumn], needs: Iterable[Need]) -> bool:
    there = {_key(column.name) for column in columns}
    return all(there & set(map(_key, need.names)) for need in needs)


def _key(name: str) -> str:
    return name.strip().lower()


def _value(column: RemoteColumn, ids: frozenset[str]) -> str:
    """Return the expression that brings a column in a type that DuckDB has, too."""
    name = quote_name(column.name)
    if column.kind in _TIMES:
        return f"CASE WHEN isfinite({name}) THEN {name} END"
    if column.kind == "numeric":
        if _key(column.name) in ids:  # 7.0 and 7 are one customer, and 7 is its name
            return f"trim_scale({name})::text"
        return f"{name}::double precision"
    if column.kind == "money":  # its text depends on the server's language
        return f"{name}::numeric::double precision"
    return f"{name}::{_AS_THEY_ARE.get(column.kind, 'text')}"


def _ids(name: str, settings: TableSettings) -> frozenset[str]:
    """Return the columns whose values are names, whatever their type."""
    contract = TABLES.get(name)
    columns = () if contract is None else contract.columns
    kinds = {each.name: each.kind for each in columns}
    own = {each: settings.columns.get(each, each) for each in kinds}
    ids = [own[each] for each, kind in kinds.items() if kind == "id"]
    keys = [key for join in settings.join for key in join.keys]
    return frozenset(_key(each) for each in (*ids, *keys) if isinstance(each, str))
