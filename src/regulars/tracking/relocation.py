"""Write into a moved SQLite store where its artefacts are now.

MLflow's own commands go by the locations in the database, and a new run is written
where its experiment was made. So whatever writes to a store that has been moved or
copied puts them right first; what only reads never changes the database.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from regulars.errors import ConfigError
from regulars.tracking.locations import (
    ARTIFACTS,
    EXPERIMENT,
    MODEL,
    RUN,
    LocalStore,
    local_parts,
    local_path,
)

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (
    ("experiments", "artifact_location", EXPERIMENT),
    ("runs", "artifact_uri", RUN),
    ("logged_models", "artifact_location", MODEL),
    ("model_versions", "storage_location", MODEL),
    ("model_versions", "source", MODEL),
)
WAIT_SECONDS = 20

Change = tuple[str, str, int, str]


def update_locations(store: LocalStore) -> int:
    """Put the locations in the database right; return how many were changed."""
    if not store.database.is_file():
        return 0
    try:
        with contextlib.closing(
            sqlite3.connect(store.database, timeout=WAIT_SECONDS)
        ) as connection:
            changes = [
                change
                for table, column, depth in COLUMNS
                for change in _changes(connection, store, table, column, depth)
            ]
            with connection:
                for table, column, row, location in changes:
                    connection.execute(
                        f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?',
                        (location, row),
                    )
    except sqlite3.Error as error:
        msg = (
            f"Cannot write to the store '{store.database}': {error}. It has been "
            "moved, and its locations have to be put right before it is written to."
        )
        raise ConfigError(msg) from error
    return len(changes)


def _changes(
    connection: sqlite3.Connection,
    store: LocalStore,
    table: str,
    column: str,
    depth: int,
) -> list[Change]:
    """Return the locations of a column that name another place than the present one."""
    known = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
    if column not in known:
        return []
    changes = []
    for row, location in connection.execute(
        f'SELECT rowid, "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'
    ):
        parts = local_parts(location)
        if parts is None:
            continue
        is_ours = parts[-(depth + 2) : -(depth + 1)] == (ARTIFACTS,)
        if not is_ours and os.path.exists(local_path(location)):
            continue  # a place that somebody chose
        place = store.place(location, depth)
        if place is not None and place != local_path(location):
            changes.append((table, column, row, place.as_uri()))
    return changes


def refuse_unwritable(database: Path) -> None:
    """Refuse a store that cannot be written to, before hours have been spent."""
    file = database.absolute()
    folder = next(each for each in file.parents if os.path.exists(each))
    faults = {
        f"'{folder}' is no folder": not os.path.isdir(folder),
        f"'{file}' is a folder": os.path.isdir(file),
        f"'{folder}' is read-only": not os.access(folder, os.W_OK),
        f"'{file}' is read-only": os.path.exists(file) and not os.access(file, os.W_OK),
    }
    for fault, is_so in faults.items():
        if is_so:
            msg = (
                f"Cannot write to the store '{database}': {fault}. Name a store that "
                "can be written to: --set tracking.uri=sqlite:////FOLDER/mlflow.db."
            )
            raise ConfigError(msg)
