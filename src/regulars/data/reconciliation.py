"""Make sure that no row was lost between the file and the tables.

Lines are counted by the bytes of the file, rows by the engine: two counts that know
nothing of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.quality import MALFORMED
from regulars.data.queries import count_rows, total
from regulars.data.reading import FILE_NUMBER, has_rejects
from regulars.errors import DataError

if TYPE_CHECKING:
    from regulars.data.reading import RawTable
    from regulars.data.staging import Staged


def assert_whole(
    raw: RawTable, staged: Staged, rows_in: int, n_malformed: int
) -> tuple[str, ...]:
    """Check that every row of a source is accounted for."""
    if rows_in != staged.n_read + n_malformed:
        raise DataError(_lost(raw, staged.n_read + n_malformed, rows_in))
    if not raw.rejects:
        n_source = count_rows(raw.table)
        if n_source != rows_in:
            raise DataError(_lost(raw, n_source, rows_in))
        return ()
    n_lines = sum(file.lines.total - raw.has_header for file in raw.files)
    n_extra = n_lines - rows_in
    if n_extra == 0:
        return ()
    malformed = staged.bad.filter(staged.bad.reason == MALFORMED)
    n_swallowed = 0
    if _has_quotes(raw):
        n_swallowed = total(malformed, _breaks(malformed.originals[0].rstrip()))
    n_breaks = n_swallowed + _breaks_inside(raw)
    n_empty = sum(file.lines.empty for file in raw.files)
    if not n_breaks <= n_extra <= n_breaks + n_empty:
        raise DataError(_swallowed(raw, n_extra - n_breaks, _start(malformed)))
    if n_swallowed:
        return (
            f"A quote that is not closed took {n_swallowed:,} more lines with it; they "
            "are set aside together.",
        )
    return ()


def count_broken_lines(raw: RawTable, connection: Any, n_rows: int) -> int:
    """Return the lines of a source, read once in full, that are no rows.

    Raises `DataError` where a quote that is not closed took lines with it.
    """
    if not raw.rejects:
        return 0
    n_broken, n_inside = 0, 0
    if has_rejects(raw, connection):
        # One line can be refused for several reasons at once.
        n_broken, n_inside = connection.raw_sql(f"""
            WITH lines AS (
                SELECT file_id, line, rtrim(any_value(csv_line), chr(10)) AS text
                FROM {raw.rejects} GROUP BY ALL
            )
            SELECT count(*),
                   coalesce(sum(len(text) - len(replace(text, chr(10), ''))), 0)
            FROM lines
        """).fetchall()[0]
    n_lines = sum(file.lines.total - raw.has_header for file in raw.files)
    n_empty = sum(file.lines.empty for file in raw.files)
    n_extra = n_lines - n_rows - n_broken - n_inside
    n_extra -= _breaks_inside(raw)
    if not 0 <= n_extra <= n_empty:
        raise DataError(_swallowed(raw, n_extra, ""))
    return int(n_broken)


def _lost(raw: RawTable, expected: int, n_seen: int) -> str:
    return (
        f"{raw.label} has {expected:,} rows, but {n_seen:,} were accounted for. Was it "
        "written to meanwhile? Run again."
    )


def _has_quotes(raw: RawTable) -> bool:
    return any(file.lines.has_quotes for file in raw.files)


def _breaks_inside(raw: RawTable) -> int:
    """Count the line breaks inside the quotes of a source's rows."""
    if not _has_quotes(raw):
        return 0
    columns = [name for name in raw.table.columns if name != FILE_NUMBER]
    breaks = sum((_breaks(raw.table[name]) for name in columns), ibis.literal(0))
    return total(raw.table, breaks)


def _breaks(text: Any) -> Any:
    return (text.length() - text.replace("\n", "").length()).fill_null(0)


def _start(malformed: Any) -> str:
    first = malformed.order_by("file", "row").limit(1).to_pyarrow().to_pylist()
    return f" Row {first[0]['row']:,} may be where it starts." if first else ""


def _swallowed(raw: RawTable, n_lines: int, where: str) -> str:
    return (
        f"{raw.label}: {n_lines:,} lines would be lost, because a quote is opened and "
        f"not closed.{where} Mend the quotes there, or export the file again."
    )
