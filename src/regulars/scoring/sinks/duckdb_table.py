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

from regulars.data.engine import first_sentence
from regulars.errors import ConfigError
from regulars.results.writing import make_folder
from regulars.scoring.history import KEPT
from regulars.scoring.sinks.tables import OWNER, quoted, split_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pyarrow as pa

    from regulars.config import ScoreTableSettings


@contextmanager
def open_table(place: ScoreTableSettings, name: str) -> Iterator[DuckDBTable]:
    """Open the file, which is made where there is none."""
    file = Path(place.engine.partition("://")[2])
    if not file.name:
        msg = "scores.table.engine 'duckdb://' names no file. Write duckdb://FILE."
        raise ConfigError(msg)
    make_folder(file.parent)
    try:
        connection = duckdb.connect(str(file))
    except duckdb.Error as error:
        msg = (
            f"scores.table.engine: DuckDB cannot open '{file}' to write scores: "
            f"{first_sentence(error)} A DuckDB file has one process: close what has "
            "it open, and take another file than source.engine."
        )
        raise ConfigError(msg) from error
    try:
        yield DuckDBTable(connection, place.table, name)
    except duckdb.Error as error:
        msg = (
            f"The table '{place.table}' of '{file}' cannot take the scores: "
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
        run, table = self.connection.execute, quoted(self.table)
        run("BEGIN")
        *schemas, _ = split_name(self.table)
        for each in schemas:
            run(f'CREATE SCHEMA IF NOT EXISTS "{each}"')
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
        run, table = self.connection.execute, quoted(self.table)
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

    def latest(self, before: date) -> date | None:
        """Return the latest cutoff before a day, if there is one."""
        query = (
            f"SELECT max(cutoff) FROM {quoted(self.table)} "
            f"WHERE {OWNER} = ? AND cutoff < ?"
        )
        chosen = [self.name, before]
        # all of it: a result that is not read to its end holds the connection
        ((day,),) = self.connection.execute(query, chosen).fetchall()
        found: date | None = day
        return found

    def scores_at(self, cutoff: date, first: Any, last: Any) -> pa.Table:
        """Return `KEPT` of a cutoff's customers from one id to another."""
        query = (
            f"SELECT {', '.join(KEPT)} FROM {quoted(self.table)} WHERE {OWNER} = ? "
            "AND cutoff = ? AND customer_id BETWEEN ? AND ?"
        )
        chosen = [self.name, cutoff, first, last]
        kept: pa.Table = self.connection.sql(query, params=chosen).to_arrow_table()
        return kept

    def _types(self, schema: pa.Schema) -> dict[str, str]:
        """Return the engine's types of the columns, the owner's first."""
        self.connection.register("no_rows", schema.empty_table())
        described = self.connection.execute("DESCRIBE SELECT * FROM no_rows")
        types = {name: kind for name, kind, *_ in described.fetchall()}
        self.connection.unregister("no_rows")
        return {OWNER: "VARCHAR", **types}
