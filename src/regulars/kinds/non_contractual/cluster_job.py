"""What a Python worker of a cluster does: score the customers of one bucket."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.features.blocks import blocks
from regulars.kinds.signal_tables import signals_of
from regulars.models.retention import RetentionModel
from regulars.scoring.batch import Customers, score_customers
from regulars.scoring.history_rows import HistoryRows
from regulars.scoring.layout import as_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from regulars.data.cluster_exchange import Exchange
    from regulars.features.signals import Signals
    from regulars.scoring.batch import Provenance
    from regulars.scoring.history_rows import ServingContext


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model on their way to the workers, where each loads them once."""

    digest: str
    # Spark's broadcast of name -> content
    content: Any = field(compare=False)

    @classmethod
    def of(cls, folder: Path, digest: str, session: Any) -> ModelFiles:
        """Send the files of a folder, without the wheel that serves elsewhere."""
        files = {
            path.name: path.read_bytes()
            for path in folder.iterdir()
            if path.is_file() and path.suffix != ".whl"
        }
        return cls(digest, session.sparkContext.broadcast(files))


@lru_cache(maxsize=1)
def _loaded(files: ModelFiles) -> RetentionModel:
    with tempfile.TemporaryDirectory(prefix="regulars-model-") as folder:
        for name, content in files.content.value.items():
            (Path(folder) / name).write_bytes(content)
        return RetentionModel.load(folder)


@dataclass(frozen=True)
class ScoreBucket:
    """Score all customers of a bucket, or some of them."""

    exchange: Exchange
    files: ModelFiles
    context: ServingContext
    cutoff: date
    provenance: Provenance
    schema: pa.Schema
    reasons: Literal["all", "none"]
    chosen: pa.Array | None = None

    def of_some(self, customers: pa.Array) -> ScoreBucket:
        """Return the same for some customers, with reasons."""
        return replace(self, chosen=customers, reasons="all")

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
        """Yield the scores of a partition, which is a bucket."""
        tables = self.exchange.received(batches).tables
        lines = tables.pop("transactions")
        if self.chosen is not None:
            is_chosen = pc.is_in(lines["customer_id"], value_set=self.chosen)
            lines = lines.filter(is_chosen)
        if not lines.num_rows:
            return
        model = _loaded(self.files)
        rows = HistoryRows.of(model, self.context)
        signals = signals_beside(tables, lines, rows)
        features = rows.at(
            self.cutoff, blocks(lines.to_batches(), lines.schema), signals or None
        )
        customers = Customers(features, cutoff=self.cutoff)
        scores = score_customers(model, customers, self.provenance, self.reasons)
        if len(scores):
            yield as_table(scores, self.schema)


def signals_beside(
    tables: Mapping[str, pa.Table], lines: pa.Table, rows: HistoryRows
) -> Signals:
    """Return the dated tables beside the lines of the same customers."""
    begins = {name: pd.Timestamp(day) for name, day in rows.context.begins.items()}
    # the same way to pandas as that of one machine
    held = {name: ibis.memtable(tables[name]) for name in begins}
    first = _first_orders(lines)
    return signals_of(held, first, begins=begins)[0].read_by(rows.words)


def _first_orders(lines: pa.Table) -> pd.Series:
    bought = lines.filter(pc.invert(lines["is_return"]))
    first = bought.group_by("customer_id").aggregate([("order_date", "min")])
    days = pd.to_datetime(first["order_date_min"].to_pandas())
    return pd.Series(days.to_numpy(), first["customer_id"].to_pandas())
