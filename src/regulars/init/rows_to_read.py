"""Find the rows of an unknown log that are sales, by columns that mark the others.

A status, a mark or a day of cancellation gives a ``where`` expression that leaves out
what is plainly no sale. What is not plain is kept and named in a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.data.column_names import name_key
from regulars.data.names import quote_text
from regulars.init.sample import column_sql
from regulars.init.statuses import is_doubtful, is_no_sale, is_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.data.reading import RawTable
    from regulars.init.profile import ColumnProfile
    from regulars.init.sample import Sample


_MOST_VALUES = 60


# Magento closes an order when it has been refunded in full; elsewhere closed is done.
_MAGENTO_NAMES = re.compile(
    r"incrementid|purchasepoint|(base)?grandtotal(base|purchased)?|totalrefunded|"
    r"billtoname|baset\w*"
)


_FLAG = re.compile(
    r"(is|was|has|ist|order|est)*(cancell?ed|cancell?ation|void|voided|refunded|"
    r"returned|failed|storniert|storno|erstattet|annulee?|remboursee?|cancelad[oa]|"
    r"fraud|fraudulent|test|testorder|deleted)(flag|ind)?"
)


_STAMP = re.compile(
    r"(order)?(cancell?ed|cancell?ation|voided|deleted)(at|on|date|time)|"
    r"storn(iert|o)(am|datum)|dateannulation|fechacancelacion"
)


_YES = frozenset({"1", "1.0", "y", "yes", "true", "t", "ja", "oui", "si", "x", "j"})


_NO = frozenset({"0", "0.0", "n", "no", "false", "f", "nein", "non"})


_MOST_LISTED = 8


_MOST_CODES = 20


@dataclass(frozen=True)
class RowsToRead:
    """A ``where`` expression, the columns it needs, and what to say of it."""

    sql: str
    columns: tuple[str, ...]
    note: str
    kept_note: str


@dataclass(frozen=True)
class _Condition:
    sql: str
    column: str
    left_out: dict[str, int]
    doubtful: dict[str, int]
    n_null: int


def find_rows_to_read(
    profiles: Sequence[ColumnProfile],
    raw: RawTable,
    sample: Sample,
    columns: dict[str, Any],
    lines_of: str | None = None,
    returns: Sequence[str] = (),
) -> RowsToRead | None:
    """Return the rows that are sales; None where no column says that some are not."""
    taken = {source for source in columns.values() if isinstance(source, str)}
    conditions = []
    for profile in profiles:
        if profile.name in taken or not profile.n_filled:
            continue
        condition = _condition(profile, profiles, raw, sample, lines_of, returns)
        if condition is not None and not _speaks_of_other_things(
            condition, sample, columns
        ):
            conditions.append(condition)
    if not conditions:
        return None
    sql = " AND ".join(each.sql for each in conditions)
    left = sample.one(f"SELECT count(*) AS n FROM {raw.view} WHERE {sql}")["n"]
    return _described(sql, conditions, lines_of) if left else None


def _condition(
    profile: ColumnProfile,
    profiles: Sequence[ColumnProfile],
    raw: RawTable,
    sample: Sample,
    lines_of: str | None,
    returns: Sequence[str],
) -> _Condition | None:
    key = name_key(profile.name)
    name = column_sql(profile.name)
    if _STAMP.fullmatch(key) and profile.time_share > 0.9:
        return _stamp_condition(profile, name, raw, sample, lines_of)
    if not 1 <= profile.n_distinct <= _MOST_VALUES or profile.time_share > 0.5:
        return None
    flag = _FLAG.fullmatch(key) is not None
    if not flag and not is_status(profile):
        return None
    counts = _counts(name, raw, sample, lines_of)
    n_null = counts.pop(None, 0)
    values = {str(value): n for value, n in counts.items()}
    if flag:
        return _flag_condition(profile, name, values, n_null)
    bad = {
        value: n
        for value, n in values.items()
        if is_no_sale(value) and value not in returns
    }
    if any(name_key(v) == "complete" for v in values) and any(
        _MAGENTO_NAMES.fullmatch(name_key(each.name)) for each in profiles
    ):
        bad |= {v: n for v, n in values.items() if name_key(v) == "closed"}
    kept = [value for value in values if value not in bad]
    if not bad or not (kept or n_null):
        return None
    sql = _sql(name, kept, list(bad), blank_too=n_null > 0)
    doubtful = {v: n for v, n in values.items() if v not in bad and is_doubtful(v)}
    return _Condition(sql, profile.name, bad, doubtful, n_null)


def _stamp_condition(
    profile: ColumnProfile,
    name: str,
    raw: RawTable,
    sample: Sample,
    lines_of: str | None,
) -> _Condition | None:
    """Return the rows without a day of cancellation."""
    counts = _counts(name, raw, sample, lines_of)
    n_null = counts.pop(None, 0)
    first = sample.one(f"SELECT count({name}) AS n FROM {{sample}}")["n"]
    blanks = {value for value in counts if value.lower() in {"null", "nan", "none"}}
    if blanks or not n_null or first != profile.n_filled:
        return None
    n_set = sum(counts.values())
    return _Condition(
        f"{name} IS NULL", profile.name, {f"with '{profile.name}'": n_set}, {}, 0
    )


def _sql(name: str, kept: list[str], bad: list[str], *, blank_too: bool) -> str:
    if len(kept) == 1:
        sql = f"{name} = {quote_text(kept[0])}"
    elif 1 < len(kept) <= _MOST_LISTED:
        listed = ", ".join(quote_text(value) for value in kept)
        sql = f"{name} IN ({listed})"
    else:
        listed = ", ".join(quote_text(value) for value in bad)
        sql = f"{name} NOT IN ({listed})"
    return f"({sql} OR {name} IS NULL)" if blank_too else sql


def _flag_condition(
    profile: ColumnProfile, name: str, values: dict[str, int], n_null: int
) -> _Condition | None:
    """Return the rows without the mark: is_cancelled, voided, refunded."""
    yes = {value: n for value, n in values.items() if value.lower() in _YES}
    others = [value for value in values if value not in yes]
    if not yes or any(value.lower() not in _NO for value in others):
        return None
    if not others and not n_null:
        return None
    listed = ", ".join(quote_text(value) for value in yes)
    text = name if profile.is_text else f"CAST({name} AS VARCHAR)"
    sql = f"{text} NOT IN ({listed})" if len(yes) > 1 else f"{text} <> {listed}"
    if n_null:
        sql = f"({sql} OR {name} IS NULL)"
    return _Condition(sql, profile.name, {profile.name: sum(yes.values())}, {}, 0)


def _counts(
    name: str, raw: RawTable, sample: Sample, lines_of: str | None, where: str = "true"
) -> dict[Any, int]:
    """Return how many rows have each value; an order's blank lines have its first's."""
    source = raw.view
    if lines_of is not None:
        by = column_sql(lines_of)
        # where the order's name is blank too, the order above goes on
        source = (
            f"(SELECT max({name}) OVER (PARTITION BY __order) AS {name} FROM "
            f"(SELECT {name}, last_value({by} IGNORE NULLS) OVER (ORDER BY __line) "
            f"AS __order FROM (SELECT {name}, {by}, row_number() OVER () AS __line "
            f"FROM {raw.view})))"
        )
    value = f"nullif(CAST({name} AS VARCHAR), '')"
    rows = sample.ask(
        f"SELECT {value} AS value, count(*) AS n FROM {source} "
        f"WHERE {where} GROUP BY ALL ORDER BY n DESC, value"
    )
    return {row["value"]: row["n"] for row in rows}


def _speaks_of_other_things(
    condition: _Condition, sample: Sample, columns: dict[str, Any]
) -> bool:
    """Say whether the rows that would be left out are returns, or a customer's state.

    Rows with negative amounts take a sale back: without them the sale would stay. And a
    mark that all orders of a customer bear says that the customer has left.
    """
    signed = [columns.get("amount"), columns.get("quantity")]
    named = [source for source in signed if isinstance(source, str)]
    if named:
        sign = f"left(translate({column_sql(named[0])}, '(' || chr(8722), '--'), 1)"
        row = sample.one(
            f"SELECT count(*) AS n, count(*) FILTER ({sign} = '-') AS negative "
            f"FROM {{sample}} WHERE NOT ({condition.sql})"
        )
        if row["n"] and row["negative"] > row["n"] / 2:
            return True
    customer, when = columns.get("customer_id"), columns.get("order_time")
    if not isinstance(customer, str) or not isinstance(when, str):
        return False
    row = sample.one(
        f"WITH each AS (SELECT count(DISTINCT {column_sql(when)}) AS days, "
        f"count(*) FILTER (NOT ({condition.sql})) = count(*) AS always FROM {{sample}} "
        f"WHERE {column_sql(customer)} IS NOT NULL GROUP BY {column_sql(customer)} "
        f"HAVING count(*) FILTER (NOT ({condition.sql})) > 0 "
        f"AND count(DISTINCT {column_sql(when)}) > 1) "
        "SELECT count(*) AS n, count(*) FILTER (always) AS same FROM each"
    )
    return bool(row["n"] >= 10 and row["same"] > 0.9 * row["n"])


def _described(
    sql: str, conditions: list[_Condition], lines_of: str | None
) -> RowsToRead:
    left_out: dict[str, int] = {}
    doubtful: dict[str, int] = {}
    for each in conditions:
        left_out |= each.left_out
        doubtful |= each.doubtful
    kept = []
    if doubtful:
        kept.append(f"kept: {_listed(doubtful)}; leave out what is no sale to you")
    n_null = sum(each.n_null for each in conditions)
    if n_null and lines_of is None:
        kept.append(f"{n_null:,} rows without a status are kept")
    names = tuple(each.column for each in conditions)
    return RowsToRead(sql, names, _listed(left_out), "; ".join(kept))


def status_codes(profiles: Sequence[ColumnProfile], sample: Sample) -> str:
    """Return a question about a status that is written in numbers; empty where none."""
    for profile in profiles:
        coded = profile.examples and all(
            re.fullmatch(r"\d+", t) for t in profile.examples
        )
        if is_status(profile) and coded and 3 <= profile.n_distinct <= _MOST_CODES:
            name = column_sql(profile.name)
            rows = sample.ask(
                f"SELECT {name} AS value, count(*) AS n FROM {{sample}} "
                f"WHERE {name} IS NOT NULL GROUP BY ALL"
            )
            counts = _listed({row["value"]: row["n"] for row in rows})
            return (
                f"'{profile.name}' holds codes ({counts}): if some mean cancelled or "
                f'refunded, leave them out: where: "{name} NOT IN (6)"'
            )
    return ""


def _listed(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ", ".join(f"{value} {n:,}" for value, n in ordered[:12])
    more = len(ordered) - 12
    return f"{shown} and {more} more" if more > 0 else shown
