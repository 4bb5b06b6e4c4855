"""The first rows of an unknown source, as text, to be asked in SQL.

A guess about how columns hang together (which id repeats, whether a total stands on
every line) takes many questions; each would read the file again.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.data.names import quote_name
from regulars.data.parsing import clean_text
from regulars.data.staging import temporary_table

if TYPE_CHECKING:
    from regulars.data.reading import RawTable

MOST_ROWS = 100_000
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Sample:
    """Up to 100,000 rows in the engine: text without outer blanks, null where blank.

    `plain` is the table of the texts as they stand, `name` the view that cleans those
    columns that are asked for.
    """

    connection: Any
    name: str
    columns: tuple[str, ...]
    plain: str

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query; ``{sample}`` stands for the sample."""
        sql = sql.replace("{sample}", self.name).replace("{plain}", self.plain)
        cursor = self.connection.raw_sql(sql)
        names = [each[0] for each in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str) -> dict[str, Any]:
        """Return the only row of a query."""
        return self.ask(sql)[0]


def take_sample(raw: RawTable, connection: Any) -> Sample:
    """Return the first rows of a source."""
    name = f"regulars_sample_{next(_NUMBERS)}"
    first = raw.table.limit(MOST_ROWS)
    texts = first.select(**{each: first[each].cast("string") for each in raw.columns})
    plain = temporary_table(connection, f"{name}_plain", texts)
    # A view cleans only the columns that are asked for; of 200 few are.
    cleaned = plain.select(**{each: clean_text(plain[each]) for each in raw.columns})
    sql = connection.compile(cleaned)
    connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
    return Sample(connection, name, raw.columns, f"{name}_plain")


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
