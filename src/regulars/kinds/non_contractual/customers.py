"""The customers of a purchase log, block by block as they are scored.

The lines come from the engine in the order of the customers, and the dated tables are
run beside them, so that no block holds more than its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
import pyarrow as pa

from regulars.clv.process import COLUMNS
from regulars.errors import DataError
from regulars.features.blocks import read_blocks
from regulars.features.rows import taken_names
from regulars.features.signals import Signals, digest_of, named_apart
from regulars.kinds.non_contractual.beside import Beside
from regulars.kinds.signal_tables import strangers
from regulars.scoring.batch import Customers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from regulars.kinds.non_contractual.workspace import LogWorkspace
    from regulars.models.retention import RetentionModel
    from regulars.scoring.history_rows import HistoryRows, ServingContext
    from regulars.scoring.population import Block, Done

READ = 5
"""Blocks of lines that are scored as one: what customers share is worked out once."""


@dataclass(frozen=True)
class LogCustomers:
    """Everybody with a purchase before the cutoff."""

    work: LogWorkspace
    rows: HistoryRows

    @property
    def id_type(self) -> pa.DataType:
        """Type of the customers' ids."""
        return self._lines.schema().to_pyarrow().field("customer_id").type

    @property
    def content(self) -> str:
        """Digest of all that the rows are made of."""
        purchases = self.work.features.purchases
        whole = "".join([purchases.content, *purchases.own_code]).encode()
        signals = self.work.signals
        beside = digest_of(signals.tables) if signals else b""
        return hashlib.sha256(whole + beside).hexdigest()

    @cached_property
    def _signals(self) -> Signals:
        """The tables as the model learnt to read them."""
        return self.work.signals.read_by(self.rows.words)

    @property
    def _lines(self) -> ibis.Table:
        return self.work.ledger.transactions

    def blocks(self, done: Done | None = None) -> Iterator[Block]:
        """Yield the customers, or those who come after what is done."""
        lines = self._lines
        if done:
            lines = lines.filter(lines.customer_id > done.last_id)
        return self._blocks(lines)

    def chosen(self, customers: Collection[Any]) -> Iterator[Block]:
        """Yield some of the customers."""
        ids = pa.table({"customer_id": pa.array(list(customers), self.id_type)})
        lines = self._lines.semi_join(ibis.memtable(ids), "customer_id")
        return self._blocks(lines)

    def notices(self, model: RetentionModel) -> list[str]:
        """Return what is new in the dated tables, and which of them hold nobody."""
        signals, cutoff = self.work.signals, self.work.cutoff
        if not signals:
            return []
        lines = self._lines
        bought = lines.filter(lines.order_date < cutoff).select("customer_id")
        buyers = pd.Index(bought.distinct().to_pyarrow()["customer_id"].to_pandas())
        now = signals.vocabulary(cutoff, buyers, taken=taken_names(self._nobody))
        found = [
            f"'{name}' holds categories that training never saw "
            f"({', '.join(new[:5])}): scored as none of the known ones."
            for name, new in self.rows.words.lacking(now).items()
        ]
        return found + strangers(signals, buyers, "a purchase")

    def refuse_missing(
        self, model: RetentionModel, learnt: ServingContext | None
    ) -> None:
        """Refuse a model whose features the data cannot give; name what is missing."""
        refuse_missing(self._nobody, self._signals, self.rows, model, learnt)

    @cached_property
    def _nobody(self) -> pd.DataFrame:
        """The features that the purchases give, of no customer."""
        none = self._lines.schema().to_pyarrow().empty_table()
        return self.rows.at(self.work.cutoff, [none])

    def _blocks(self, lines: ibis.Table) -> Iterator[Block]:
        """Yield blocks of lines with what is known of the same customers beside."""
        beside = Beside.of(self._signals)
        all_columns = bool(self.rows.context.extra)
        read = read_blocks(lines, all_columns=all_columns)
        while block := [*islice(read, READ)]:
            ids = pa.concat_tables(block)["customer_id"]
            if len(ids):
                yield partial(self._customers, block, beside.of_customers(ids))

    def _customers(self, lines: Sequence[pa.Table], signals: Signals) -> Customers:
        cutoff = self.work.cutoff
        rows = self.rows.at(cutoff, lines, signals or None)
        return Customers(rows, cutoff=cutoff)


def refuse_missing(
    purchases: pd.DataFrame,
    signals: Signals,
    rows: HistoryRows,
    model: RetentionModel,
    learnt: ServingContext | None,
) -> None:
    """Refuse a model whose features the data cannot give; name what is missing."""
    taken, known = {*taken_names(purchases)}, {*purchases.columns, *COLUMNS}
    for table, own in signals.names(rows.words).items():
        apart = {named_apart(n, table) if n in taken else n for n in own}
        taken |= apart
        known |= apart
    missing = [name for name in map(str, model.reference_.index) if name not in known]
    if not missing:
        return
    lacking = _lacking(rows.context, learnt) if learnt else []
    what = f" {_listed(lacking)} missing." if lacking else ""
    msg = (
        f"The model learnt from {len(missing)} features that these data do not "
        f"give, such as {', '.join(missing[:3])}.{what} Read what the training "
        "read, or train again."
    )
    raise DataError(msg)


def _lacking(now: ServingContext, learnt: ServingContext) -> list[str]:
    """Return what a training read and these data do not hold."""
    columns = [("transactions", now.columns, learnt.columns)]
    columns += [
        (name, now.tables[name], own)
        for name, own in learnt.tables.items()
        if name in now.tables
    ]
    return [
        *(f"the table '{name}'" for name in learnt.tables if name not in now.tables),
        *(
            f"the column '{column}' of {name}"
            for name, held, own in columns
            for column in own
            if column not in held
        ),
    ]


def _listed(things: Sequence[str]) -> str:
    shown = ", ".join(things[:5])
    start = shown[:1].upper() + shown[1:]
    return f"{start} {'is' if len(things) == 1 else 'are'}"
