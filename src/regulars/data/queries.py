"""Fetch small results of Ibis expressions as Python values, large ones in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.operations as ops
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator


def first_row(table: Any) -> dict[str, Any]:
    """Return the first row of a table, such as the only one of an aggregate."""
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row


def count_rows(table: Any) -> int:
    """Return how many rows a table has."""
    return int(table.count().to_pyarrow().as_py())


def total(table: Any, value: Any) -> int:
    """Return the sum of whole numbers over a table; 0 where there is none."""
    return int(table.aggregate(total=value.sum()).to_pyarrow()[0][0].as_py() or 0)


def in_batches(ordered: ibis.Table, n_rows: int) -> pa.RecordBatchReader:
    """Read a table in its order as a stream; whole from engines other than DuckDB."""
    backend = ibis.get_backend(ordered)
    if backend.name != "duckdb" or ordered.op().find(ops.InMemoryTable):
        return ordered.to_pyarrow().to_reader(n_rows)
    # Ibis calls a method that DuckDB no longer has; and not `execute`, which may hand
    # out sorted rows in another order
    relation = backend.con.sql(ibis.to_sql(ordered, dialect="duckdb"))
    reader: pa.RecordBatchReader = relation.to_arrow_reader(n_rows)
    return reader


def in_blocks(ordered: ibis.Table, n_rows: int) -> Iterator[pa.Table]:
    """Yield a table in its order, just so many rows at a time."""
    reader = in_batches(ordered, n_rows)
    held = reader.schema.empty_table()
    for batch in reader:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= n_rows:
            yield held[:n_rows]
            held = held[n_rows:]
    if held.num_rows:
        yield held
