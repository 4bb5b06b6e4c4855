"""Bring files that belong together into one table, before any column has a meaning.

A joined file has one row for each of its keys; a key that repeats would multiply the
main file's rows and with them its amounts, so it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import ibis

from regulars.config import TableSettings
from regulars.data.ledger import materialise
from regulars.data.queries import count_rows, first_row
from regulars.data.reading import (
    FILE_NUMBER,
    RawTable,
    find_column,
    has_rejects,
    read_raw,
)
from regulars.errors import ConfigError, DataError, suggestion

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.config import JoinSettings

LINE = "__line"
"""Column that numbers the rows of the main file, from 1, in the order of the file."""
MATCHED = "__matched"
"""Column that says whether every inner join found a partner."""
_KEY = "__key_"


@dataclass(frozen=True)
class _Side:
    """A joined file with its keys as text."""

    table: Any
    keys: tuple[str, ...]
    raw: RawTable


def join_files(
    raw: RawTable,
    joins: tuple[JoinSettings, ...],
    connection: Any,
    folder: Path,
    setting: str,
) -> tuple[RawTable, list[str]]:
    """Return the rows of `raw`, which has `LINE`, with the columns of the joined files.

    No row is lost or added: a row without a partner in an inner join is marked by
    `MATCHED`, to be left out and counted later.
    """
    table, columns = raw.table.mutate(**{MATCHED: ibis.literal(True)}), [*raw.columns]
    notices = []
    for number, join in enumerate(joins):
        where = f"{setting}.join[{number}]"
        own = [_column(columns, key, where, raw.label) for key in join.keys]
        side = _joined_side(join, connection, folder, where, raw)
        taken = {name.lower() for name in columns}
        names = {
            name: _free_name(name, taken, side.raw)
            for name in side.raw.columns
            if name not in join.keys.values()
        }
        keyed = table.mutate(**_text_keys(table, own))
        partner = side.table.select(
            *side.keys,
            __partner=ibis.literal(True),
            **{new: side.table[old] for old, new in names.items()},
        )
        joined = keyed.left_join(partner, list(side.keys), rname="{name}__right")
        matched = joined["__partner"].notnull()
        notices += _unmatched(joined, matched, side, raw)
        if join.kind == "inner":
            joined = joined.mutate(**{MATCHED: joined[MATCHED] & matched})
        columns += names.values()
        table = materialise(joined.select(*columns, LINE, MATCHED, FILE_NUMBER))
    ordered = table.order_by(LINE)
    return replace(raw, table=ordered, columns=tuple(columns)), notices


def _joined_side(
    join: JoinSettings, connection: Any, folder: Path, where: str, main: RawTable
) -> _Side:
    inner = folder / where.replace(".", "-")
    inner.mkdir(exist_ok=True)
    settings = TableSettings(path=join.path, table=join.table)
    raw = read_raw("joined", settings, connection, inner, join.keys.values())
    keys = [
        _column([*raw.columns], key, where, raw.label) for key in join.keys.values()
    ]
    table = materialise(raw.table.mutate(**_text_keys(raw.table, keys)))
    _refuse_broken_lines(raw, connection)
    names = tuple(f"{_KEY}{number}" for number in range(len(keys)))
    table = table.filter(ibis.and_(*(table[name].notnull() for name in names)))
    _refuse_repeated_keys(table, names, keys, raw, main)
    return _Side(table, names, raw)


def _text_keys(table: Any, columns: list[str]) -> dict[str, Any]:
    """Return the keys as trimmed text: an id may be a number in one file only."""
    return {
        f"{_KEY}{number}": table[name].cast("string").strip().nullif("")
        for number, name in enumerate(columns)
    }


def _column(columns: list[str], key: str, where: str, label: str) -> str:
    column = find_column(key, columns)
    if column is not None:
        return column
    msg = (
        f"{where}.on: {label} has no column '{key}'.{suggestion(key, columns)} Its "
        f"columns are {', '.join(columns)}."
    )
    raise ConfigError(msg)


def _free_name(name: str, taken: set[str], raw: RawTable) -> str:
    """Return a column's name, with its file's where the name is taken."""
    stem = PurePath(raw.label.strip("'")).name.partition(".")[0]
    new = name if name.lower() not in taken else f"{name} ({stem})"
    while new.lower() in taken:
        new += "'"
    taken.add(new.lower())
    return new


def _refuse_broken_lines(raw: RawTable, connection: Any) -> None:
    """Refuse lines that cannot be split: their partners would go without a word."""
    if not has_rejects(raw, connection):
        return
    n_bad, line = connection.raw_sql(
        f"SELECT count(DISTINCT line), min(line) FROM {raw.rejects}"
    ).fetchone()
    if n_bad:
        msg = (
            f"{raw.label}: {n_bad:,} lines cannot be split into fields, the first of "
            f"them line {line}. Mend them, so that no row goes without its partner."
        )
        raise DataError(msg)


def _refuse_repeated_keys(
    table: Any, names: tuple[str, ...], keys: list[str], raw: RawTable, main: RawTable
) -> None:
    counts = table.group_by(list(names)).aggregate(n=table.count())
    repeated = materialise(counts.filter(counts.n > 1))
    n_repeated = count_rows(repeated)
    if not n_repeated:
        return
    first = repeated.order_by(ibis.desc("n"), *names).limit(5).to_pyarrow().to_pylist()
    shown = ", ".join(
        f"{' '.join(row[name] for name in names)} ({row['n']} times)" for row in first
    )
    key = " and ".join(f"'{each}'" for each in keys)
    msg = (
        f"{raw.label} cannot be joined to {main.label}: its key {key} repeats for "
        f"{n_repeated:,} values ({shown}), so that rows and amounts would be counted "
        f"more than once. Make {raw.label} the 'path' and join {main.label} to it, or "
        "bring it to one row a key first."
    )
    raise DataError(msg)


def _unmatched(joined: Any, matched: Any, side: _Side, raw: RawTable) -> list[str]:
    counted = joined.aggregate(
        rows=joined.count(),
        without=(~matched).sum(),
    )
    row = first_row(counted)
    unused = side.table.anti_join(joined, list(side.keys))
    n_unused = count_rows(unused)
    notices = []
    if row["without"]:
        notices.append(
            f"{row['without']:,} of {row['rows']:,} rows of {raw.label} have no "
            f"partner in {side.raw.label}."
        )
    if n_unused:
        notices.append(
            f"{n_unused:,} rows of {side.raw.label} belong to no row of {raw.label}."
        )
    return notices
