"""Read a sheet of an Excel or OpenDocument workbook, and write it as rows of text.

The package python-calamine reads xlsx, xlsm, xlsb, xls and ods. Dates become ISO text,
whole numbers lose their point, and the header is the first row that names the columns.
"""

from __future__ import annotations

import datetime
import io
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from regulars.data.files import open_bytes
from regulars.data.lines import UNIT, RowWriter, text_of_float
from regulars.errors import ConfigError, DataError, MissingExtraError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from regulars.data.files import SourceFile

_HEAD_ROWS = 60
_HEADER_SHARE = 0.6


@dataclass(frozen=True)
class _Sheet:
    """One sheet: its first rows, and where its cells begin."""

    sheet: Any
    head: list[list[Any]]

    @property
    def name(self) -> str:
        return str(self.sheet.name)

    @property
    def is_table(self) -> bool:
        """Whether it has two rows of two cells: a header and something below."""
        wide = [row for row in self.head if _n_filled(row) > 1]
        return len(wide) > 1

    @property
    def is_empty(self) -> bool:
        return not any(_n_filled(row) for row in self.head)


def rewrite_sheet(
    source: SourceFile, sheet: str, target: Path
) -> tuple[SourceFile | None, tuple[str, ...]]:
    """Write the rows of a sheet as text, and say what was done; None without cells."""
    chosen, notices = _chosen_sheet(_workbook(source), sheet, source)
    if chosen is None:
        return None, ()
    start = _header_row(chosen.head)
    if any(_n_filled(row) for row in chosen.head[:start]):
        notices.append(
            f"'{source.label}': its columns are named in row {start + 1:,}; what "
            "stands above was passed over."
        )
    _refuse_merged(chosen, start, source)
    rows = itertools.islice(chosen.sheet.iter_rows(), start, None)
    header = [_text(cell) or "" for cell in next(rows)]
    used = _used_columns(chosen.sheet, start, header)
    with RowWriter(target) as writer:
        writer.add([header[column].strip() for column in used])
        for row in rows:
            cells = [_text(row[column]) for column in used]
            # Rows that are formatted but hold nothing are no rows.
            if any(cells):
                writer.add(cells)
        lines = writer.count
    written = replace(
        source,
        path=target,
        kind="text",
        encoding="utf-8",
        delimiter=UNIT,
        header=tuple(" ".join(header[column].split()) for column in used),
        lines=lines,
        origin=source.path,
    )
    return written, tuple(notices)


def _workbook(source: SourceFile) -> Any:
    try:
        import python_calamine
    except ImportError as error:
        msg = (
            f"'{source.path}' is an Excel workbook: reading it needs python-calamine. "
            'Run: pip install "regulars[excel]", or save the sheet as csv.'
        )
        raise MissingExtraError(msg) from error
    try:
        with open_bytes(source.path) as stream:
            content = io.BytesIO(stream.read())
        return python_calamine.CalamineWorkbook.from_filelike(content)
    except python_calamine.PasswordError as error:
        msg = (
            f"'{source.path}' is protected with a password. Save it without one, or "
            "save the sheet as csv."
        )
        raise DataError(msg) from error
    except (python_calamine.CalamineError, OSError) as error:
        msg = (
            f"'{source.path}' looks like an Excel workbook, but cannot be read: "
            f"{error}. Save it again as xlsx, or the sheet as csv."
        )
        raise DataError(msg) from error


