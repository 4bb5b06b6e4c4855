"""Read the raw histories nested in a request as one table of transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.intake import normalise
from regulars.data.ledger import MARGIN_COLUMNS
from regulars.errors import DataError
from regulars.scoring.plain_rows import read_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

# how a field of a kind is sent
FORMS = {
    "id": pa.string(),
    "text": pa.string(),
    "time": pa.string(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}


def fields_of(table: str) -> dict[str, pa.DataType]:
    """Return the fields of a row in a request; whatever else is sent is not read."""
    columns = [each for each in TABLES[table].columns if each.name != "customer_id"]
    return {each.name: FORMS[each.kind] for each in columns}


FIELDS = fields_of("transactions")


def read_day(value: object) -> date:
    """Return the day of ``as_of``; today in UTC where it is not given."""
    if not value:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        msg = f"'as_of' is '{value}'; give a date such as 2024-03-31."
        raise DataError(msg) from error


def customer_ids(request: pd.DataFrame, tables: Iterable[str] = ()) -> pd.Series[Any]:
    """Return the names of the customers of a request, each of which is another.

    Their transactions have to be there, and their rows of other tables.
    """
    needed = ("customer_id", "transactions", *tables)
    missing = [name for name in needed if name not in request.columns]
    if missing:
        msg = (
            f"The request lacks {' and '.join(missing)}; it has "
            f"{', '.join(map(str, request.columns))}. Send one row a customer with "
            "each of them; an empty list where there is nothing."
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
    ids: pd.Series[Any],
    histories: pd.Series[Any],
    columns: Sequence[str],
    table: str = "transactions",
) -> pa.Table:
    """Return nested histories as one table, as they were sent.

    Numbers that were sent as text stay text: the intake's rules read them.
    """
    contract = TABLES[table]
    fields = fields_of(table)
    # attributes have names that the contract does not know
    fields |= {name: None for name in columns if name not in fields}
    wanted = {*contract.required, *columns}
    fields = {name: form for name, form in fields.items() if name in wanted}
    rows = [_objects(history, table) for history in histories]
    flat = [row for history in rows for row in history]
    sent = _columns(fields, flat, table)
    owner = np.repeat(ids.astype(str).to_numpy(dtype=object), list(map(len, rows)))
    needed = [
        name
        for name in fields
        if name != contract.id_column and not _may_be_empty(name, flat, table)
    ]
    absent = [n for n in needed if flat and sent[n].null_count == len(flat)]
    if absent:
        msg = (
            f"No history in '{table}' has {', '.join(absent)}, which the model "
            "learnt from. Send it with every row."
        )
        raise DataError(msg)
    if "is_return" in sent and pa.types.is_boolean(sent["is_return"].type):
        sent["is_return"] = sent["is_return"].fill_null(False)
    names = pa.array(owner, pa.string())
    if contract.id_column not in sent:
        return pa.table({contract.id_column: names, **sent})
    # a referral may be one by which the customer came
    named = pc.coalesce(sent.pop(contract.id_column), names)
    referrals = pa.table({contract.id_column: named, **sent})
    return referrals.filter(_is_told_once(names, named, sent["referred_id"]))


def _is_told_once(owner: pa.Array, referrer: pa.Array, referred: pa.Array) -> pa.Array:
    """Return which referrals count: those that both customers send do for one."""
    is_own = pc.equal(owner, referrer)
    pair = pc.binary_join_element_wise(referrer, referred, "\0")
    is_told = pc.is_in(pair, value_set=pair.filter(is_own))
    return pc.or_(is_own, pc.invert(is_told))


def _columns(
    fields: Mapping[str, pa.DataType | None], rows: list[Any], table: str
) -> dict[str, pa.Array]:
    """Return each field of all rows."""
    if None not in fields.values() and set(map(type, rows)) == {dict}:
        with suppress(pa.ArrowInvalid, pa.ArrowTypeError):
            at_once = pa.array(rows, pa.struct([*fields.items()]))
            return dict(zip(fields, at_once.flatten(), strict=True))
    try:
        return {
            name: _column([row.get(name) for row in rows], form)
            for name, form in fields.items()
        }
    except AttributeError:
        _refuse_other_rows(rows, table)
        raise


def _column(values: list[Any], form: pa.DataType | None) -> pa.Array:
    try:
        found = pa.array(values, form)
        return found.cast(pa.string()) if pa.types.is_null(found.type) else found
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # numbers of orders, times as objects; and numbers and flags sent as text
        texts = [None if value is None else str(value) for value in values]
        return pa.array(texts, pa.string())


def _may_be_empty(name: str, rows: Sequence[Mapping[str, Any]], table: str) -> bool:
    """Return whether a column may be null in all rows: a margin that is sent as null.

    One that is not sent at all is refused, as the batch would have known it.
    """
    if table != "transactions" or name in MARGIN_COLUMNS:
        return any(name in row for row in rows)
    return name == "is_return"


def _objects(history: object, table: str) -> list[Any]:
    # pandas has NaN where a request has null
    if history is None or isinstance(history, float):
        return []
    if isinstance(history, str) or not hasattr(history, "__iter__"):
        msg = (
            f"'{table}' holds {type(history).__name__}; it must be a list of objects "
            f"with {_required(table)}."
        )
        raise DataError(msg)
    return list(history)


def _refuse_other_rows(rows: Sequence[object], table: str) -> None:
    for row in rows:
        if not isinstance(row, Mapping):
            msg = (
                f"A row of '{table}' is {type(row).__name__}; it must be an object "
                f"with {_required(table)}."
            )
            raise DataError(msg)


def _required(table: str) -> str:
    contract = TABLES[table]
    names = [n for n in contract.required if n != contract.id_column]
    return " and ".join(names) or "attributes"


def clean_lines(sent: pa.Table, time_zone: str) -> pa.Table:
    """Return the transactions of a request in the clean form, or refuse faulty ones."""
    plain = read_plain(sent, time_zone)
    return clean_rows(sent, time_zone, "transactions") if plain is None else plain


def clean_rows(sent: pa.Table, time_zone: str, name: str) -> pa.Table:
    """Return the rows of a table by the rules of the intake, or refuse faulty ones."""
    connection = connect("duckdb://")
    try:
        table = connection.create_table("history", obj=sent, temp=True)
        checked = normalise(table, name, time_zone=time_zone, with_fault=True)
        rows = checked.to_pyarrow()
    finally:
        connection.disconnect()
    faults = Counter(rows["fault"].drop_null().to_pylist())
    if faults:
        told = "; ".join(f"{n} x {fault}" for fault, n in sorted(faults.items()))
        msg = f"The histories hold {name} that cannot be used: {told}."
        raise DataError(msg)
    return rows.drop_columns(["fault"])
