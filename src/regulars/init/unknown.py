"""Open a file whose columns nobody has named yet, and look at what they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.config import TableSettings
from regulars.data.column_names import name_key
from regulars.data.reading import RawTable, read_raw
from regulars.init.profile import ColumnProfile, profile_columns
from regulars.init.sample import Sample, take_sample

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class OpenFile:
    """A file before the engine, and what its columns hold."""

    path: str
    raw: RawTable
    profiles: list[ColumnProfile]
    sample: Sample

    @property
    def short(self) -> str:
        """Its name without the folder."""
        return re.split(r"[/\\]", self.path)[-1]

    @property
    def stem(self) -> str:
        """Its name in the singular, as other files' keys would call it."""
        stem = name_key(self.short.partition(".")[0])
        return re.sub(r"(?<!s)s$", "", re.sub(r"ies$", "y", stem))


def open_unknown(path: str, connection: Any, folder: Path) -> RawTable:
    """Open a file, with numbered columns where there is no header.

    Files that have to be rewritten are written to `folder`.
    """
    raw = read_raw("transactions", TableSettings(path=path), connection, folder)
    if not raw.headless or _looks_like_header(raw):
        return raw
    numbered = TableSettings(path=path, columns={"customer_id": "column1"})
    return read_raw("transactions", numbered, connection, folder)


def look_at(path: str, raw: RawTable, connection: Any) -> OpenFile:
    """Return an open file with the profiles of its columns and a sample."""
    sample = take_sample(raw, connection)
    return OpenFile(path, raw, profile_columns(raw, sample), sample)


def _looks_like_header(raw: RawTable) -> bool:
    cells = raw.files[0].header
    numbers = [cell for cell in cells if re.fullmatch(r"[-+\d.,:/ ]+", cell)]
    return len(numbers) < len(cells) / 2
