"""Bring all rows of a customer, of every table, to one Python worker of a cluster.

Each worker checks its rows, sorts them into buckets by a hash of the customer, and
hands every bucket on as Arrow's own bytes: Spark shuffles few rows, each a block of
columns, and keeps them, so that a source is read and checked once.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.cluster_rules import OWN
from regulars.data.staging import LOST_BITS, PRINT, REASON

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.data.cluster_rules import TableRules

MAP_LINES = 1_000_000
"""Rows that a worker sorts into buckets at a time."""

COUNTED = "__counted"
"""Column that is true in the bucket where a row counts, if it is in several."""

EXAMPLES = 5
COLUMNS = "table string, bucket int, rows binary, counts string"
_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("bucket", pa.int32()),
        ("rows", pa.binary()),
        ("counts", pa.string()),
    ]
)


@dataclass(frozen=True)
class Exchange:
    """The rules of every source, and over how many buckets customers are spread."""

    rules: Mapping[str, TableRules]
    n_buckets: int
    # columns that are read later on; None: all
    columns: Mapping[str, Sequence[str] | None]
    # ids of transactions that are no person
    guests: tuple[str, ...] = ()

    def send(self, name: str, source: Any) -> Any:
        """Return the checked rows of a source of Spark, as blocks by bucket."""

        def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for rows in in_blocks(batches, MAP_LINES):
                yield self._sorted_out(name, rows)

        return source.mapInArrow(work, COLUMNS)

    def spread(self, sources: Mapping[str, Any]) -> Any:
        """Return the blocks of all sources, those of a bucket in one partition."""
        first, *others = (self.send(name, each) for name, each in sources.items())
        for other in others:
            first = first.unionAll(other)
        return first.repartitionById(self.n_buckets, "bucket")

    def received(self, batches: Iterable[pa.RecordBatch]) -> Bucket:
        """Put a bucket's blocks together."""
        blocks: dict[str, list[pa.RecordBatch]] = {name: [] for name in self.rules}
        counts: list[dict[str, Any]] = []
        for batch in batches:
            for row in batch.to_pylist():
                name = row["table"]
                if row["counts"] is not None:
                    counts.append({"table": name, **json.loads(row["counts"])})
                    continue
                buffer = pa.py_buffer(row["rows"])
                schema = self.schema(name)
                blocks[name].append(pa.ipc.read_record_batch(buffer, schema))
        tables, copies = {}, {}
        for name, own in blocks.items():
            rows = self._in_order(name, pa.Table.from_batches(own, self.schema(name)))
            kept = without_copies(rows)
            copies[name] = _n_counted(rows) - _n_counted(kept)
            tables[name] = kept if self.rules[name].drop_duplicates else rows
        if self.guests:
            lines = tables["transactions"]
            ids = pc.cast(lines["customer_id"], pa.string())
            is_guest = pc.is_in(ids, value_set=pa.array(self.guests))
            tables["transactions"] = lines.filter(pc.invert(is_guest))
        return Bucket(tables, copies, counts)

    def _in_order(self, name: str, rows: pa.Table) -> pa.Table:
        """Sort rows by what they hold: those of a shuffle come in any order."""
        rules = self.rules[name]
        keys = [rules.id_column, *([rules.day_column] if rules.day_column else [])]
        return rows.sort_by([(key, "ascending") for key in (*keys, PRINT)])

    def _sorted_out(self, name: str, rows: pa.Table) -> pa.RecordBatch:
        rules = self.rules[name]
        checked = rules.checked(rows)
        good = checked.filter(pc.is_null(checked[REASON]))
        hashes = (good[f"{OWN}_{n}"] for n in range(rules.n_sides))
        buckets = [_bucket(each, self.n_buckets) for each in hashes]
        counted = json.dumps(_counts(checked, rules))
        sent: list[tuple[str, int, bytes | None, str | None]]
        sent = [(name, 0, None, counted)]
        for n, bucket in enumerate(buckets):
            own = self._kept(name, good, is_counted=n == 0)
            if n:
                # a row whose customers share a bucket is sent there once
                is_new = np.all([bucket != each for each in buckets[:n]], axis=0)
                own, bucket = own.filter(is_new), bucket[is_new]
            sent += [(name, *block, None) for block in _by_bucket(own, bucket)]
        rows_of = (dict(zip(_SCHEMA.names, row, strict=True)) for row in sent)
        return pa.RecordBatch.from_pylist([*rows_of], schema=_SCHEMA)

    def _kept(self, name: str, good: pa.Table, *, is_counted: bool) -> pa.Table:
        counted = pa.array(np.full(good.num_rows, is_counted))
        whole = good.append_column(COUNTED, counted)
        return whole.select(self.schema(name).names)

    def schema(self, name: str) -> pa.Schema:
        """Return the columns of the rows of a bucket."""
        asked = self.columns.get(name)
        aside = {LOST_BITS, REASON}
        fields = [
            field
            for field in self.rules[name].schema
            if field.name not in aside
            and not field.name.startswith(f"{OWN}_")
            and (asked is None or field.name in {*asked, PRINT})
        ]
        return pa.schema([*fields, pa.field(COUNTED, pa.bool_())])


