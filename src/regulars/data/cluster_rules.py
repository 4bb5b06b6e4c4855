"""The intake's rules for the rows of a cluster: one dialect, whoever reads.

The driver maps the columns of some first rows and compiles the rules to DuckDB's SQL;
each Python worker of the cluster runs that text over its own rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.data.contract import TABLES, day_name
from regulars.data.engine import connect, readable_errors
from regulars.data.intake import time_formats
from regulars.data.mapping import map_columns
from regulars.data.names import quote_name
from regulars.data.reading import FILE_NUMBER, RawTable
from regulars.data.staging import (
    LOST_BITS,
    PRINT,
    REASON,
    Rules,
    apply_rules,
    checked_rows,
)
from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.config import Settings, TableSettings
    from regulars.data.contract import TableContract

SAMPLE = 20_000
"""First rows by which a column's form is known, such as how a time is written."""

SIDES = {"referrals": ("referrer_id", "referred_id")}
"""Columns in which customers stand, where they are several."""

OWN = "__own"
"""Column that numbers the hash of the customer in each of the sides."""

_ROWS = "rows"


@dataclass(frozen=True)
class TableRules:
    """How the rows of one source are read and checked, as text for any worker."""

    name: str
    label: str
    # view -> what makes it out of the rows
    views: tuple[tuple[str, str], ...]
    query: str
    # of the checked rows, and of the source's
    schema: pa.Schema
    reasons: tuple[str, ...]
    lost: tuple[str, ...]
    described: dict[str, str]
    notices: tuple[str, ...]
    drop_duplicates: bool

    @property
    def id_column(self) -> str:
        """Column that names the customer."""
        return TABLES[self.name].id_column

    @property
    def day_column(self) -> str | None:
        """Column of the day of a row, if the table has any."""
        when = TABLES[self.name].time_column or "known_from"
        day = day_name(when)
        return day if day in self.schema.names else None

    def checked(self, rows: pa.Table) -> pa.Table:
        """Return rows of the source, mapped and checked."""
        return self._run(rows, self.query).cast(self.schema)

    def of_share(self, rows: pa.Table, share: float) -> pa.Table:
        """Return the source's own rows of a share of the customers."""
        sides = " OR ".join(
            f"{quote_name(f'{OWN}_{n}')} % 1000000 < {int(share * 1_000_000)}"
            for n in range(self.n_sides)
        )
        kept = self._run(rows, f"SELECT ({sides}) AS kept FROM ({self.query})")
        return rows.filter(kept["kept"].combine_chunks().fill_null(False))

    @cached_property
    def n_sides(self) -> int:
        """Columns in which customers stand."""
        return sum(name.startswith(f"{OWN}_") for name in self.schema.names)

    def _run(self, rows: pa.Table, query: str) -> pa.Table:
        connection = connect("duckdb://?threads=1")
        try:
            connection.con.register(_ROWS, rows)
            for name, body in self.views:
                connection.raw_sql(f"CREATE TEMP VIEW {name} AS {body}")
            return connection.con.sql(query).to_arrow_table()
        finally:
            connection.disconnect()


def rules_of_all(
    sources: Mapping[str, Any], settings: Settings
) -> dict[str, TableRules]:
    """Compile the rules of tables of Spark."""
    rules = {}
    for name, source in sources.items():
        place = getattr(settings.source, name)
        where = f"table {place.table}" if place.table else f"'{place.path}'"
        with readable_errors(where):
            sample = source.limit(SAMPLE).toArrow()
        rules[name] = rules_of(name, sample, settings, where)
    return rules


def rules_of(name: str, sample: pa.Table, settings: Settings, label: str) -> TableRules:
    """Compile the rules of one source out of some of its rows."""
    table_settings: TableSettings = getattr(settings.source, name)
    contract = TABLES[name]
    if not sample.num_rows:
        msg = f"{label} holds no rows. Export it again, or name another."
        raise DataError(msg)
    connection = connect("duckdb://")
    try:
        raw = _raw(name, sample, connection, label)
        with readable_errors(label):
            mapping = map_columns(raw, contract, table_settings, connection)
            formats, notices = time_formats(raw, mapping, contract, table_settings)
            rules = Rules(
                settings.source.time_zone,
                formats,
                settings.time.cutoff,
                date.today(),
                drop_duplicates=table_settings.duplicates == "set_aside",
            )
            reading = apply_rules(
                mapping.table, mapping.sources, contract, rules, where=mapping.where
            )
            checked = connection.compile(checked_rows(raw, reading))
            query = _query(contract, checked, [*reading.columns])
            schema = connection.con.sql(f"{query} LIMIT 0").to_arrow_table().schema
            views = _views(connection)
    finally:
        connection.disconnect()
    return TableRules(
        name=name,
        label=label,
        views=views,
        query=query,
        schema=_plain(schema),
        reasons=tuple(reason for reason, _ in reading.faults),
        lost=tuple(reading.lost),
        described=dict(mapping.described),
        notices=tuple(notices),
        drop_duplicates=rules.drop_duplicates,
    )


def _raw(name: str, sample: pa.Table, connection: Any, label: str) -> RawTable:
    view = f"regulars_{name}"
    connection.con.register(_ROWS, sample)
    connection.raw_sql(
        f"CREATE TEMP VIEW {view} AS SELECT *, 1 AS {FILE_NUMBER} FROM {_ROWS}"
    )
    return RawTable(view, connection.table(view), tuple(sample.column_names), label)


def _query(contract: TableContract, checked: str, columns: Sequence[str]) -> str:
    """Return the checked rows with a number for each row and for its customers."""
    sides = SIDES.get(contract.name, (contract.id_column,))
    numbers = (
        f"md5_number_lower(CAST({quote_name(side)} AS VARCHAR)) AS {OWN}_{n}"
        for n, side in enumerate(sides)
    )
    own = ", ".join([*map(quote_name, columns), LOST_BITS, REASON, *numbers])
    print_ = f"md5_number_lower(CAST({PRINT} AS VARCHAR)) AS {PRINT}"
    return f"SELECT {own}, {print_} FROM ({checked})"


def _views(connection: Any) -> tuple[tuple[str, str], ...]:
    """Return the views that the query stands on, in the order of their making."""
    made = connection.raw_sql(
        "SELECT view_name, sql FROM duckdb_views() "
        "WHERE view_name LIKE 'regulars_%' ORDER BY view_oid"
    ).fetchall()
    return tuple((name, sql.split(" AS ", 1)[1].rstrip("; \n")) for name, sql in made)


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return a schema whose texts are of the one type that Spark knows."""
    fields: Sequence[pa.Field] = [
        field.with_type(pa.string())
        if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type)
        else field
        for field in schema
    ]
    return pa.schema(fields)
