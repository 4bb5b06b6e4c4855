"""Put scored blocks together: one file, one table, one account, nothing half.

Each is written whole or not at all, and all of it can be written again: a run that is
stopped between two of them is taken up by the next.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.results.writing import replacing
from regulars.scoring.at_risk import with_reasons
from regulars.scoring.history import NAME, FileHistory, latest_before, with_before
from regulars.scoring.layout import PARQUET
from regulars.scoring.manifest import ScoresManifest, checksum_of
from regulars.scoring.risk_rose import risen, write_risen
from regulars.scoring.sinks.files import write_csv_blocks
from regulars.scoring.sinks.tables import open_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from regulars.config import Settings
    from regulars.scoring.batch import Provenance
    from regulars.scoring.history import History
    from regulars.scoring.manifest import Origin
    from regulars.scoring.sinks.tables import ScoreTable


@dataclass(frozen=True)
class Summary:
    """What is known of written scores."""

    n_customers: int
    churn: float
    # None: nobody's value is known
    value_at_risk: float | None
    cutoff_before: date | None
    n_risen: int


@dataclass(frozen=True)
class Publication:
    """Where the scores of a cutoff go, and what is told of them."""

    settings: Settings
    cutoff: date | None
    provenance: Provenance
    schema: pa.Schema
    origin: Origin

    def publish(
        self, parts: Sequence[Path], reasons: pa.Table | None
    ) -> dict[str, Any]:
        """Write everything out of scored parts; `reasons` are those of some."""
        outputs = self.settings.outputs_folder
        path = outputs / "scores.parquet"
        with self._table() as table:
            files = FileHistory(outputs, self.settings.name)
            is_kept = table is not None and self.settings.scores.is_history_a_table
            history = table if table is not None and is_kept else files
            summary = self._write_file(path, parts, reasons, history)
            if table is not None:
                self._fill(table, path)
        if self.cutoff is not None and not is_kept:
            files.keep(self.cutoff, path)
        # the report reads parquet; csv is written beside it for those who asked
        shown = self._write_csv(path) if self.settings.scores.format == "csv" else path
        self._manifest(path, summary).write(outputs)
        return self._told(shown, summary)

    def _table(self) -> AbstractContextManager[ScoreTable | None]:
        place = self.settings.scores.table
        return nullcontext() if place is None else open_table(place, self.settings.name)

    def _write_file(
        self,
        path: Path,
        parts: Sequence[Path],
        reasons: pa.Table | None,
        history: History,
    ) -> Summary:
        """Write the scores with their history, and whose risk rose."""
        before = None if self.cutoff is None else latest_before(history, self.cutoff)
        n_customers, churn, at_risk, rose = 0, 0.0, None, []
        schema = self.schema.with_metadata({NAME: self.settings.name.encode()})
        with (
            replacing(path) as temporary,
            pq.ParquetWriter(temporary, schema, **PARQUET) as writer,
        ):
            for part in parts:
                block = self._at_one_instant(pq.read_table(part))
                block = block if reasons is None else with_reasons(block, reasons)
                block = with_before(block, history, before, self.schema)
                writer.write_table(block)
                n_customers += block.num_rows
                churn += pc.sum(block["churn_probability"]).as_py()
                value = pc.sum(block["value_at_risk"]).as_py()
                at_risk = at_risk if value is None else (at_risk or 0.0) + value
                rose.append(risen(block, self.settings.scores.rise))
        write_risen(rose if before else [], self.settings.outputs_folder)
        n_risen = sum(block.num_rows for block in rose)
        return Summary(n_customers, churn, at_risk, before, n_risen)

    def _at_one_instant(self, scores: pa.Table) -> pa.Table:
        """Return a part that an earlier run may have scored, as of this run."""
        place = scores.schema.get_field_index("scored_at")
        field = scores.schema.field(place)
        instant = pa.scalar(self.provenance.scored_at, field.type)
        return scores.set_column(place, field, pa.repeat(instant, scores.num_rows))

    def _fill(self, table: ScoreTable, path: Path) -> None:
        file = pq.ParquetFile(path)
        rows = pa.RecordBatchReader.from_batches(self.schema, file.iter_batches())
        table.prepare(self.schema)
        only = not self.settings.scores.is_history_a_table
        table.replace(self.cutoff, rows, only=only)

    def _write_csv(self, path: Path) -> Path:
        file, target = pq.ParquetFile(path), path.with_suffix(".csv")
        with replacing(target) as temporary:
            blocks = (batch.to_pandas() for batch in file.iter_batches())
            # the heading stands over nobody too
            nobody = self.schema.empty_table().to_pandas()
            write_csv_blocks(chain([nobody], blocks), temporary)
        return target

    def _manifest(self, path: Path, summary: Summary) -> ScoresManifest:
        provenance, origin = self.provenance, self.origin
        return ScoresManifest(
            file=path.name,
            sha256=checksum_of(path),
            n_customers=summary.n_customers,
            model_version=provenance.model_version,
            run_id=provenance.run_id,
            cutoff=_iso(self.cutoff),
            cutoff_before=_iso(summary.cutoff_before),
            last_record=_iso(origin.last_record),
            scored_at=provenance.scored_at.isoformat(),
            fingerprint=origin.fingerprint,
            config_digest=origin.config_digest,
            versions=origin.versions,
        )

    def _told(self, shown: Path, summary: Summary) -> dict[str, Any]:
        n, before = summary.n_customers, summary.cutoff_before
        place, outputs = self.settings.scores.table, self.settings.outputs_folder
        return {
            "scores": str(shown),
            "n_customers": n,
            "model_version": self.provenance.model_version,
            "cutoff": _iso(self.cutoff),
            "mean_churn_probability": summary.churn / n if n else None,
            "value_at_risk": summary.value_at_risk,
            "table": None if place is None else place.table,
            "cutoff_before": _iso(before),
            "n_risen": None if before is None else summary.n_risen,
            "risk_rose": None if before is None else str(outputs / "risk_rose.csv"),
        }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
