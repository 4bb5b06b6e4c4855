"""Find order numbers that stand in two files or belong to several customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.ledger import materialise
from regulars.data.queries import count_rows
from regulars.data.reading import FILE_NUMBER
from regulars.findings.double_exports import CONTENT
from regulars.findings.finding import Finding, Setting, counted, listed, share_words

if TYPE_CHECKING:
    from regulars.findings.observed import ObservedLog

SHARED_SHARE = 0.01
FEWEST_ORDERS = 10
ONE_ROW_SHARE = 0.99


def orders_in_two_files(log: ObservedLog) -> Finding | None:
    """Warn of orders whose lines stand in two files.

    Files may part an order's lines between them: only lines that repeat count, or any
    where an order has one row.
    """
    source = log.columns.get("order_id", "")
    if len(log.raw.files) < 2 or source not in log.raw.columns:
        return None
    places = _files_of_orders(log, source)
    n_orders = count_rows(places)
    several = materialise(places.filter(places["first"] < places["last"]))
    n_several = count_rows(several)
    if not n_several:
        return None
    others = (2 - ONE_ROW_SHARE) * (n_orders - n_several)
    one_row_each = log.totals["n_bought"] - 2 * n_several <= others
    top, n_repeated = _repeated_orders(log, several, one_row_each=one_row_each)
    if not n_repeated:
        return None
    share = n_repeated / n_orders
    names = [file.path.name for file in log.raw.files]
    return Finding(
        key="orders_in_two_files",
        severity="warning",
        seen=(
            f"{counted(n_repeated, 'order_id')} of {n_orders:,} ({share_words(share)}) "
            f"{'stands' if n_repeated == 1 else 'stand'} in more than one file, such "
            f"as {listed(top)}: their lines count twice."
        ),
        advice=(
            f"Do the files overlap ({', '.join(names[:5])})? Cut them at a day, or "
            "read one: name it under `source.transactions.path`."
        ),
        figures={"n_orders": n_repeated, "share_of_orders": share},
        examples=top,
    )


def _files_of_orders(log: ObservedLog, source: str) -> Any:
    """Return the first and the last file of each order, computed once."""
    table = log.raw.table
    places = table.select(order_id=table[source].cast("string"), file=FILE_NUMBER)
    places = places.mutate(order_id=places.order_id.strip())
    places = places.group_by("order_id").aggregate(
        first=places.file.min(), last=places.file.max()
    )
    return materialise(places.filter(places.order_id != ""))


def _repeated_orders(
    log: ObservedLog, several: Any, *, one_row_each: bool
) -> tuple[list[str], int]:
    """Return up to five orders with repeated lines of one day, and their number."""
    rows = log.rows.filter(~log.rows.is_return)
    rows = rows.mutate(order_id=rows.order_id.cast("string"))
    rows = rows.semi_join(several, "order_id")
    content = [name for name in CONTENT if name in rows.columns]
    lines = rows.group_by("order_id", "order_date", *content).aggregate(n=rows.count())
    orders = lines.group_by("order_id").aggregate(
        n_rows=lines.n.sum(),
        n_lines=lines.count(),
        first=lines.order_date.min(),
        last=lines.order_date.max(),
    )
    repeats = (orders.n_rows > orders.n_lines) | ibis.literal(one_row_each)
    one_day = orders["first"] == orders["last"]
    repeated = materialise(orders.filter(repeats & one_day & (orders.n_rows > 1)))
    top = repeated.order_by("order_id").limit(5).to_pyarrow()["order_id"].to_pylist()
    return top, count_rows(repeated)


def shared_orders(log: ObservedLog) -> Finding | None:
    """Ask about order numbers that belong to several customers."""
    if "order_id" not in log.rows.columns:
        return None
    rows = log.rows.drop_null("order_id")
    orders = rows.group_by("order_id").aggregate(
        first=rows.customer_id.min(), last=rows.customer_id.max()
    )
    shared = orders.filter(orders["first"] != orders["last"])
    n_orders = count_rows(orders)
    n_shared = count_rows(shared)
    share = n_shared / max(n_orders, 1)
    if n_shared < FEWEST_ORDERS or share < SHARED_SHARE:
        return None
    top = shared.order_by("order_id").limit(5).to_pyarrow()["order_id"].to_pylist()
    examples = [str(each) for each in top]
    customer, order = log.source_sql("customer_id"), log.source_sql("order_id")
    setting = None
    if customer and order:
        sql = f"concat({customer}, ' ', {order})"
        setting = Setting("source.transactions.columns.order_id", {"sql": sql})
    return Finding(
        key="shared_orders",
        severity="ask",
        seen=(
            f"{counted(n_shared, 'order_id')} of {n_orders:,} ({share_words(share)}) "
            f"belong to several customers, such as {listed(examples)}."
        ),
        advice=(
            "If numbers begin anew in each shop or year, tell them apart"
            + (f": write {setting.words}" if setting else " in the source")
            + ". If it is no order number, take it out of the columns."
        ),
        figures={"n_orders": n_shared, "share_of_orders": share},
        examples=examples,
        setting=setting,
    )
