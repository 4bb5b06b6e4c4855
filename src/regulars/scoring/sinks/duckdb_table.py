"""Scores in a table of a DuckDB file.

A file has one process: it is open for as long as it takes to write, and no longer. A
transaction that is cut short leaves the old rows.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from regulars.data.engine import first_sentence
from regulars.data.names import quote_name
from regulars.errors import ConfigError
from regulars.results.writing import make_folder
from regulars.scoring.history import KEPT
from regulars.scoring.sinks.tables import OWNER, quoted, split_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from regulars.config import ScoreTableSettings


@contextmanager
def open_table(
    place: ScoreTableSettings, name: str, *, to_read: bool = False
) -> Iterator[DuckDBTable]:
    """Open the file; to write it is made where there is none."""
    file = Path(place.engine.partition("://")[2])
    if not file.name:
        msg = "scores.table.engine 'duckdb://' names no file. Write duckdb://FILE."
        raise ConfigError(msg)
    if not to_read:
        make_folder(file.parent)
    aim = "read" if to_read else "write"
    where = ":memory:" if to_read and not file.exists() else str(file)
    try:
        connection = duckdb.connect(where, read_only=to_read and where == str(file))
    except duckdb.Error as error:
        msg = (
            f"scores.table.engine: DuckDB cannot open '{file}' to {aim} scores: "
            f"{first_sentence(error)} A DuckDB file has one process: close what has "
            "it open, and take another file than source.engine."
        )
        raise ConfigError(msg) from error
    try:
        yield DuckDBTable(connection, place.table, name)
    except duckdb.Error as error:
        what = "give its" if to_read else "take the"
        msg = (
            f"The table '{place.table}' of '{file}' cannot {what} scores: "
            f"{first_sentence(error)} Its rows are as they were."
        )
        raise ConfigError(msg) from error
    finally:
        connection.close()


@dataclass(frozen=True)
class DuckDBTable:
    """An open table of scores."""

    connection: Any
    table: str
    name: str

    def prepare(self, schema: pa.Schema) -> None:
        """Create the table, or add the columns that it lacks; refuse what is wrong."""
        run, table = self.connection.execute, self._place
        run("BEGIN")
        if "." in self.table:
            of_it, _ = split_name(self.table)
            run(f'CREATE SCHEMA IF NOT EXISTS {self._file}."{of_it}"')
        types = self._types(schema)
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        run(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        known = {name for name, *_ in run(f"DESCRIBE {table}").fetchall()}
        for name in types.keys() - known:
            run(f'ALTER TABLE {table} ADD COLUMN "{name}" {types[name]}')
        run("COMMIT")

    def replace(
        self, cutoff: date | None, rows: pa.RecordBatchReader, *, only: bool
    ) -> None:
        """Put rows in the place of those of a cutoff, in one transaction."""
        run, table = self.connection.execute, self._place
        run("BEGIN")
        of_cutoff = "" if only else " AND cutoff IS NOT DISTINCT FROM ?"
        chosen = [self.name] if only else [self.name, cutoff]
        run(f"DELETE FROM {table} WHERE {OWNER} = ?{of_cutoff}", chosen)
        self.connection.register("scored_rows", rows)
        run(
            f"INSERT INTO {table} BY NAME SELECT ? AS {OWNER}, * FROM scored_rows",
            [self.name],
        )
        run("COMMIT")
        self.connection.unregister("scored_rows")

    def days(self) -> list[date]:
        """Return the cutoffs of the name, rising."""
        if not self._exists():
            return []
        query = (
            f"SELECT DISTINCT cutoff FROM {self._place} "
            f"WHERE {OWNER} = ? AND cutoff IS NOT NULL ORDER BY ALL"
        )
        # all of it: a result that is not read to its end holds the connection
        return [
            day for (day,) in self.connection.execute(query, [self.name]).fetchall()
        ]

    def read(self, cutoff: date, columns: Sequence[str]) -> pa.Table:
        """Return columns of the scores of a cutoff."""
        return self._rows(columns, "cutoff = ?", cutoff)

    def scores_at(self, cutoff: date, first: Any, last: Any) -> pa.Table:
        """Return `KEPT` of a cutoff's customers from one id to another."""
        within = "cutoff = ? AND customer_id BETWEEN ? AND ?"
        return self._rows(KEPT, within, cutoff, first, last)

    def rows_of(self, customer: str) -> pa.Table:
        """Return every kept row of a customer, with all columns."""
        if not self._exists():
            return pa.table({})
        described = self.connection.execute(f"DESCRIBE {self._place}").fetchall()
        types = {name: kind for name, kind, *_ in described}
        # ids are compared as what they are, so that blocks of rows can be passed over
        same = f"customer_id = TRY_CAST(? AS {types['customer_id']})"
        return self._rows([name for name in types if name != OWNER], same, customer)

    def _rows(self, columns: Iterable[str], where: str, *values: Any) -> pa.Table:
        names = ", ".join(f'"{name}"' for name in columns)
        query = f"SELECT {names} FROM {self._place} WHERE {OWNER} = ? AND {where}"
        chosen = [self.name, *values]
        rows: pa.Table = self.connection.sql(query, params=chosen).to_arrow_table()
        return rows

    @property
    def _file(self) -> str:
        """Return what DuckDB calls the file, quoted."""
        ((name,),) = self.connection.execute("SELECT current_database()").fetchall()
        return quote_name(name)

    @property
    def _place(self) -> str:
        """Return the table's full name: the file may be called as its schema is."""
        table = quoted(self.table)
        return f"{self._file}.{table}" if "." in self.table else table

    def _exists(self) -> bool:
        *schemas, table = (n.replace('""', '"') for n in split_name(self.table))
        query = (
            "SELECT count(*) FROM information_schema.tables "
            "WHERE table_name = ? AND table_schema = coalesce(?, current_schema())"
        )
        chosen = [table, schemas[0] if schemas else None]
        ((n,),) = self.connection.execute(query, chosen).fetchall()
        return bool(n)

    def _types(self, schema: pa.Schema) -> dict[str, str]:
        """Return the engine's types of the columns, the owner's first."""
        self.connection.register("no_rows", schema.empty_table())
        described = self.connection.execute("DESCRIBE SELECT * FROM no_rows")
        types = {name: kind for name, kind, *_ in described.fetchall()}
        self.connection.unregister("no_rows")
        return {OWNER: "VARCHAR", **types}
