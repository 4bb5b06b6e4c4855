"""Name a data set by its contents, whatever the engine.

Neither the order of the rows nor how they were split into files matters.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from regulars.data.ledger import Ledger

EPOCH = "1970-01-01"


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
    for batch in table.to_pyarrow().to_batches(max_chunksize=1_000_000):
        for column in batch.columns:
            digest.update("\n".join(map(str, column.to_pylist())).encode())
            digest.update(b"\0")
