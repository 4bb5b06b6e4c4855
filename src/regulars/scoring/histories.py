"""Read the raw histories nested in a request as one table of transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.data.engine import connect
from regulars.data.intake import normalise_transactions
from regulars.data.ledger import MARGIN_COLUMNS
from regulars.errors import DataError
from regulars.scoring.plain_rows import read_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

# of a transaction in a request; whatever else is sent is not read
FIELDS = {
    "order_time": pa.string(),
    "amount": pa.float64(),
    "order_id": pa.string(),
    "product_id": pa.string(),
    "category": pa.string(),
    "quantity": pa.float64(),
    "discount_amount": pa.float64(),
    "cost_amount": pa.float64(),
    "margin_rate": pa.float64(),
    "channel": pa.string(),
    "store_id": pa.string(),
    "is_return": pa.bool_(),
}


def read_day(value: object) -> date:
    """Return the day of ``as_of``; today in UTC where it is not given."""
    if not value:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        msg = f"'as_of' is '{value}'; give a date such as 2024-03-31."
        raise DataError(msg) from error


def customer_ids(request: pd.DataFrame) -> pd.Series[Any]:
    """Return the names of the customers of a request, each of which is another."""
    missing = [c for c in ("customer_id", "transactions") if c not in request.columns]
    if missing:
        msg = (
            f"The request lacks {' and '.join(missing)}; it has "
            f"{', '.join(map(str, request.columns))}. Send one row a customer with "
            "both."
        )
        raise DataError(msg)
    ids = request["customer_id"]
    if ids.isna().any() or ids.duplicated().any():
        n_bad = int(ids.isna().sum() + ids.duplicated().sum())
        msg = (
            f"'customer_id' is empty or repeated in {n_bad} of {len(ids)} rows; send "
            "one row a customer."
        )
        raise DataError(msg)
    _refuse_lookalikes(ids)
    return ids


def _refuse_lookalikes(ids: pd.Series[Any]) -> None:
    """Refuse 1 beside "1": histories belong to the id as text."""
    names = ids.astype(str)
    alike = names.duplicated(keep=False)
    if alike.any():
        same = ", ".join(repr(value) for value in ids[alike].tolist()[:5])
        msg = (
            f"'customer_id' holds {int(alike.sum())} values that read the same, as "
            f"numbers and as text: {same}. Send every customer_id as text, or every "
            "one as a number."
        )
        raise DataError(msg)


def flatten(
    ids: pd.Series[Any], histories: pd.Series[Any], columns: Sequence[str]
) -> pa.Table:
    """Return the nested histories as one table of transactions, as they were sent.

    Numbers that were sent as text stay text: the intake's rules read them.
    """
    names = [name for name in FIELDS if name in {"order_time", "amount", *columns}]
    rows = [_objects(history) for history in histories]
    flat = [row for history in rows for row in history]
    sent = _columns(names, flat)
    owner = np.repeat(ids.astype(str).to_numpy(dtype=object), list(map(len, rows)))
    needed = [name for name in names if not _may_be_empty(name, flat)]
    absent = [n for n in needed if flat and sent[n].null_count == len(flat)]
    if absent:
        msg = (
            f"No history in 'transactions' has {', '.join(absent)}, which the model "
            "learnt from. Send it with every transaction."
        )
        raise DataError(msg)
    if pa.types.is_boolean(sent["is_return"].type):
        sent["is_return"] = sent["is_return"].fill_null(False)
    return pa.table({"customer_id": pa.array(owner, pa.string()), **sent})


def _columns(names: Sequence[str], rows: list[Any]) -> dict[str, pa.Array]:
    """Return each field of all rows."""
    if set(map(type, rows)) == {dict}:
        form = pa.struct([(name, FIELDS[name]) for name in names])
        with suppress(pa.ArrowInvalid, pa.ArrowTypeError):
            return dict(zip(names, pa.array(rows, form).flatten(), strict=True))
    try:
        return {name: _column(name, [row.get(name) for row in rows]) for name in names}
    except AttributeError:
        _refuse_other_rows(rows)
        raise


def _column(name: str, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, FIELDS[name])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # numbers of orders, times as objects; and numbers and flags sent as text
        texts = [None if value is None else str(value) for value in values]
        return pa.array(texts, pa.string())


def _may_be_empty(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a column may be null in all rows: a margin that is sent as null.

    One that is not sent at all is refused, as the batch would have known it.
    """
    if name in MARGIN_COLUMNS:
        return any(name in row for row in rows)
    return name == "is_return"


def _objects(history: object) -> list[Any]:
    # pandas has NaN where a request has null
    if history is None or isinstance(history, float):
        return []
    if isinstance(history, str) or not hasattr(history, "__iter__"):
        msg = (
            f"'transactions' holds {type(history).__name__}; it must be a list of "
            "objects with order_time and amount."
        )
        raise DataError(msg)
    return list(history)


def _refuse_other_rows(rows: Sequence[object]) -> None:
    for row in rows:
        if not isinstance(row, Mapping):
            msg = (
                f"A transaction is {type(row).__name__}; it must be an object with "
                "order_time and amount."
            )
            raise DataError(msg)


def clean_lines(sent: pa.Table, time_zone: str) -> pa.Table:
    """Return the transactions of a request in the clean form, or refuse faulty ones."""
    plain = read_plain(sent, time_zone)
    if plain is not None:
        return plain
    connection = connect("duckdb://")
    try:
        table = connection.create_table("history", obj=sent, temp=True)
        checked = normalise_transactions(table, time_zone=time_zone, with_fault=True)
        rows = checked.to_pyarrow()
    finally:
        connection.disconnect()
    faults = Counter(rows["fault"].drop_null().to_pylist())
    if faults:
        told = "; ".join(f"{n} x {fault}" for fault, n in sorted(faults.items()))
        msg = f"The histories hold transactions that cannot be used: {told}."
        raise DataError(msg)
    return rows.drop_columns(["fault"])
