"""Make sure that no row was lost between the file and the tables.

What was read and how many rows were accounted for come in; nothing goes out but a
notice, or an error. Lines are counted by the bytes of the file, rows by the engine: two
counts that know nothing of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.quality import MALFORMED
from regulars.data.reading import FILE_NUMBER
from regulars.errors import DataError

if TYPE_CHECKING:
    from regulars.data.reading import RawTable
    from regulars.data.staging import Staged


def assert_whole(
    raw: RawTable, staged: Staged, rows_in: int, n_malformed: int
) -> tuple[str, ...]:
    """Check that every row of a source is accounted for.

    Parameters
    ----------
    raw : RawTable
    staged : Staged
    rows_in : int
        Rows kept plus rows set aside.
    n_malformed : int
        Lines that the engine could not split.

    Returns
    -------
    tuple of str
        A notice where lines and rows differ for a good reason.

    Raises
    ------
    DataError
        Rows are missing: mostly the work of a quote that is opened and never closed.

    Examples
    --------
    See `regulars.data.intake.read_tables`, which calls this for each table.
    """
    if rows_in != staged.n_read + n_malformed:
        raise DataError(_lost(raw, staged.n_read + n_malformed, rows_in))
    if not raw.rejects:
        n_source = int(raw.table.count().to_pyarrow().as_py())
        if n_source != rows_in:
            raise DataError(_lost(raw, n_source, rows_in))
        return ()
    n_lines = sum(file.lines.total - raw.has_header for file in raw.files)
    n_extra = n_lines - rows_in
    if n_extra == 0:
        return ()
    n_breaks, n_swallowed = _line_breaks(raw, staged)
    n_empty = sum(file.lines.empty for file in raw.files)
    if not n_breaks <= n_extra <= n_breaks + n_empty:
        raise DataError(_swallowed(raw, staged, n_extra - n_breaks))
    if n_swallowed:
        return (
            f"A quote that is not closed took {n_swallowed:,} more lines with it; they "
            "are set aside together.",
        )
    return ()


def _lost(raw: RawTable, expected: int, found: int) -> str:
    return (
        f"{raw.label} has {expected:,} rows, but {found:,} were accounted for. Was it "
        "written to meanwhile? Run again."
    )


def _line_breaks(raw: RawTable, staged: Staged) -> tuple[int, int]:
    """Return the line breaks inside quotes, and those in malformed lines alone."""
    if not any(file.lines.has_quotes for file in raw.files):
        return 0, 0
    columns = [name for name in raw.table.columns if name != FILE_NUMBER]
    inside = sum((_breaks(raw.table[name]) for name in columns), ibis.literal(0))
    malformed = staged.bad.filter(staged.bad.reason == MALFORMED)
    return (
        n_swallowed := _total(malformed, _breaks(malformed.originals[0].rstrip()))
    ) + _total(raw.table, inside), n_swallowed


def _breaks(text: Any) -> Any:
    return (text.length() - text.replace("\n", "").length()).fill_null(0)


def _total(table: Any, value: Any) -> int:
    return int(table.aggregate(total=value.sum()).to_pyarrow()[0][0].as_py() or 0)


def _swallowed(raw: RawTable, staged: Staged, n_lines: int) -> str:
    malformed = staged.bad.filter(staged.bad.reason == MALFORMED)
    first = malformed.order_by("file", "row").limit(1).to_pyarrow().to_pylist()
    where = f" Row {first[0]['row']:,} may be where it starts." if first else ""
    return (
        f"{raw.label}: {n_lines:,} lines would be lost, because a quote is opened and "
        f"not closed.{where} Mend the quotes there, or export the file again."
    )
