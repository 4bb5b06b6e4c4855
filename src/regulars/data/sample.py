"""The first rows of an unknown source, as text, to be asked in SQL.

A guess about how columns hang together (which id repeats, whether a total stands on
every line) takes many questions; each would read the file again.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.parsing import is_missing
from regulars.data.reading import quote_name
from regulars.data.staging import materialise

if TYPE_CHECKING:
    from regulars.data.reading import RawTable

MOST_ROWS = 100_000
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Sample:
    """Up to 100,000 rows in the engine: text without outer blanks, null where blank."""

    connection: Any
    name: str
    columns: tuple[str, ...]

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query; ``{sample}`` stands for the sample."""
        cursor = self.connection.raw_sql(sql.replace("{sample}", self.name))
        names = [each[0] for each in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str) -> dict[str, Any]:
        """Return the only row of a query."""
        return self.ask(sql)[0]


def take_sample(raw: RawTable, connection: Any) -> Sample:
    """Return the first rows of a source."""
    first = raw.table.limit(MOST_ROWS)
    texts = {}
    for name in raw.columns:
        text = first[name].cast("string").strip()
        texts[name] = ibis.ifelse(is_missing(text), ibis.null("string"), text)
    name = f"regulars_sample_{next(_NUMBERS)}"
    materialise(connection, name, first.select(**texts))
    return Sample(connection, name, raw.columns)


def column_sql(name: str) -> str:
    """Return a column's name for SQL, quoted where it has to be."""
    plain = name.isascii() and name.isidentifier()
    return name if plain and name.lower() not in _RESERVED else quote_name(name)


_RESERVED = frozenset(
    {"all", "and", "as", "asc", "case", "cast", "check", "column", "create", "default"}
    | {"desc", "distinct", "else", "end", "false", "for", "from", "group", "having"}
    | {"in", "into", "is", "join", "left", "like", "limit", "not", "null", "offset"}
    | {"on", "or", "order", "primary", "references", "right", "select", "table", "then"}
    | {"to", "true", "union", "unique", "using", "when", "where", "window", "with"}
    | {"date", "time", "timestamp", "interval", "values", "user", "returning", "any"}
)
