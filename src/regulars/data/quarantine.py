"""Write the rows that were set aside to a file that a person can mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.engine import readable_errors
from regulars.data.names import quote_text
from regulars.data.quality import DUPLICATE, GUEST, MALFORMED, label
from regulars.data.staging import originals, row_fingerprint, temporary_table
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.data.reading import RawTable
    from regulars.data.staging import Staged


def write_rows(raw: RawTable, staged: Staged, connection: Any, path: Path) -> None:
    """Write one table's quarantine file, whole or not at all."""
    if path.suffix not in {".csv", ".parquet"}:
        msg = f"The quarantine file '{path}' must end in .csv or .parquet."
        raise ConfigError(msg)
    part = path.with_name(path.name + ".part")
    with readable_errors(f"the quarantine file '{path}'", ConfigError):
        frame = _frame(raw, staged, connection)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.touch()  # the engine would say that it cannot be read
            _write(frame, connection, part, path.suffix)
            part.replace(path)
        except OSError as error:
            msg = (
                f"The quarantine file '{path}' cannot be written: {error.strerror}. "
                "Name a folder that can be written to (outputs in the configuration)."
            )
            raise ConfigError(msg) from error


def _frame(raw: RawTable, staged: Staged, connection: Any) -> Any:
    bad = staged.bad
    unkept = staged.n_duplicates or staged.guests
    if raw.view and unkept and connection.name == "duckdb":
        bad = _with_copies(raw, bad, connection)
    whole = bad.reason != MALFORMED
    labels = [(bad.reason == name, label(name)) for name in _reasons(bad)]
    files = [(bad.file == i, file.label) for i, file in enumerate(raw.files, start=1)]
    columns = {
        "regulars_reason": bad.reason,
        "regulars_label": ibis.cases(*labels, else_=bad.reason)
        if labels
        else bad.reason,
        "regulars_file": ibis.cases(*files, else_="")
        if files
        else ibis.literal(raw.label),
        "regulars_row": bad.row,
        "regulars_line": ibis.ifelse(whole, ibis.null("string"), bad.originals[0]),
    }
    for position, name in enumerate(raw.columns):
        value = bad.originals[position]
        columns[name] = ibis.ifelse(whole, value, ibis.null("string"))
    return bad.order_by("file", "row").select(**columns)


def _reasons(bad: Any) -> list[str]:
    return sorted(bad.select("reason").distinct().reason.to_pyarrow().to_pylist())


def _with_copies(raw: RawTable, bad: Any, connection: Any) -> Any:
    """Fetch the values of copies and guests: they were not kept while reading."""
    copies = bad.filter(bad.reason.isin([DUPLICATE, GUEST]))
    table = connection.table(raw.view)
    prints = table.select(
        print=row_fingerprint(table, raw.columns), values=originals(table, raw.columns)
    )
    wanted = prints.semi_join(copies, "print")
    again = wanted.group_by("print").aggregate(values=wanted["values"].arbitrary())
    again = temporary_table(connection, f"{raw.view}_again", again)
    joined = bad.left_join(again, "print")
    filled = ibis.coalesce(joined.originals, joined["values"])
    return joined.select("reason", "id", "file", "row", originals=filled)


def _write(frame: Any, connection: Any, path: Path, suffix: str) -> None:
    if connection.name == "duckdb":
        form = "PARQUET" if suffix == ".parquet" else "CSV, HEADER"
        sql = connection.compile(frame)
        connection.raw_sql(f"COPY ({sql}) TO {quote_text(str(path))} (FORMAT {form})")
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path)
