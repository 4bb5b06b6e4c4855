"""Hand tables from the workers of a cluster to the driver, as Arrow's own bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Work = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.Table]]

_SCHEMA = pa.schema([("n_rows", pa.int64()), ("rows", pa.binary())])


def blocks_of(source: Any, work: Work) -> Iterator[pa.Table]:
    """Yield the tables that the workers make of a table of Spark.

    They are worked out side by side and kept on the cluster until each is fetched: the
    driver holds one at a time.
    """

    def send(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in work(batches):
            row = {"n_rows": table.num_rows, "rows": _packed(table)}
            yield pa.RecordBatch.from_pylist([row], schema=_SCHEMA)

    made = source.mapInArrow(send, "n_rows long, rows binary").persist()
    try:
        made.count()
        for row in made.toLocalIterator():
            yield pa.ipc.open_stream(bytes(row["rows"])).read_all()
    finally:
        made.unpersist()


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed
