"""Check every row of a mapped source in the engine; part good rows from bad ones.

The source is read once; only when rows were exact copies is it read again, and only for
the quarantine file.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import ibis

from regulars.data.contract import day_name
from regulars.data.guests import Guest, find_guests
from regulars.data.joins import MATCHED
from regulars.data.names import quote_text
from regulars.data.parsing import Reading, first_fault, read_columns
from regulars.data.quality import (
    AFTER_CUTOFF,
    DUPLICATE,
    GUEST,
    IN_THE_FUTURE,
    LEFT_OUT,
    MALFORMED,
    NO_PARTNER,
)
from regulars.data.queries import count_rows, first_row
from regulars.data.reading import FILE_NUMBER, has_rejects

if TYPE_CHECKING:
    from datetime import date

    from regulars.data.contract import TableContract
    from regulars.data.mapping import Mapping
    from regulars.data.reading import RawTable

# Neither stands in a text file, so that no two rows have one fingerprint.
_SEPARATOR = "\x1f"
_NULL = "\x1e"
FLIPPED = "__flipped"
"""Key under which `apply_rules` says where the sign of a return was turned."""

LOST_BITS = "__lost"
REASON = "__reason"
_ORIGINALS = "__originals"
PRINT = "__print"
_ROW = "__row"


@dataclass(frozen=True)
class Rules:
    """How the values of one table are read and checked."""

    time_zone: str
    formats: dict[str, str | None]
    cutoff: date | None
    today: date  # counts where no cutoff is stated
    drop_duplicates: bool
    guest_ids: Literal["auto"] | tuple[str, ...] = ()


@dataclass(frozen=True)
class Staged:
    """The parted rows of one table, in the engine."""

    clean: Any
    bad: Any
    n_read: int  # rows that could be split into fields
    n_duplicates: int  # kept or not
    n_flipped: int  # flagged returns whose amount was positive
    lost: dict[str, int]
    guests: tuple[Guest, ...] = ()


def apply_rules(
    table: Any,
    sources: dict[str, str],
    contract: TableContract,
    rules: Rules,
    *,
    where: str = "",
) -> Reading:
    """Return the clean columns of a table and everything that can be wrong with a row.

    A row is a return if its amount is negative or its flag says so; a flagged row with
    a positive amount gets a negative one, which `Reading.lost` counts as ``__flipped``.
    """
    reading = read_columns(
        table, sources, contract, time_zone=rules.time_zone, formats=rules.formats
    )
    columns, faults = reading.columns, reading.faults
    # What was never meant to be read is no fault, whatever else is wrong with it.
    if MATCHED in table.columns:
        faults.insert(0, (NO_PARTNER, ~reading.table[MATCHED]))
    if where:
        is_read = reading.table[where].fill_null(False)
        faults.insert(0, (LEFT_OUT, ~is_read))
    when = contract.time_column
    if when in sources:
        day = columns[day_name(when)]
        if rules.cutoff is not None:
            faults.append((AFTER_CUTOFF, day >= rules.cutoff))
        else:
            faults.append((IN_THE_FUTURE, day > rules.today + timedelta(days=1)))
    if contract.name == "transactions":
        amount = columns["amount"]
        flagged = columns.get("is_return", ibis.literal(False))
        flipped = flagged & (amount > 0)
        columns["amount"] = ibis.ifelse(flipped, -amount, amount)
        columns["is_return"] = flagged | (amount < 0)
        reading.lost[FLIPPED] = flipped
    return reading


def stage(
    raw: RawTable,
    mapping: Mapping,
    contract: TableContract,
    rules: Rules,
    connection: Any,
) -> tuple[Staged, list[str]]:
    """Read a source once, check it, and part the good rows from the bad."""
    reading = apply_rules(
        mapping.table, mapping.sources, contract, rules, where=mapping.where
    )
    reasons = [name for name, _ in reading.faults]
    if raw.rejects and not raw.is_loaded:
        forget_rejects(raw, connection)
    checked = checked_rows(raw, reading)
    rows = _numbered(connection, f"{raw.view}_staged", checked)
    good = rows.filter(rows[REASON].isnull())
    lost = _totals(good, list(reading.lost))
    copies, n_duplicates = _copies(good, raw.view, connection)
    bad = _bad_rows(rows, reasons, contract.id_column)
    if rules.drop_duplicates and n_duplicates:
        good = good.anti_join(copies, good[_ROW] == copies.copy_row)
        again = rows.semi_join(copies, rows[_ROW] == copies.copy_row)
        bad = bad.union(_renamed(again, DUPLICATE, contract.id_column))
    guests: list[Guest] = []
    if contract.name == "transactions":
        guests = find_guests(good, contract.id_column, rules.guest_ids)
    if guests:
        ids = good[contract.id_column].cast("string")
        is_guest = ids.isin([guest.id for guest in guests])
        bad = bad.union(_renamed(good.filter(is_guest), GUEST, contract.id_column))
        good = good.filter(~is_guest)
    clean_rows = good.select(*reading.columns)
    clean = temporary_table(connection, f"{raw.view}_clean", clean_rows)
    bad = temporary_table(connection, f"{raw.view}_bad", bad)
    n_read = count_rows(rows)
    if raw.files:
        bad = _place_in_files(raw, rows, bad, connection)
    connection.raw_sql(f"DROP VIEW {raw.view}_staged_rows")
    connection.raw_sql(f"DROP TABLE {raw.view}_staged")
    flipped = lost.pop(FLIPPED, 0)
    staged = Staged(clean, bad, n_read, n_duplicates, flipped, lost, tuple(guests))
    return staged, [*reasons, DUPLICATE, GUEST, MALFORMED]


def _renamed(rows: Any, reason: str, id_column: str) -> Any:
    """Return good rows as bad ones of one reason."""
    marked = rows.mutate(**{REASON: ibis.literal(1, "int8")})
    return _bad_rows(marked, [reason], id_column)


def checked_rows(raw: RawTable, reading: Reading) -> Any:
    """Return the clean columns of each row beside what is wrong with it."""
    bits = [
        ibis.ifelse(where.fill_null(False), 1 << position, 0)
        for position, where in enumerate(reading.lost.values())
    ]
    lost = functools.reduce(operator.add, bits, ibis.literal(0))
    table = reading.table.mutate(**{REASON: first_fault(reading.faults)})
    # The original values are only worth their memory where a row is set aside. That
    # they and the fingerprint need every column as text matters for another reason:
    # where only a cast of a column is needed, DuckDB 2.0 casts inside its csv reader
    # and drops the rows that fail.
    kept = ibis.ifelse(
        table[REASON].notnull(),
        originals(table, raw.columns),
        ibis.null("array<string>"),
    )
    return table.select(
        **reading.columns,
        **{
            LOST_BITS: lost.cast("int32"),
            REASON: table[REASON],
            _ORIGINALS: kept,
            PRINT: row_fingerprint(table, raw.columns),
            FILE_NUMBER: table[FILE_NUMBER],
        },
    )


def row_fingerprint(table: Any, columns: tuple[str, ...]) -> Any:
    """Return 128 bits that are equal where all of a row's values are equal."""
    texts = [table[name].cast("string").fill_null(_NULL) for name in columns]
    return ibis.literal(_SEPARATOR).join(texts).hexdigest("md5").cast("uuid")


