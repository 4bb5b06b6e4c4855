"""Score a purchase log where it lies on a cluster; its lines never come to the driver.

The rows of a customer meet in one worker, which has the features, the model and the
rules that one machine has.
"""

from __future__ import annotations

import math
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.data.cluster_account import take_account, with_guests
from regulars.data.cluster_blocks import blocks_of
from regulars.data.cluster_exchange import COUNTED, Exchange
from regulars.data.cluster_rules import rules_of_all
from regulars.data.cluster_session import open_session, read_tables
from regulars.data.engine import connect
from regulars.data.names import quote_text
from regulars.data.staging import PRINT
from regulars.errors import DataError
from regulars.features.history import LINE_COLUMNS
from regulars.features.signals import CUSTOMERS
from regulars.kinds.non_contractual.cluster_job import (
    ModelFiles,
    ScoreBucket,
    signals_beside,
)
from regulars.kinds.non_contractual.customers import refuse_missing
from regulars.kinds.non_contractual.problem import context_of
from regulars.kinds.signal_tables import DATED
from regulars.models.retention import RetentionModel
from regulars.results.writing import make_folder, write_json
from regulars.scoring.at_risk import most_at_risk
from regulars.scoring.batch import Provenance
from regulars.scoring.freshness import Freshness
from regulars.scoring.hindsight import refuse_hindsight
from regulars.scoring.history_rows import HistoryRows, ServingContext
from regulars.scoring.layout import BEFORE, schema_of
from regulars.scoring.parts import Parts, alone_in
from regulars.scoring.population import BLOCK
from regulars.scoring.publishing import Publication
from regulars.scoring.reasons import REASONS
from regulars.scoring.sinks.tables import open_table
from regulars.timeline import check_cutoff
from regulars.tracking import Store
from regulars.training.card import manifest, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from regulars.config import Settings
    from regulars.data.cluster_account import Account

    Step = Callable[[str], None]

WAVES = 3
"""Buckets of a core, at least: a worker that is done takes the next."""


@dataclass(frozen=True)
class ClusterLog:
    """Checked tables on a cluster, the rows of a customer side by side."""

    settings: Settings
    session: Any
    spread: Any
    exchange: Exchange
    account: Account

    @property
    def first_day(self) -> date:
        """First day with a line."""
        day = self.account.tables["transactions"].first_day
        assert day is not None
        return day

    @property
    def last_day(self) -> date:
        """Last day with a line."""
        day = self.account.tables["transactions"].last_day
        assert day is not None
        return day

    @property
    def cutoff(self) -> date:
        """The stated cutoff, or the day after the last line."""
        return self.settings.time.cutoff or self.last_day + timedelta(days=1)

    @cached_property
    def nobody(self) -> dict[str, pa.Table]:
        """Every table that features read, without a row."""
        read = {"transactions", *self.context.begins}
        tables = {n: self.exchange.schema(n).empty_table() for n in read}
        return {n: t.drop_columns([PRINT, COUNTED]) for n, t in tables.items()}

    @cached_property
    def context(self) -> ServingContext:
        """What the features of one customer need to know of the log."""
        tables = self.account.tables
        begins = {name: tables[name].first_day for name in DATED if name in tables}
        if CUSTOMERS in tables:
            known = tables[CUSTOMERS].first_day
            begins[CUSTOMERS] = self.first_day if self.has_undated else known
        columns = {name: self.exchange.schema(name).names for name in tables}
        held = {name: day for name, day in begins.items() if day is not None}
        return context_of(self.settings, self.first_day, columns, held)

    @property
    def has_undated(self) -> bool:
        """Whether attributes count as known from each customer's first order on."""
        rules = self.exchange.rules.get(CUSTOMERS)
        is_dated = rules is not None and rules.day_column is not None
        return self.settings.customers.undated == "as_of_first_order" and not is_dated

    def notices(self) -> list[str]:
        """Return what a reader has to know of the rows."""
        told = [note for t in self.account.tables.values() for note in t.counts.notices]
        n_aside = sum(t.counts.rows_set_aside for t in self.account.tables.values())
        if n_aside:
            told.append(
                f"Rows set aside on the cluster: {n_aside:,}. They are counted by "
                "reason, not listed: 'regulars check' lists those of a sample."
            )
        return told


@contextmanager
def open_cluster_log(settings: Settings, step: Step) -> Iterator[ClusterLog]:
    """Read and check all rows on the cluster, which keeps them until the end."""
    step("check")
    session = open_session(settings)
    sources = read_tables(session, settings)
    rules = rules_of_all(sources, settings)
    columns = {
        "transactions": _read_later(settings, rules["transactions"].schema.names)
    }
    n_buckets = _count_buckets(session, sources["transactions"], settings)
    exchange = Exchange(rules, n_buckets, columns)
    spread = exchange.spread(sources).persist()
    try:
        account = take_account(spread, exchange, settings)
        if not account.n_purchases:
            msg = (
                "The log holds no purchase: every row that passed the check is a "
                "return (an amount below zero, or flagged as one). If the file writes "
                "sales with a minus, turn the sign: amount: {sql: -COLUMN}."
            )
            raise DataError(msg)
        exchange = with_guests(exchange, account.guests)
        log = ClusterLog(settings, session, spread, exchange, account)
        check_cutoff(log.cutoff, log.first_day, log.last_day, settings.time)
        yield log
    finally:
        spread.unpersist()


