"""The session with a Spark cluster, and the tables that it reads."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.data.contract import TABLES
from regulars.data.engine import readable_errors
from regulars.data.files import detect_delimiter
from regulars.data.postgres import need
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from regulars.config import Settings, TableSettings

SCHEME = "spark://"
# the user's own settings come after these
_CONF: dict[str, str | int] = {
    "spark.sql.session.timeZone": "UTC",
    # rows of a batch on their way to Python
    "spark.sql.execution.arrow.maxRecordsPerBatch": 100_000,
    # how lines are shared out is ours to say
    "spark.sql.adaptive.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def is_cluster(settings: Settings) -> bool:
    """Return whether the data are read by a cluster."""
    return settings.source.engine.startswith(SCHEME)


def open_session(settings: Settings) -> Any:
    """Open the session, or take the one that this process has.

    ``spark://local`` is Spark in this process, with as many threads as it has cores.
    """
    sql = need("pyspark.sql", "source.engine", extra="spark")
    place = settings.source.engine.removeprefix(SCHEME)
    master = "local[*]" if place in {"", "local"} else SCHEME + place
    # the workers' Python is that of their own environment, not of the shell's path
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = sql.SparkSession.builder.master(master).appName(settings.name)
    for name, value in (_CONF | settings.spark.conf).items():
        builder = builder.config(name, value)
    with readable_errors(f"source.engine '{settings.source.engine}'", ConfigError):
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def read_tables(session: Any, settings: Settings) -> dict[str, Any]:
    """Return every configured table, the purchases first."""
    if settings.source.transactions is None:
        msg = (
            f"source.engine '{settings.source.engine}' reads a log of purchases: give "
            "source.transactions."
        )
        raise ConfigError(msg)
    found = {name: getattr(settings.source, name) for name in TABLES}
    return {
        name: _read_table(session, name, table)
        for name, table in found.items()
        if table is not None
    }


def _read_table(session: Any, name: str, settings: TableSettings) -> Any:
    """Return a source as Spark reads it: text files with every column as text."""
    _refuse_order_of_rows(name, settings)
    where = f"source.{name}"
    with readable_errors(f"{where} '{settings.table or settings.path}'", ConfigError):
        if settings.table is not None:
            return session.table(settings.table)
        path = _address(settings.path or "")
        kind = path.rsplit(".", 1)[-1].lower()
        if kind in {"csv", "tsv", "txt"}:
            return _read_text(session, path)
        if kind in {"xlsx", "json", "jsonl"}:
            msg = (
                f"{where}.path '{settings.path}': on Spark a path is a csv or parquet "
                "file or folder. Convert it, or read it without Spark."
            )
            raise ConfigError(msg)
        return session.read.parquet(path)


def _address(path: str) -> str:
    # Hadoop takes an address as it is written: no percent signs
    return path if "://" in path else f"file://{Path(path).absolute()}"


def _read_text(session: Any, path: str) -> Any:
    from pyspark.sql import functions as sf

    lines = session.read.text(path).head(20)
    delimiter = detect_delimiter("\n".join(row[0] for row in lines))
    rows = session.read.csv(
        path, header=True, sep=delimiter, quote='"', escape='"', multiLine=True
    )
    # an empty field is missing, with quotes around it too
    return rows.select(
        *(sf.nullif(rows[f"`{name}`"], sf.lit("")).alias(name) for name in rows.columns)
    )


def _refuse_order_of_rows(name: str, settings: TableSettings) -> None:
    """Refuse what needs the rows of a file in their order, or other files."""
    for setting in ("join", "fill_down"):
        if getattr(settings, setting):
            _refuse(name, setting)
    if settings.amount_of == "order":
        _refuse(name, "amount_of: order")


def _refuse(name: str, setting: str) -> None:
    msg = (
        f"source.{name}.{setting}: a cluster hands out rows in no order, and one at a "
        "time. Prepare a table or view on the cluster, and name it as 'table'."
    )
    raise ConfigError(msg)
