"""Scores in a table of an engine: what every such sink can do, and which there are.

A sink is a module beside this one and an entry in `SINKS`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from regulars.data.postgres import SCHEMES as POSTGRES
from regulars.errors import ConfigError, suggestion
from regulars.scoring.history import FileHistory, History

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from typing import Any

    import pyarrow as pa

    from regulars.config import ScoreTableSettings, Settings

# scheme of the engine's address -> module with `open_table(place, name)`
SINKS = {
    "duckdb": "regulars.scoring.sinks.duckdb_table",
    **dict.fromkeys(POSTGRES, "regulars.scoring.sinks.postgres_table"),
}
OWNER = "name"
"""Column beside the scores: the name of the configuration that they belong to."""


class ScoreTable(History, Protocol):
    """An open table of scores; rows of another name are left alone."""

    def prepare(self, schema: pa.Schema) -> None:
        """Create the table, or add the columns that it lacks; refuse what is wrong."""

    def replace(
        self, cutoff: date | None, rows: pa.RecordBatchReader, *, only: bool
    ) -> None:
        """Put rows in the place of those of a cutoff, in one transaction.

        `only`: in the place of all cutoffs.
        """


@dataclass(frozen=True)
class TableHistory:
    """The table of the settings, opened for each question: it keeps no writer out."""

    place: ScoreTableSettings
    name: str

    def days(self) -> list[date]:
        """Return the cutoffs of the name, rising."""
        with self._opened() as table:
            return table.days()

    def read(self, cutoff: date, columns: Sequence[str]) -> pa.Table:
        """Return columns of the scores of a cutoff."""
        with self._opened() as table:
            return table.read(cutoff, columns)

    def scores_at(self, cutoff: date, first: Any, last: Any) -> pa.Table:
        """Return `KEPT` of a cutoff's customers from one id to another."""
        with self._opened() as table:
            return table.scores_at(cutoff, first, last)

    def rows_of(self, customer: str) -> pa.Table:
        """Return every kept row of a customer, with all columns."""
        with self._opened() as table:
            return table.rows_of(customer)

    def _opened(self) -> AbstractContextManager[ScoreTable]:
        return open_table(self.place, self.name, to_read=True)


def kept_scores(settings: Settings) -> History:
    """Return the scores of every cutoff, from where the settings have them kept."""
    place = settings.scores.table
    if place is not None and settings.scores.is_history_a_table:
        return TableHistory(place, settings.name)
    return FileHistory(settings.outputs_folder, settings.name)


def open_table(
    place: ScoreTableSettings, name: str, *, to_read: bool = False
) -> AbstractContextManager[ScoreTable]:
    """Open the table that the settings name; `to_read` changes nothing."""
    scheme, separator, _ = place.engine.partition("://")
    if not separator or scheme not in SINKS:
        # the rest of an address may hold a password
        msg = (
            f"scores.table.engine '{scheme}' is not an engine that takes scores."
            f"{suggestion(scheme, SINKS)} Use {' or '.join(f'{n}://' for n in SINKS)}."
        )
        raise ConfigError(msg)
    module = importlib.import_module(SINKS[scheme])
    opened: AbstractContextManager[ScoreTable] = module.open_table(
        place, name, to_read=to_read
    )
    return opened


def quoted(table: str) -> str:
    """Return ``schema.name`` as SQL has it, whatever letters are in it."""
    return ".".join(f'"{part}"' for part in split_name(table))


def split_name(table: str) -> list[str]:
    """Return the schema, if one is named, and the name, with quotes doubled."""
    schema, dot, name = table.partition(".")
    parts = [schema, name] if dot else [schema]
    return [part.strip().strip('"').replace('"', '""') for part in parts]
