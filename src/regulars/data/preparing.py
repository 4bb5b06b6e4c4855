"""Make a table of a source whose rows need others of their own or of other files.

Joins, blank order lines and order totals need the rows in their order: they are read
once into a table of the engine, each with its number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from regulars.data.joins import LINE, join_files
from regulars.data.order_lines import fill_blanks
from regulars.data.staging import forget_rejects, temporary_table
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.config import TableSettings
    from regulars.data.reading import RawTable


def complete_rows(
    raw: RawTable, settings: TableSettings, connection: Any, folder: Path, setting: str
) -> tuple[RawTable, list[str]]:
    """Return the source with filled blanks and joined columns, and what was done.

    The same object where the settings ask for neither.
    """
    if not (settings.join or settings.fill_down or settings.amount_of == "order"):
        return raw, []
    done = _numbered(raw, connection)
    notices: list[str] = []
    if settings.fill_down is not None:
        if not raw.files:
            msg = (
                f"{setting}.fill_down needs a file: the rows of a database table have "
                "no order. Fill the blanks in a view of the database."
            )
            raise ConfigError(msg)
        done, notices = fill_blanks(done, settings.fill_down, setting)
    if settings.join:
        done, more = join_files(done, settings.join, connection, folder, setting)
        notices += more
    view = f"{raw.view}_complete"
    table = temporary_table(connection, view, done.table.order_by(LINE))
    return replace(done, view=view, table=table), notices


def _numbered(raw: RawTable, connection: Any) -> RawTable:
    if raw.rejects:
        forget_rejects(raw, connection)
    view = f"{raw.view}_lines"
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {view}_rows AS FROM {raw.view}")
    connection.raw_sql(
        f"CREATE OR REPLACE TEMP VIEW {view} AS "
        f"SELECT *, rowid + 1 AS {LINE} FROM {view}_rows"
    )
    return replace(raw, view=view, table=connection.table(view), is_loaded=True)
