"""Name a data set by its contents, whatever the engine.

Neither the order of the rows nor how they were split into files matters.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.queries import in_blocks

if TYPE_CHECKING:
    from regulars.data.ledger import Ledger

EPOCH = "1970-01-01"
ROWS = 1_000_000
"""Rows that are in memory at a time, however many there are."""


def fingerprint(ledger: Ledger) -> str:
    """Return the digest of a ledger."""
    digest = hashlib.sha256()
    days = ledger.days
    measures = sorted(name for name in days.columns if name.endswith("_micros"))
    rows = days.select(
        "customer_id",
        days.day.delta(ibis.literal(EPOCH).cast("date"), unit="day").name("number"),
        *(days[name].cast("int64") for name in ("n_orders", "n_lines", *measures)),
    )
    _add(digest, rows.order_by("customer_id", "number"))
    if ledger.items is not None:
        items = ledger.items
        kinds = [n for n in ("product_id", "category") if n in items.columns]
        number = items.day.delta(ibis.literal(EPOCH).cast("date"), unit="day")
        totals = items.group_by(kinds).aggregate(
            bought=items.count(), when=(number * number).sum().cast("int64")
        )
        _add(digest, totals.order_by(kinds))
    return digest.hexdigest()


def _add(digest: hashlib._Hash, table: ibis.Table) -> None:
    for block in in_blocks(table, ROWS):
        for column in block.columns:
            texts = column.cast(pa.string()).fill_null("None").combine_chunks()
            whole = pa.ListArray.from_arrays([0, len(texts)], texts)
            digest.update(pc.binary_join(whole, "\n")[0].as_buffer())
            digest.update(b"\0")
