"""Scores in a table of a PostgreSQL database.

A cutoff is replaced in one transaction under a lock of the table's own, so that a
writer that is killed leaves the old rows, and two at once leave one set.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.config.addresses import host_of
from regulars.data.names import quote_name, quote_text
from regulars.data.postgres import connect_postgres, postgres_errors, run, split_name
from regulars.errors import ConfigError
from regulars.scoring.history import KEPT
from regulars.scoring.sinks.tables import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from regulars.config import ScoreTableSettings

KEY = (OWNER, "cutoff", "customer_id")
_SETTING = "scores.table.engine"
_OLDEST = 15
# Arrow's type -> what the server calls its own, and how it is declared
_TYPES = {
    "int8": ("int2", "smallint"),
    "int16": ("int2", "smallint"),
    "int32": ("int4", "integer"),
    "int64": ("int8", "bigint"),
    "float": ("float4", "real"),
    "double": ("float8", "double precision"),
    "bool": ("bool", "boolean"),
    # so that ids are in the order that they are scored in, whatever the language
    "string": ("text", 'text COLLATE "C"'),
    "large_string": ("text", 'text COLLATE "C"'),
    "date32[day]": ("date", "date"),
    "timestamp[us]": ("timestamp", "timestamp"),
    "timestamp[us, tz=UTC]": ("timestamptz", "timestamptz"),
    "list<item: string>": ("_text", "text[]"),
    "list<element: string>": ("_text", "text[]"),
}


@contextmanager
def open_table(
    place: ScoreTableSettings, name: str, *, to_read: bool = False
) -> Iterator[PostgresTable]:
    """Connect to the database; the table is made when it is first written to."""
    connection = connect_postgres(place.engine, _SETTING)
    host = host_of(place.engine)
    what = f"The table '{place.table}' of '{host}' cannot " + (
        "give its scores"
        if to_read
        else "take the scores, and its rows are as they were"
    )
    try:
        with postgres_errors(what, ConfigError):
            yield PostgresTable(connection, *_place(connection, place.table), name)
    finally:
        connection.close()


def _place(connection: Any, table: str) -> tuple[str, str]:
    """Return the schema, the present one where none is named, and the table's name."""
    number, present = run(
        connection,
        "SELECT current_setting('server_version_num')::int / 10000, "
        "current_schema()::text",
    )[0]
    connection.commit()
    if number < _OLDEST:
        msg = (
            f"{_SETTING}: PostgreSQL {number} is too old to take scores: it is "
            f"{_OLDEST} from which a key may hold an empty cutoff. Move the table to a "
            "newer server."
        )
        raise ConfigError(msg)
    parts = split_name(table)
    if len(parts) == 1 and present is not None:
        return present, parts[0]
    if len(parts) != 2:
        msg = (
            f"scores.table.table '{table}' is no table's name. Write schema.name, with "
            "double quotes around a name with a dot."
        )
        raise ConfigError(msg)
    return parts[0], parts[1]