def _chosen_sheet(
    workbook: Any, wanted: str, source: SourceFile
) -> tuple[_Sheet | None, list[str]]:
    if wanted:
        names = {name.strip().lower(): name for name in workbook.sheet_names}
        if wanted.lower() not in names:
            msg = (
                f"'{source.path}' has no sheet '{wanted}'."
                f"{suggestion(wanted, workbook.sheet_names)} It has "
                f"{', '.join(workbook.sheet_names)}."
            )
            raise ConfigError(msg)
        chosen = _sheet(workbook, names[wanted.lower()])
        return (None if chosen.is_empty else chosen), []
    sheets = [_sheet(workbook, name) for name in _visible(workbook)]
    filled = [each for each in sheets if not each.is_empty]
    tables = [each for each in filled if each.is_table] or filled
    if len(tables) > 1:
        names_shown = ", ".join(f"'{each.name}'" for each in tables)
        msg = (
            f"'{source.path}' has several sheets with data: {names_shown}. Say which "
            f"behind a #, as in '{source.label}#{tables[0].name}'."
        )
        raise ConfigError(msg)
    if not tables:
        return None, []
    others = len(workbook.sheet_names) > 1
    note = f"'{source.label}': read from its sheet '{tables[0].name}'."
    return tables[0], [note] if others else []


def _visible(workbook: Any) -> list[str]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    return [
        each.name
        for each in workbook.sheets_metadata
        if each.typ == SheetTypeEnum.WorkSheet
        and each.visible == SheetVisibleEnum.Visible
    ]


def _sheet(workbook: Any, name: str) -> _Sheet:
    sheet = workbook.get_sheet_by_name(name)
    n_rows = (sheet.start[0] if sheet.start else 0) + _HEAD_ROWS
    return _Sheet(sheet, list(itertools.islice(sheet.iter_rows(), n_rows)))


def _n_filled(row: Sequence[Any]) -> int:
    return sum(not _is_blank(cell) for cell in row)


def _is_blank(cell: Any) -> bool:
    return cell == "" or (isinstance(cell, str) and not cell.strip())


def _header_row(head: list[list[Any]]) -> int:
    """Return the first row that fills most columns with different texts.

    Titles above a table fill a cell or two. Where no row is of texts alone, the first
    that fills most columns is taken: the file may have no header.
    """
    widest = max(map(_n_filled, head))
    enough = min(widest, max(2, round(_HEADER_SHARE * widest)))
    first_widest = next(n for n, row in enumerate(head) if _n_filled(row) == widest)
    full = [number for number, row in enumerate(head) if _n_filled(row) >= enough]
    # A blank row parts titles of two cells from a table of three.
    joined = [n for n in full if all(map(_n_filled, head[n:first_widest]))]
    full = joined or full
    named = [number for number in full if _is_header(head[number])]
    return min(named or full)


def _is_header(row: Sequence[Any]) -> bool:
    texts = [cell for cell in row if not _is_blank(cell)]
    return all(isinstance(cell, str) for cell in texts)


def _used_columns(sheet: Any, start: int, header: list[str]) -> list[int]:
    """Return the columns that have a name or a value below it."""
    used = {column for column, name in enumerate(header) if name.strip()}
    nameless = set(range(len(header))) - used
    if nameless:
        for row in itertools.islice(sheet.iter_rows(), start + 1, None):
            used |= {column for column in nameless if not _is_blank(row[column])}
            nameless -= used
            if not nameless:
                break
    return sorted(used)


def _refuse_merged(chosen: _Sheet, start: int, source: SourceFile) -> None:
    """Refuse cells merged over rows: all but the first of the rows are blank there."""
    ranges = chosen.sheet.merged_cell_ranges or []
    below = [
        (top + 1, bottom + 1)
        for (top, _), (bottom, _) in ranges
        if top > start and bottom > top
    ]
    if below:
        shown = ", ".join(f"{top:,} to {bottom:,}" for top, bottom in below[:3])
        msg = (
            f"'{source.path}': {len(below):,} cells are merged over several rows (rows "
            f"{shown}), so that all but the first of these rows are blank there. "
            "Unmerge them and fill in every row."
        )
        raise DataError(msg)


def _text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return text_of_float(cell)
    if isinstance(cell, datetime.datetime):
        return _rounded(cell).isoformat(sep=" ")
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)


def _rounded(moment: datetime.datetime) -> datetime.datetime:
    """Undo what a day as a fraction does to a time: to the millisecond."""
    moment += datetime.timedelta(microseconds=500)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
