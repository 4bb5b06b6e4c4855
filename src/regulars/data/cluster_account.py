"""What became of the rows of a cluster: counted bucket by bucket, summed on the driver.

Exact copies of a row and the orders of a customer lie in one bucket, so that their
numbers are exact.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.cluster_exchange import COUNTED, EXAMPLES
from regulars.data.contract import TABLES
from regulars.data.guests import MOST, Guest, implausible
from regulars.data.intake import notices_of
from regulars.data.quality import (
    DUPLICATE,
    GUEST,
    ReasonCount,
    TableCounts,
    is_fault,
    label,
)
from regulars.data.staging import FLIPPED, PRINT, Staged
from regulars.data.validation_errors import SUMMED, refuse_counts, refuse_sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from regulars.config import Settings
    from regulars.data.cluster_exchange import Bucket, Exchange
    from regulars.data.cluster_rules import TableRules

    Told = list[dict[str, Any]]

# billions of remainders of it add up
_PRIME = 2_147_483_647
_NO_DAY = pa.chunked_array([[]], pa.date32())
_SCHEMA = pa.schema([("told", pa.string())])


@dataclass(frozen=True)
class TableAccount:
    """One table: its rows, and the days between which they lie."""

    counts: TableCounts
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class Account:
    """All tables of a cluster."""

    tables: Mapping[str, TableAccount]
    guests: tuple[Guest, ...]
    n_customers: int
    n_purchases: int
    fingerprint: str


def take_account(spread: Any, exchange: Exchange, settings: Settings) -> Account:
    """Count the rows of all tables on the cluster; refuse them if they are too bad."""
    told = _asked(spread, exchange, settings)
    guests = _guests(told, settings)
    n_guest_lines = 0
    if guests:
        n_all = _n_rows(told, "transactions")
        told = _asked(spread, with_guests(exchange, guests), settings)
        n_guest_lines = n_all - _n_rows(told, "transactions")
    tables = {}
    for name in exchange.rules:
        own = guests if name == "transactions" else ()
        counts = _counts(name, told, exchange, own, n_guest_lines)
        tables[name] = _account(name, told, counts, settings, exchange)
    content = [
        [
            name,
            _n_rows(told, name),
            sum(t["tables"][name]["digest"] for t in told),
        ]
        for name in sorted(exchange.rules)
    ]
    return Account(
        tables,
        guests,
        sum(each["n_ids"] for each in told),
        sum(each["n_purchases"] for each in told),
        hashlib.sha256(json.dumps(content).encode()).hexdigest(),
    )


def with_guests(exchange: Exchange, guests: Sequence[Guest]) -> Exchange:
    """Return an exchange that leaves out the lines of guests."""
    return replace(exchange, guests=tuple(guest.id for guest in guests))


def _asked(spread: Any, exchange: Exchange, settings: Settings) -> Told:
    listed = _listed(settings)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = _of_bucket(exchange.received(batches), exchange.rules, listed)
        told = json.dumps(found, default=str)
        yield pa.RecordBatch.from_arrays([pa.array([told])], schema=_SCHEMA)

    rows = spread.mapInArrow(work, "told string").collect()
    return [json.loads(row[0]) for row in rows]


def _listed(settings: Settings) -> tuple[str, ...] | None:
    """Return the ids of guests that the user names; None: they are to be found."""
    transactions = settings.source.transactions
    if transactions is None or transactions.guest_ids == "auto":
        return None
    return tuple(each.strip() for each in transactions.guest_ids)


def _of_bucket(
    bucket: Bucket, rules: Mapping[str, TableRules], listed: tuple[str, ...] | None
) -> dict[str, Any]:
    lines = bucket.tables["transactions"]
    days = {
        name: rows[rules[name].day_column] if rules[name].day_column else _NO_DAY
        for name, rows in bucket.tables.items()
    }
    return {
        "counts": bucket.counts,
        "tables": {
            name: {
                "n_rows": pc.sum(rows[COUNTED]).as_py() or 0,
                "n_copies": bucket.copies[name],
                "first": pc.min(days[name]).as_py(),
                "last": pc.max(days[name]).as_py(),
                "digest": _digest(rows.filter(rows[COUNTED])[PRINT]),
            }
            for name, rows in bucket.tables.items()
        },
        "sums": {
            name: pc.sum(pc.abs(lines[name].cast(pa.float64()))).as_py() or 0.0
            for name in SUMMED
            if name in lines.column_names
        },
        "n_purchases": pc.sum(pc.invert(lines["is_return"])).as_py() or 0,
        **_orders(lines, listed),
    }


def _digest(prints: pa.ChunkedArray) -> int:
    return int((prints.to_numpy() % _PRIME).sum())


def _orders(lines: pa.Table, listed: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the customers with most orders of a bucket, as `find_guests` counts."""
    n_orders = "count(*)"
    if "order_id" in lines.column_names:
        n_orders = "greatest(count(DISTINCT order_id), count(DISTINCT order_date))"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lines", lines)
        connection.sql(
            "CREATE TEMP TABLE orders AS SELECT CAST(customer_id AS VARCHAR) AS id, "
            f"{n_orders} AS n FROM lines GROUP BY ALL"
        )
        n_ids, n_all = connection.sql(
            "SELECT count(*), coalesce(sum(n), 0) FROM orders"
        ).fetchall()[0]
        asked = f"SELECT id, n FROM orders ORDER BY n DESC, id LIMIT {MOST + 1}"
        if listed is not None:
            ids = list(listed)
            asked = "SELECT id, n FROM orders WHERE list_contains($1, trim(id))"
        top = connection.execute(asked, [ids] if listed is not None else []).fetchall()
    return {"n_ids": n_ids, "n_all": int(n_all), "top": top}