def _read_later(settings: Settings, names: Sequence[str]) -> list[str] | None:
    """Return the columns that features read; None: a user's own may read any."""
    if settings.features.extra:
        return None
    wanted = [name for name in LINE_COLUMNS if name in names]
    return [n for n in wanted if n != "order_time" or "order_id" not in wanted]


def _count_buckets(session: Any, lines: Any, settings: Settings) -> int:
    by_size = math.ceil(int(lines.count()) / settings.spark.partition_lines)
    return max(by_size, WAVES * int(session.sparkContext.defaultParallelism))


def score_on_cluster(
    settings: Settings, step: Step, version: str | None = None
) -> dict[str, Any]:
    """Score every customer on the cluster; write what a batch writes.

    Return what ``score --json`` ends with, and ``tables``: the rows of each.
    """
    store = Store(settings.tracking.uri, settings.name)
    folder, registered = store.fetch(version)
    with open_cluster_log(settings, step) as log:
        step("score")
        now = datetime.now(UTC)
        Freshness(log.last_day, now.date()).refuse_stale(settings)
        refuse_hindsight(store, registered.model_version, log.cutoff)
        _refuse_missing(log, RetentionModel.load(folder), ServingContext.load(folder))
        provenance = Provenance(registered.model_version, registered.run_id, now)
        files = ModelFiles.of(folder, registered.run_id, log.session)
        summary = _score(log, files, provenance, step)
        record = manifest(settings, log.account.fingerprint)
        write_json(record, settings.outputs_folder / "manifest.json")
        tables = {n: t.counts.summary() for n, t in log.account.tables.items()}
        return summary | {"tables": tables, "notices": log.notices()}


def _refuse_missing(
    log: ClusterLog, model: RetentionModel, learnt: ServingContext | None
) -> None:
    rows = HistoryRows.of(model, log.context)
    nobody = dict(log.nobody)
    lines = nobody.pop("transactions")
    purchases = rows.at(log.cutoff, [lines])
    signals = signals_beside(nobody, lines, rows)
    refuse_missing(purchases, signals, rows, model, learnt)


def _score(
    log: ClusterLog, files: ModelFiles, provenance: Provenance, step: Step
) -> dict[str, Any]:
    settings = log.settings
    wanted = settings.scores.reasons
    schema = schema_of(log.nobody["transactions"].schema.field("customer_id").type)
    work = ScoreBucket(
        log.exchange,
        files,
        log.context,
        log.cutoff,
        provenance,
        schema,
        "all" if wanted == "all" else "none",
    )
    if settings.scores.table is not None:  # before the long work, not after it
        with open_table(settings.scores.table, settings.name) as table:
            table.prepare(schema)
    with alone_in(settings.outputs_folder):
        parts = Parts.of(settings.outputs_folder, "cluster")
        paths = _in_order(blocks_of(log.spread, work), parts, schema, step)
        reasons = None
        if not isinstance(wanted, str):
            chosen = pa.array(most_at_risk(paths, wanted), schema.field(0).type)
            told = [*blocks_of(log.spread, work.of_some(chosen))]
            reasons = pa.concat_tables(told).select(["customer_id", *REASONS])
        origin = origin_of(settings, log.account.fingerprint, log.last_day)
        publication = Publication(settings, log.cutoff, provenance, schema, origin)
        summary = publication.publish(paths, reasons)
        parts.remove()
    return summary


def _in_order(
    scores: Iterator[pa.Table], parts: Parts, schema: pa.Schema, step: Step
) -> list[Path]:
    """Write the scores of all buckets as parts in the order of the customers."""
    unsorted = parts.folder / "unsorted"
    shutil.rmtree(parts.folder)
    make_folder(unsorted)
    n_scored = 0
    for number, block in enumerate(scores):
        pq.write_table(block, unsorted / f"{number:06}.parquet", compression="zstd")
        n_scored += block.num_rows
        step(f"score {n_scored:,}")
    if not n_scored:
        return []
    kept = pa.schema([field for field in schema if field.name not in BEFORE])
    files = quote_text(f"{unsorted}/*.parquet")
    connection = connect("duckdb://")
    try:
        sorted_scores = connection.con.sql(
            f"FROM read_parquet({files}) ORDER BY customer_id"
        ).to_arrow_reader(BLOCK)
        blocks = (pa.Table.from_batches([batch]).cast(kept) for batch in sorted_scores)
        paths = [
            parts.write(number, block)
            for number, block in enumerate(each for each in blocks if each.num_rows)
        ]
    finally:
        connection.disconnect()
    shutil.rmtree(unsorted)
    return paths
