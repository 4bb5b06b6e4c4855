"""Names of columns: one for each, and written so that SQL takes them as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def unique_names(header: Iterable[str], *, header_line: bool = True) -> list[str]:
    """Return a name for each column of a text file."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for position, field_text in enumerate(header, start=1):
        name = field_text if header_line and field_text else f"column{position}"
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        count = seen[name.lower()]
        names.append(name if count == 1 else f"{name} ({count})")
    return names


def quote_text(text: str) -> str:
    """Return text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