@dataclass(frozen=True)
class Bucket:
    """All rows of some customers, and what was counted where rows were read."""

    tables: dict[str, pa.Table]
    # exact copies of earlier rows, dropped or not
    copies: dict[str, int]
    counts: list[dict[str, Any]]


def in_blocks(batches: Iterable[pa.RecordBatch], n_rows: int) -> Iterator[pa.Table]:
    """Yield batches put together to at least so many rows, but for the last."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= n_rows:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _n_counted(rows: pa.Table) -> int:
    return pc.sum(rows[COUNTED]).as_py() or 0


def without_copies(rows: pa.Table) -> pa.Table:
    """Return rows without exact copies of an earlier one; they come in order."""
    table = pa.table({"print": rows[PRINT], "row": np.arange(rows.num_rows)})
    first = table.group_by("print").aggregate([("row", "min")])["row_min"]
    return rows.take(first.sort()) if len(first) < rows.num_rows else rows


def _bucket(hashes: pa.ChunkedArray, n_buckets: int) -> NDArray[np.int32]:
    # of nobody: a referral of whom no customer came
    numbers: NDArray[np.uint64] = hashes.fill_null(0).to_numpy()
    return (numbers % n_buckets).astype(np.int32)


def _by_bucket(
    rows: pa.Table, bucket: NDArray[np.int32]
) -> Iterator[tuple[int, bytes]]:
    """Yield each bucket's rows as Arrow's bytes."""
    order = np.argsort(bucket, kind="stable")
    in_order = bucket[order]
    starts = np.flatnonzero(np.diff(in_order, prepend=-1))
    for whole in rows.take(order).combine_chunks().to_batches():
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            block = whole.slice(start, end - start)
            yield int(in_order[start]), block.serialize().to_pybytes()


def _counts(checked: pa.Table, rules: TableRules) -> dict[str, Any]:
    """Return how many rows were read, set aside by reason, and lost a value."""
    bad = checked.filter(pc.is_valid(checked[REASON]))
    reasons, examples = Counter[str](), {}
    for number, n_rows in Counter(bad[REASON].to_pylist()).items():
        own = bad.filter(pc.equal(bad[REASON], number))[rules.id_column].drop_null()
        reasons[rules.reasons[number - 1]] = n_rows
        examples[rules.reasons[number - 1]] = [*map(str, own[:EXAMPLES].to_pylist())]
    bits = checked.filter(pc.is_null(checked[REASON]))[LOST_BITS].to_numpy()
    lost = {name: int((bits >> n & 1).sum()) for n, name in enumerate(rules.lost)}
    return {
        "n_read": checked.num_rows,
        "reasons": reasons,
        "examples": examples,
        "lost": {name: n for name, n in lost.items() if n},
    }