@dataclass(frozen=True)
class PostgresTable:
    """An open table of scores; rows of another name are left alone."""

    connection: Any
    schema: str
    table: str
    name: str

    def prepare(self, schema: pa.Schema) -> None:
        """Create the table, or add the columns that it lacks; refuse what is wrong."""
        wanted = {OWNER: ("text", "text"), **self._types(schema)}
        self._lock()
        known = self._columns()
        if not known:
            self._create(wanted)
        elif missing := wanted.keys() - known.keys():
            added = (f"ADD {quote_name(n)} {wanted[n][1]}" for n in sorted(missing))
            self._run(f"ALTER TABLE {self._place} {', '.join(added)}")
        for name, kind in known.items():
            if name in wanted and wanted[name][0] != kind:
                self.connection.rollback()
                msg = (
                    f"scores.table: the column '{name}' of '{self.schema}.{self.table}'"
                    f" has the type {kind}, but the scores have {wanted[name][0]}. Name"
                    " another table, or change the column's type."
                )
                raise ConfigError(msg)
        self.connection.commit()

    def replace(
        self, cutoff: date | None, rows: pa.RecordBatchReader, *, only: bool
    ) -> None:
        """Put rows in the place of those of a cutoff, in one transaction.

        `only`: in the place of all cutoffs.
        """
        chosen = "" if only else f" AND cutoff IS NOT DISTINCT FROM {_day(cutoff)}"
        self._lock()
        self._run(f"DELETE FROM {self._place} WHERE {self._is_ours}{chosen}")
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(
                self.table, self._owned(rows), mode="append", db_schema_name=self.schema
            )
        self.connection.commit()

    def days(self) -> list[date]:
        """Return the cutoffs of the name, rising."""
        if not self._columns():
            return []
        # from one key to the next: DISTINCT would read the index of every customer
        least = f"SELECT min(cutoff) AS day FROM {self._place} WHERE {self._is_ours}"
        found = self._run(
            f"WITH RECURSIVE days AS ({least} UNION ALL SELECT ({least} "
            "AND cutoff > days.day) FROM days WHERE days.day IS NOT NULL) "
            "SELECT day FROM days WHERE day IS NOT NULL ORDER BY day"
        )
        self.connection.commit()
        return [day for (day,) in found]

    def read(self, cutoff: date, columns: Sequence[str]) -> pa.Table:
        """Return columns of the scores of a cutoff."""
        return self._rows(columns, f"cutoff = {_day(cutoff)}")

    def scores_at(self, cutoff: date, first: Any, last: Any) -> pa.Table:
        """Return `KEPT` of a cutoff's customers from one id to another."""
        key = 'customer_id COLLATE "C"' if isinstance(first, str) else "customer_id"
        within = f"cutoff = {_day(cutoff)} AND {key} BETWEEN $1 AND $2"
        return self._rows(KEPT, within, first, last)

    def rows_of(self, customer: str) -> pa.Table:
        """Return every kept row of a customer, with all columns."""
        types = self._columns()
        if not types:
            return pa.table({})
        names = [name for name in types if name != OWNER]
        if types["customer_id"] == "text":
            return self._rows(names, "customer_id = $1", customer)
        try:
            number = int(customer)
        except ValueError:  # no id of this kind
            number = None
        return self._rows(names, "customer_id = $1::bigint", number)

    def _rows(self, columns: Iterable[str], where: str, *values: Any) -> pa.Table:
        names = ", ".join(quote_name(name) for name in columns)
        query = f"SELECT {names} FROM {self._place} WHERE {self._is_ours} AND {where}"
        with self.connection.cursor() as cursor:
            cursor.execute(query, values or None)
            rows: pa.Table = cursor.fetch_arrow_table()
        self.connection.commit()
        return rows

    @property
    def _place(self) -> str:
        return f"{quote_name(self.schema)}.{quote_name(self.table)}"

    @property
    def _is_ours(self) -> str:
        return f"{OWNER} = {quote_text(self.name)}"

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        return run(self.connection, statement)

    def _lock(self) -> None:
        """Wait for other writers; the lock ends with the transaction."""
        key = quote_text(f"regulars {self._place}")
        self._run(f"SELECT pg_advisory_xact_lock(hashtextextended({key}, 0))::text")

    def _columns(self) -> dict[str, str]:
        """Return the types of the table's columns; none where there is no table."""
        rows = self._run(
            "SELECT a.attname::text, t.typname::text FROM pg_attribute AS a "
            "JOIN pg_type AS t ON t.oid = a.atttypid "
            "JOIN pg_class AS c ON c.oid = a.attrelid "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            f"WHERE n.nspname = {quote_text(self.schema)} "
            f"AND c.relname = {quote_text(self.table)} "
            "AND a.attnum > 0 AND NOT a.attisdropped"
        )
        return dict(rows)

    def _create(self, wanted: dict[str, tuple[str, str]]) -> None:
        # asked for first: IF NOT EXISTS wants the right to create all the same
        schema = quote_text(self.schema)
        if not self._run(f"SELECT 1 FROM pg_namespace WHERE nspname = {schema}"):
            self._run(f"CREATE SCHEMA {quote_name(self.schema)}")
        columns = [f"{quote_name(n)} {declared}" for n, (_, declared) in wanted.items()]
        # a table of labels without a day has no cutoff, which no primary key takes
        columns.append(f"UNIQUE NULLS NOT DISTINCT ({', '.join(KEY)})")
        self._run(f"CREATE TABLE {self._place} ({', '.join(columns)})")
        # one customer's history, as a call centre asks for it
        self._run(f"CREATE INDEX ON {self._place} (customer_id, cutoff)")

    def _types(self, schema: pa.Schema) -> dict[str, tuple[str, str]]:
        types = {}
        for field in schema:
            kind = str(field.type)
            if pa.types.is_decimal(field.type):
                types[field.name] = ("numeric", "numeric")
            elif kind in _TYPES:
                types[field.name] = _TYPES[kind]
            else:
                msg = (
                    f"scores.table: PostgreSQL has no type for '{field.name}' ({kind})."
                    " Make it text in the source, or write files only."
                )
                raise ConfigError(msg)
        return types

    def _owned(self, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Return the rows with the name that they belong to."""
        owner = pa.field(OWNER, pa.string())
        schema = pa.schema([owner, *rows.schema])
        name = pa.scalar(self.name, pa.string())
        batches = (
            pa.record_batch(
                [pa.repeat(name, batch.num_rows), *batch.columns], schema=schema
            )
            for batch in rows
        )
        return pa.RecordBatchReader.from_batches(schema, batches)


def _day(day: date | None) -> str:
    return "NULL" if day is None else f"DATE '{day.isoformat()}'"
