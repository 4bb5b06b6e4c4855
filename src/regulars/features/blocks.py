"""The clean lines of a log, a block of whole customers at a time.

Blocks keep the arrays of features in the processor's cache and bound the memory,
however long the log is.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.queries import in_batches
from regulars.errors import DataError
from regulars.features.history import LINE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

S = TypeVar("S")
T = TypeVar("T")

LINES = 200_000
"""Lines of a block, about; a customer with more makes it larger."""

THREADS = 2
"""Blocks that are worked on side by side."""


def read_blocks(
    transactions: ibis.Table, n_lines: int = LINES, *, all_columns: bool = False
) -> Iterator[pa.Table]:
    """Yield the lines of a table by customer, as `blocks` does.

    Features of our own read some columns only; functions of a user's may read any.
    """
    if not all_columns:
        wanted = [name for name in LINE_COLUMNS if name in transactions.columns]
        if "order_id" in wanted:
            wanted.remove("order_time")
        transactions = transactions.select(*wanted)
    reader = _in_batches(transactions, n_lines)
    return blocks(reader, reader.schema, n_lines)


def _in_batches(table: ibis.Table, n_lines: int) -> pa.RecordBatchReader:
    """Read a table as a stream, by customer and day."""
    backend = ibis.get_backend(table)
    if backend.name != "duckdb" or table.op().find(ops.InMemoryTable):
        # other engines sort texts by the rules of a language, which are not ours
        keys = [("customer_id", "ascending"), ("order_date", "ascending")]
        return table.to_pyarrow().sort_by(keys).to_reader(n_lines)
    return in_batches(table.order_by("customer_id", "order_date"), n_lines)


def blocks(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, n_lines: int = LINES
) -> Iterator[pa.Table]:
    """Yield whole customers out of batches of lines that come by customer.

    A customer may stand in several batches; one out of order stops the run. A log
    without a line is one empty block.
    """
    held: list[pa.RecordBatch] = []
    n_held = 0
    last = None
    for batch in batches:
        if not batch.num_rows:
            continue
        held.append(batch)
        n_held += batch.num_rows
        ends_with = batch["customer_id"][-1]
        if n_held < n_lines or held[0]["customer_id"][0] == ends_with:
            continue
        whole = pa.Table.from_batches(held, schema)
        # the last customer may go on in the next batch
        cut = pc.index(pc.equal(whole["customer_id"], ends_with), value=True).as_py()
        last = _refuse_fall(whole[:cut], last)
        yield whole[:cut]
        held, n_held = whole[cut:].to_batches(), whole.num_rows - cut
    rest = pa.Table.from_batches(held, schema)
    if n_held:
        _refuse_fall(rest, last)
    if n_held or last is None:
        yield rest


def _refuse_fall(block: pa.Table, last: pa.Scalar | None) -> pa.Scalar:
    """Return the last customer of a block, all of whom come after that of the last."""
    ids = block["customer_id"].combine_chunks()
    seen = ids.dictionary_encode().dictionary
    falls = pc.any(pc.less(seen[1:], seen[:-1])).as_py()
    if (
        falls
        or len(pc.run_end_encode(ids).values) > len(seen)
        or (last is not None and not pc.less(last, ids[0]).as_py())
    ):
        msg = (
            "The engine handed out lines that are not in the order of their customers, "
            "which would tear some apart. Read the log from a file or table, or with "
            "another engine."
        )
        raise DataError(msg)
    return ids[-1]


def side_by_side(work: Callable[[S], T], blocks: Iterable[S]) -> Iterator[T]:
    """Yield the results in the order of the blocks, of which few are held at a time."""
    blocks = iter(blocks)
    first = [*islice(blocks, 2)]
    if len(first) == 1:  # nothing to share out, and a thread costs a request
        yield work(first[0])
        return
    with ThreadPoolExecutor(THREADS) as pool:
        running: deque[Future[T]] = deque()
        for block in chain(first, blocks):
            running.append(pool.submit(work, block))
            if len(running) > THREADS:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
