"""Some customers of a cluster, with all of their rows, for the engine of one machine.

What is drawn are the source's own rows, so that everything that reads a file reads a
sample: the intake, the training and the figures are the ones that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.data.cluster_blocks import blocks_of
from regulars.data.cluster_exchange import MAP_LINES, in_blocks
from regulars.data.cluster_rules import OWN, rules_of_all
from regulars.data.cluster_session import open_session, read_tables
from regulars.data.intake import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from regulars.config import Settings
    from regulars.data.cluster_rules import TableRules


@dataclass(frozen=True)
class Sample:
    """The settings that read a sample, and a sentence on who is in it."""

    settings: Settings
    # empty: everybody is
    told: str
    scratch: Scratch


def draw_sample(settings: Settings) -> Sample:
    """Fetch the rows of some customers, the same ones whoever asks."""
    sources = read_tables(open_session(settings), settings)
    rules = rules_of_all(sources, settings)
    n_customers = _count_customers(sources["transactions"], rules["transactions"])
    asked = settings.spark.sample_customers
    share = min(1.0, asked / max(n_customers, 1))
    scratch = Scratch()
    own: dict[str, Any] = {"engine": "duckdb://"}
    for name, source in sources.items():
        path = scratch.folder / f"{name}.parquet"
        _fetch(source, rules[name], share, path)
        table = getattr(settings.source, name)
        own[name] = table.model_copy(update={"table": None, "path": str(path)})
    read = settings.source.model_copy(update=own)
    told = (
        f"Read are the rows of {share:.1%} of about {n_customers:,} customers, drawn "
        f"by a hash of their id (spark.sample_customers: {asked:,}); scores are of all."
    )
    whole = settings.model_copy(update={"source": read})
    return Sample(whole, told if share < 1.0 else "", scratch)


def _count_customers(source: Any, rules: TableRules) -> int:
    """Return about how many customers there are (to 1%)."""
    from pyspark.sql import functions as sf

    schema = pa.schema([("customer", pa.int64())])

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in in_blocks(batches, MAP_LINES):
            hashes = rules.checked(rows)[f"{OWN}_0"].drop_null().unique()
            yield pa.RecordBatch.from_arrays([hashes.view(pa.int64())], schema=schema)

    seen = source.mapInArrow(work, "customer long")
    return int(seen.agg(sf.approx_count_distinct("customer", 0.01)).head()[0])


def _fetch(source: Any, rules: TableRules, share: float, path: Path) -> None:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
        for rows in in_blocks(batches, MAP_LINES):
            yield rows if share == 1.0 else rules.of_share(rows, share)

    writer: pq.ParquetWriter | None = None
    try:
        for rows in blocks_of(source, work):
            writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
            writer.write_table(rows)
    finally:
        if writer is not None:
            writer.close()