def temporary_table(connection: Any, name: str, expression: Any) -> Any:
    """Compute an expression into a temporary table of the engine."""
    sql = connection.compile(expression)
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    return connection.table(name)


def _numbered(connection: Any, name: str, expression: Any) -> Any:
    temporary_table(connection, name, expression)
    # DuckDB keeps the order of the files, so its row ids are row numbers.
    connection.raw_sql(
        f"CREATE OR REPLACE TEMP VIEW {name}_rows AS "
        f"SELECT *, rowid + 1 AS {_ROW} FROM {name}"
    )
    return connection.table(f"{name}_rows")


def originals(table: Any, columns: tuple[str, ...]) -> Any:
    """Return a row's own values as an array of text."""
    return ibis.array([table[name].cast("string") for name in columns])


def _totals(good: Any, names: list[str]) -> dict[str, int]:
    """Return how many good rows have each bit, for those that any row has."""
    if not names:
        return {}
    totals = {
        name: ((good[LOST_BITS] & (1 << position)) != 0).sum()
        for position, name in enumerate(names)
    }
    row = first_row(good.aggregate(**totals))
    return {name: int(count) for name, count in row.items() if count}


def _copies(good: Any, view: str, connection: Any) -> tuple[Any, int]:
    """Return the rows that repeat an earlier good row, and how many they are."""
    repeated = good.group_by(PRINT).aggregate(
        first_row=good[_ROW].min(), times=good.count()
    )
    repeated = repeated.filter(repeated.times > 1)
    pairs = good.inner_join(repeated, PRINT)
    later = pairs.filter(pairs[_ROW] > pairs.first_row).select(copy_row=pairs[_ROW])
    copies = temporary_table(connection, f"{view}_copies", later)
    return copies, count_rows(copies)


def _bad_rows(rows: Any, reasons: list[str], id_column: str) -> Any:
    bad = rows.filter(rows[REASON].notnull())
    named = [
        (bad[REASON] == number, reason)
        for number, reason in enumerate(reasons, start=1)
    ]
    return bad.select(
        reason=ibis.cases(*named, else_=ibis.null("string")),
        id=bad[id_column].cast("string"),
        file=bad[FILE_NUMBER].cast("int64"),
        row=bad[_ROW],
        originals=bad[_ORIGINALS],
        print=bad[PRINT],
    )


def forget_rejects(raw: RawTable, connection: Any) -> None:
    """Drop the engine's list of lines that it could not split."""
    # Looking at a sample also fills these; only the one full reading counts.
    connection.raw_sql(f"DROP TABLE IF EXISTS {raw.rejects}")
    connection.raw_sql(f"DROP TABLE IF EXISTS {raw.rejects}_scan")


def _place_in_files(raw: RawTable, rows: Any, bad: Any, connection: Any) -> Any:
    """Count bad rows within their file and add the lines that could not be split."""
    starts = rows.group_by(FILE_NUMBER).aggregate(start=rows[_ROW].min())
    starts = temporary_table(connection, f"{raw.view}_starts", starts)
    rejects = _rejects(raw, connection)
    # Of n lines refused before a row, each moves the row's own number by one.
    connection.raw_sql(f"""
        CREATE OR REPLACE TEMP TABLE {raw.view}_bad AS
        WITH placed AS (
            SELECT b.* REPLACE (b."row" - s.start + 1 AS "row")
            FROM {raw.view}_bad AS b
            JOIN {raw.view}_starts AS s ON b.file = s.{FILE_NUMBER}
        )
        SELECT p.* REPLACE (p."row" + coalesce(r.refused, 0) AS "row")
        FROM placed AS p ASOF LEFT JOIN {rejects} AS r
        ON p.file = r.file AND p."row" > r.good_before
        UNION ALL
        SELECT '{MALFORMED}', NULL, file, "row", [line], NULL FROM {rejects}
    """)
    return connection.table(f"{raw.view}_bad")


def _rejects(raw: RawTable, connection: Any) -> str:
    name = f"{raw.view}_refused"
    paths = "[" + ", ".join(quote_text(str(file.path)) for file in raw.files) + "]"
    if not has_rejects(raw, connection):
        connection.raw_sql(
            f"CREATE OR REPLACE TEMP TABLE {name} (file BIGINT, "
            '"row" BIGINT, line VARCHAR, refused BIGINT, good_before BIGINT)'
        )
        return name
    # One line can be refused for several reasons at once; a header is no row.
    connection.raw_sql(f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        WITH lines AS (
            SELECT list_position({paths}, s.file_path) AS file,
                   e.line - {int(raw.has_header)} AS "row",
                   any_value(e.csv_line) AS line
            FROM {raw.rejects} AS e
            JOIN {raw.rejects}_scan AS s USING (scan_id, file_id)
            GROUP BY 1, 2
        ), counted AS (
            SELECT *, row_number() OVER (PARTITION BY file ORDER BY "row") AS refused
            FROM lines
        )
        SELECT file, "row", line, refused, "row" - refused AS good_before FROM counted
    """)
    return name
