"""A short name for a data set: the same data, the same name, whatever the engine.

A ledger comes in, a hexadecimal digest goes out. It is taken over totals by customer,
sorted, so that neither the order of the rows nor how they were split into files
matters, and any line more, fewer or different gives another name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

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
        64 hexadecimal digits (SHA-256).

    Examples
    --------
    >>> import datetime, ibis, pyarrow as pa
    >>> from regulars.data.ledger import build_ledger
    >>> days = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 9)]
    >>> def log(amounts):
    ...     return build_ledger(ibis.memtable(pa.table({
    ...         "customer_id": ["a", "b"], "order_date": days,
    ...         "order_time": pa.array(days).cast(pa.timestamp("us")),
    ...         "amount": amounts, "is_return": [False, False]})))
    >>> fingerprint(log([1.0, 2.0])) == fingerprint(log([1.0, 2.5]))
    False
    """
    import ibis

    days = ledger.days
    number = days.day.delta(ibis.literal(EPOCH).cast("date"), unit="day")
    totals = days.group_by("customer_id").aggregate(
        n_days=days.count(),
        lines=days.n_lines.sum().cast("int64"),
        orders=days.n_orders.sum().cast("int64"),
        spend=days.spend_micros.sum().cast("int64"),
        returns=days.returns_amount_micros.sum().cast("int64"),
        # tells two logs apart that differ only in when things happened
        when=(number * number * days.n_lines).sum().cast("int64"),
    )
    table = totals.order_by("customer_id").to_pyarrow()
    digest = hashlib.sha256()
    for column in table.columns:
        digest.update("\n".join(map(str, column.to_pylist())).encode())
        digest.update(b"\0")
    return digest.hexdigest()
