"""Score everybody with the model that serves, block by block; take up what stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.features.blocks import side_by_side
from regulars.models.retention import RetentionModel
from regulars.scoring.at_risk import most_at_risk
from regulars.scoring.batch import Provenance, score_customers
from regulars.scoring.freshness import Freshness
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.history_rows import ServingContext
from regulars.scoring.layout import as_table, schema_of
from regulars.scoring.parts import Parts, alone_in, digest_of, done_in
from regulars.scoring.publishing import Publication
from regulars.scoring.reasons import REASONS
from regulars.scoring.sinks.tables import open_table
from regulars.tracking import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from regulars.config import Settings
    from regulars.scoring.manifest import Origin
    from regulars.scoring.population import Block, Population
    from regulars.tracking import Registered

    Populate = Callable[[RetentionModel, ServingContext | None], Population]
    Step = Callable[[str], None]


@dataclass(frozen=True)
class Scoring:
    """Everybody at a cutoff, and the model that scores them."""

    model: RetentionModel
    registered: Registered
    people: Population
    settings: Settings

    @property
    def schema(self) -> pa.Schema:
        """Columns of the written scores."""
        return schema_of(self.people.id_type)

    def block(self, block: Block, provenance: Provenance, reasons: Any) -> pa.Table:
        """Return the scores of a block."""
        scores = score_customers(self.model, block(), provenance, reasons)
        return as_table(scores, self.schema)


def score_with_champion(
    settings: Settings,
    cutoff: date | None,
    customers: Populate,
    *,
    origin: Origin,
    version: str | None = None,
    step: Step = lambda step: None,
) -> dict[str, Any]:
    """Score customers, write them, and return what ``score --json`` ends with.

    `customers` gives them for a model and the context that it learnt in; `version` in
    the registry scores in place of the champion. A run that was stopped is taken up
    where it was.
    """
    now = datetime.now(UTC)
    if origin.last_record is not None:
        Freshness(origin.last_record, now.date()).refuse_stale(settings)
    store = Store(settings.tracking.uri, settings.name)
    folder, registered = store.fetch(version)
    if cutoff is not None:
        refuse_hindsight(store, registered.model_version, cutoff)
    model = RetentionModel.load(folder)
    people = customers(model, ServingContext.load(folder))
    scoring = Scoring(model, registered, people, settings)
    if settings.scores.table is not None:  # before the long work, not after it
        with open_table(settings.scores.table, settings.name) as table:
            table.prepare(scoring.schema)
    with alone_in(settings.outputs_folder):
        parts = _parts(scoring, cutoff, origin)
        provenance = Provenance(registered.model_version, registered.run_id, now)
        paths = _score(scoring, parts, provenance, step)
        publication = Publication(settings, cutoff, provenance, scoring.schema, origin)
        reasons = _reasons_of_some(scoring, paths, provenance)
        summary = publication.publish(paths, reasons)
        parts.remove()
    return summary | {"notices": people.notices(model)}


def _parts(scoring: Scoring, cutoff: date | None, origin: Origin) -> Parts:
    registered, scores = scoring.registered, scoring.settings.scores
    content = {
        "model": [registered.model_uri, registered.model_version, registered.run_id],
        "cutoff": cutoff,
        "rows": scoring.people.content,
        "origin": [origin.fingerprint, origin.config_digest, origin.versions],
        "reasons": scores.reasons == "all",
        "schema": str(scoring.schema),
    }
    return Parts.of(scoring.settings.outputs_folder, digest_of(content))


def _score(
    scoring: Scoring, parts: Parts, provenance: Provenance, step: Step
) -> list[Path]:
    """Score whoever is not scored yet; return all parts in their order."""
    paths = parts.finished()
    done = done_in(paths)
    n_done = done.n_customers if done else 0
    reasons = "all" if scoring.settings.scores.reasons == "all" else "none"

    def work(block: Block) -> pa.Table:
        return scoring.block(block, provenance, reasons)

    for block in side_by_side(work, scoring.people.blocks(done)):
        if not block.num_rows:
            continue
        paths.append(parts.write(len(paths), block))
        n_done += block.num_rows
        step(f"score {n_done:,}")
    return paths


def _reasons_of_some(
    scoring: Scoring, paths: list[Path], provenance: Provenance
) -> pa.Table | None:
    """Return the reasons of those with the most value at risk, if only theirs count."""
    wanted = scoring.settings.scores.reasons
    if isinstance(wanted, str):
        return None
    chosen = most_at_risk(paths, wanted)

    def work(block: Block) -> pa.Table:
        scores = scoring.block(block, provenance, "all")
        return scores.select(["customer_id", *REASONS])

    blocks = side_by_side(work, scoring.people.chosen(chosen))
    return pa.concat_tables(blocks)
