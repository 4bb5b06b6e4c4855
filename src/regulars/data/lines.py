"""Count the lines of text, and write rows as text that the engine splits again.

The counts are taken from the bytes, so that they know nothing of how the engine reads
them: what both say must agree.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    Cell = str | int | None

UNIT = "\x1f"
"""Separator of rows that were written here: no line of anybody's file holds it."""

_FLUSH = 1 << 22
_EXACT = 1e15


@dataclass(frozen=True)
class LineCount:
    """Lines of a text file, counted without looking at its fields."""

    total: int = 0  # as line feeds, and one for a last line without
    empty: int = 0
    returns: int = 0  # carriage returns
    has_quotes: bool = False

    @property
    def mixed_ends(self) -> bool:
        """Whether some lines end in another way than others."""
        return 0 < self.returns != self.total


class LineCounter:
    """Count lines block by block."""

    def __init__(self) -> None:
        self._feeds = self._empty = self._returns = 0
        # A line feed at the end of a block may prove to end an empty line.
        self._tail = b"\n"
        self._ends_line = True
        self._has_quotes = False

    def add(self, block: bytes) -> None:
        """Count one more block of a file."""
        self._feeds += block.count(b"\n")
        returns = block.count(b"\r") if b"\r" in block else 0
        self._returns += returns
        self._has_quotes = self._has_quotes or b'"' in block
        seam = self._tail + block[:2]
        self._empty += bool(self._tail and re.match(rb"\n\r?\n", seam))
        if b"\n\n" in block or (returns and b"\n\r" in block):
            self._empty += len(re.findall(rb"\n(?=\r?\n)", block))
        end = (self._tail + block)[-2:] if len(block) < 2 else block[-2:]
        self._tail = b"\n" if end.endswith(b"\n") else end * (end == b"\n\r")
        self._ends_line = block.endswith(b"\n")

    @property
    def count(self) -> LineCount:
        """What was counted so far."""
        total = self._feeds + (not self._ends_line)
        return LineCount(total, self._empty, self._returns, self._has_quotes)


class RowWriter:
    """Write rows as UTF-8 text with `UNIT` between fields and line feeds after rows."""

    def __init__(self, target: Path) -> None:
        self._file = target.open("wb")
        self._buffer = io.StringIO(newline="")
        # Both characters of the line end are quoted inside fields; see `_flush`.
        self._writer = csv.writer(self._buffer, delimiter=UNIT, lineterminator="\r\n")
        self._counter = LineCounter()
        self._width = 0

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._flush()
        self._file.close()

    @property
    def count(self) -> LineCount:
        """Lines written so far."""
        self._flush()
        return self._counter.count

    def add(self, row: Sequence[Cell]) -> None:
        """Write one row; the first says how many fields a row has."""
        self._width = self._width or len(row)
        self._writer.writerow(row)
        if self._buffer.tell() > _FLUSH:
            self._flush()

    def add_broken(self, line: str) -> None:
        """Write a line that is no row, so that the engine sets it aside as it is."""
        text = " ".join(line.replace(UNIT, " ").split())
        # An opening quote would take the next lines along.
        text = f"> {text}" if text.startswith('"') else text
        if self._width == 1:
            text += UNIT + "(no record)"
        self._buffer.write(text + "\r\n")

    def _flush(self) -> None:
        text = self._buffer.getvalue().replace("\r\n", "\n").replace("\r", "\n")
        block = text.replace("\0", "").encode("utf-8", "replace")
        self._counter.add(block)
        self._file.write(block)
        self._buffer.seek(0)
        self._buffer.truncate()


def text_of_float(value: float) -> str:
    """Return a number as text; without a point where it is whole, as ids are."""
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return "NaN" if value != value else repr(value)