def _guests(told: Told, settings: Settings) -> tuple[Guest, ...]:
    n_all = sum(each["n_all"] for each in told)
    n_ids = sum(each["n_ids"] for each in told)
    top = sorted((tuple(row) for each in told for row in each["top"]), key=_by_orders)
    if _listed(settings) is not None:
        return tuple(Guest(each, n, 0, n_all) for each, n in top)
    rows = [
        {"id": each, "n": n, "n_all": n_all, "n_ids": n_ids}
        for each, n in top[: MOST + 1]
    ]
    return tuple(implausible(rows))


def _by_orders(row: tuple[str, int]) -> tuple[int, str]:
    return -row[1], row[0]


def _n_rows(told: Told, name: str) -> int:
    return sum(each["tables"][name]["n_rows"] for each in told)


def _counts(
    name: str,
    told: Told,
    exchange: Exchange,
    guests: Sequence[Guest],
    n_guest_lines: int,
) -> TableCounts:
    """Return the rows of a table that were kept, and set aside by reason."""
    rules = exchange.rules[name]
    counted = [c for each in told for c in each["counts"] if c["table"] == name]
    rows, lost, examples = Counter[str](), Counter[str](), dict[str, list[str]]()
    for each in counted:
        rows.update(each["reasons"])
        lost.update(each["lost"])
        for reason, ids in each["examples"].items():
            examples.setdefault(reason, []).extend(ids)
    n_copies = sum(each["tables"][name]["n_copies"] for each in told)
    if rules.drop_duplicates and n_copies:
        rows[DUPLICATE] = n_copies
    if guests:
        rows[GUEST] = n_guest_lines
        examples[GUEST] = [guest.id for guest in guests]
    n_read = sum(each["n_read"] for each in counted)
    reasons = [
        ReasonCount(
            reason,
            label(reason),
            n,
            n / n_read,
            is_fault(reason, rules.id_column),
            # the first of the alphabet: those of a cluster come in any order
            tuple(sorted(set(examples.get(reason, ())))[:EXAMPLES]),
        )
        for reason, n in rows.most_common()
    ]
    n_flipped = lost.pop(FLIPPED, 0)
    staged = Staged(None, None, n_read, n_copies, n_flipped, dict(lost), tuple(guests))
    return TableCounts(
        rows_in=n_read,
        rows_kept=n_read - rows.total(),
        rows_set_aside=rows.total(),
        reasons=tuple(reasons),
        columns=rules.described,
        notices=(
            *rules.notices,
            *notices_of(staged, drop_duplicates=rules.drop_duplicates),
        ),
    )


def _account(
    name: str, told: Told, counts: TableCounts, settings: Settings, exchange: Exchange
) -> TableAccount:
    rules = exchange.rules[name]
    refuse_counts(rules.label, counts, TABLES[name], getattr(settings.source, name))
    if name == "transactions":
        sums = Counter[str]()
        for each in told:
            sums.update(each["sums"])
        refuse_sums(rules.label, f"source.{name}", sums)
    of_table = [each["tables"][name] for each in told]
    first = [each["first"] for each in of_table if each["first"]]
    last = [each["last"] for each in of_table if each["last"]]
    return TableAccount(
        counts,
        date.fromisoformat(min(first)) if first else None,
        date.fromisoformat(max(last)) if last else None,
    )
