"""A short name for a data set: the same data, the same name, whatever the engine.

A ledger comes in, a hexadecimal digest goes out. It is taken over the days of each
customer and over what was bought, sorted, so that neither the order of the rows nor how
they were split into files matters, and any line more, fewer or different gives another
name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from regulars.data.ledger import Ledger

EPOCH = "1970-01-01"


def fingerprint(ledger: Ledger) -> str:
    """Return the digest of a ledger.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.

    Returns
    -------
    str
        64 hexadecimal digits (SHA-256) over every customer and day (orders, lines, and
        all measures to the millionth) and, where products or categories are known,
        over the days on which each was bought.

    Examples
    --------
    >>> import datetime, pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> days = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 9)]
    >>> def log(amounts):
    ...     return build_ledger(ibis.memtable(pa.table({
    ...         "customer_id": ["a", "a"], "order_date": days,
    ...         "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...         "amount": amounts, "is_return": [False, False]})))
    >>> fingerprint(log([1.0, 2.0])) == fingerprint(log([2.0, 1.0]))
    False
    """
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
