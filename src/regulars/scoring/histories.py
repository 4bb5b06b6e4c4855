"""Read the raw histories nested in a request as one table of transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.intake import normalise
from regulars.data.ledger import MARGIN_COLUMNS
from regulars.data.parsing import MISSING
from regulars.errors import RequestError
from regulars.scoring.plain_rows import BLANKS, read_plain
from regulars.scoring.request_faults import first_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

# how a field of a kind is sent
FORMS = {
    "id": pa.string(),
    "text": pa.string(),
    "time": pa.string(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}
_SENT = "sent_rows"
_NO_IDS = (bool, float, Mapping, list)


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
        raise RequestError(msg, code="bad_parameter", field="params.as_of") from error


@dataclass(frozen=True)
class Histories:
    """Customers of a request, and their rows of each table as they were sent."""

    # as sent: numbers stay numbers
    ids: Sequence[Any]
    # every table by its name, with the column that says whose row it is
    tables: Mapping[str, pa.Table]

    @classmethod
    def of(
        cls,
        request: pd.DataFrame | Mapping[str, Sequence[Any]],
        columns: Mapping[str, Sequence[str]],
    ) -> Self:
        """Read a request of one row a customer; `columns` are those of each table."""
        ids = customer_ids(request, columns)
        owners = names_of(ids)
        tables = {
            name: flatten(owners, request[name], wanted, name)
            for name, wanted in columns.items()
        }
        return cls(ids, tables)

    @classmethod
    def together(cls, parts: Sequence[Histories]) -> Histories:
        """Return the customers of several requests, none of whom is in two."""
        if len(parts) == 1:
            return parts[0]
        tables = {
            name: pa.concat_tables(each.tables[name] for each in parts)
            for name in parts[0].tables
        }
        return cls([who for each in parts for who in each.ids], tables)


def names_of(ids: Iterable[Any]) -> NDArray[np.object_]:
    """Return the ids as texts, trimmed as the intake trims them."""
    return np.array([str(each).strip(BLANKS) for each in ids], dtype=object)


def customer_ids(
    request: pd.DataFrame | Mapping[str, Sequence[Any]], tables: Iterable[str]
) -> list[Any]:
    """Return the names of the customers of a request, each of which is another.

    Their rows of every table have to be there.
    """
    needed = ("customer_id", *tables)
    missing = [name for name in needed if name not in request]
    if missing:
        msg = (
            f"The request lacks {' and '.join(missing)}; it has "
            f"{', '.join(map(str, request))}. Send one row a customer with "
            "each of them; an empty list where there is nothing."
        )
        raise RequestError(msg, code="missing_field", field=missing[0])
    ids = [*request["customer_id"]]
    if (found := refused_ids(ids)) is not None:
        raise found
    return ids


def refused_ids(ids: Sequence[Any]) -> RequestError | None:
    """Return what is wrong with the customers of a request, None where all is well."""
    empty = [each is None or each is pd.NA or each != each for each in ids]
    others = [each for each in ids if isinstance(each, _NO_IDS) or _is_broken(each)]
    if others and not any(empty):
        msg = (
            f"'customer_id' is {ascii(others[0])[:40]} in a row; send a text or a "
            "whole number."
        )
        return RequestError(msg, code="bad_customer_id", field="customer_id")
    names = [str(each).strip(BLANKS) for each in ids]
    n_empty = sum(
        nothing or name.lower() in MISSING
        for nothing, name in zip(empty, names, strict=True)
    )
    n_bad = n_empty + len(ids) - len({*map(repr, ids)})
    if n_bad:
        msg = (
            f"'customer_id' is empty or repeated in {n_bad} of {len(ids)} rows; send "
            "one row a customer."
        )
        return RequestError(msg, code="bad_customer_id", field="customer_id")
    if len({*names}) == len(names):
        return None
    # 1 beside "1": histories belong to the id as text
    counts = Counter(names)
    alike = [each for each, n in zip(ids, names, strict=True) if counts[n] > 1]
    msg = (
        f"'customer_id' holds {len(alike)} values that read the same, as "
        f"numbers and as text: {', '.join(map(repr, alike[:5]))}. Send every "
        "customer_id as text, or every one as a number."
    )
    return RequestError(msg, code="bad_customer_id", field="customer_id")


def _is_broken(text: object) -> bool:
    # half of a surrogate pair, which JSON can spell, is no character
    if not isinstance(text, str) or text.isascii():
        return False
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def wanted_fields(table: str, columns: Iterable[str]) -> dict[str, pa.DataType | None]:
    """Return the fields of a row that are read; of attributes None: of any type."""
    fields: dict[str, pa.DataType | None] = {**fields_of(table)}
    # attributes have names that the contract does not know
    fields |= {name: None for name in columns if name not in fields}
    wanted = {*TABLES[table].required, *columns}
    return {
        name: form
        for name, form in fields.items()
        if name in wanted and name != "customer_id"
    }


def flatten(
    owners: NDArray[np.object_],
    histories: Iterable[Any],
    columns: Sequence[str],
    table: str = "transactions",
) -> pa.Table:
    """Return nested histories as one table, as they were sent.

    Numbers that were sent as text stay text: the intake's rules read them.
    """
    contract = TABLES[table]
    fields = wanted_fields(table, columns)
    rows = [
        _objects(history, table, owner)
        for owner, history in zip(owners, histories, strict=True)
    ]
    flat = [row for history in rows for row in history]
    owner = np.repeat(owners, list(map(len, rows)))
    _refuse_other_rows(flat, table, owner)
    sent = _columns(fields, flat)
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
        raise RequestError(
            msg,
            code="missing_field",
            customer=str(owner[0]),
            field=f"{table}[0].{absent[0]}",
        )
    return with_owners(sent, pa.array(owner, pa.string()), table)


def with_owners(sent: dict[str, pa.Array], names: pa.Array, table: str) -> pa.Table:
    """Return the rows of a table with whose they are."""
    contract = TABLES[table]
    if "is_return" in sent and pa.types.is_boolean(sent["is_return"].type):
        sent["is_return"] = sent["is_return"].fill_null(False)
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
    fields: Mapping[str, pa.DataType | None], rows: list[Any]
) -> dict[str, pa.Array]:
    """Return each field of all rows."""
    if None not in fields.values() and set(map(type, rows)) == {dict}:
        with suppress(pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
            at_once = pa.array(rows, pa.struct([*fields.items()]))
            return dict(zip(fields, at_once.flatten(), strict=True))
    return {
        name: _column([row.get(name) for row in rows], form)
        for name, form in fields.items()
    }


def _column(values: list[Any], form: pa.DataType | None) -> pa.Array:
    try:
        found = pa.array(values, form)
        return found.cast(pa.string()) if pa.types.is_null(found.type) else found
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
        # numbers of orders, times as objects; and numbers and flags sent as text
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    # half of a surrogate pair is no character
    return None if value is None else str(value).encode(errors="replace").decode()


def _may_be_empty(name: str, rows: Sequence[Mapping[str, Any]], table: str) -> bool:
    """Return whether a column may be null in all rows: a margin that is sent as null.

    One that is not sent at all is refused, as the batch would have known it.
    """
    if table != "transactions" or name in MARGIN_COLUMNS:
        return any(name in row for row in rows)
    return name == "is_return"


def _objects(history: object, table: str, owner: str) -> list[Any]:
    # pandas has NaN where a request has null
    if history is None or (isinstance(history, float) and history != history):
        return []
    if isinstance(history, str | Mapping) or not hasattr(history, "__iter__"):
        msg = (
            f"'{table}' holds {type(history).__name__}; it must be a list of objects "
            f"with {_required(table)}."
        )
        raise RequestError(msg, code="not_a_list", customer=owner, field=table)
    return list(history)


def _refuse_other_rows(
    rows: Sequence[object], table: str, owner: NDArray[np.object_]
) -> None:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            msg = (
                f"A row of '{table}' is {type(row).__name__}; it must be an object "
                f"with {_required(table)}."
            )
            place = number - int(np.argmax(owner == owner[number]))
            raise RequestError(
                msg,
                code="not_an_object",
                customer=str(owner[number]),
                field=f"{table}[{place}]",
            )


def _required(table: str) -> str:
    contract = TABLES[table]
    names = [n for n in contract.required if n != contract.id_column]
    return " and ".join(names) or "attributes"


def clean_lines(sent: pa.Table, time_zone: str) -> pa.Table:
    """Return the transactions of a request in the clean form, or refuse faulty ones."""
    plain = read_plain(sent, time_zone)
    return clean_rows(sent, time_zone, "transactions") if plain is None else plain


@lru_cache(maxsize=256)
def _rules(schema: pa.Schema, time_zone: str, name: str) -> tuple[str, pa.Schema]:
    """Return the intake's rules for a form of rows, which take long to write down."""
    table = ibis.table(ibis.Schema.from_pyarrow(schema), name=_SENT)
    checked = normalise(table, name, time_zone=time_zone, with_fault=True)
    return str(ibis.to_sql(checked, "duckdb")), checked.schema().to_pyarrow()


@lru_cache(maxsize=1)
def _engine() -> Any:
    return connect("duckdb://")


def clean_rows(sent: pa.Table, time_zone: str, name: str) -> pa.Table:
    """Return the rows of a table by the rules of the intake, or refuse faulty ones."""
    query, schema = _rules(sent.schema, time_zone, name)
    # a cursor each: requests come from several threads
    with closing(_engine().con.cursor()) as cursor:
        cursor.register(_SENT, sent)
        rows = cursor.sql(query).to_arrow_table().cast(schema)
    if rows["fault"].null_count < len(rows):
        raise first_fault(sent, rows["fault"], name)
    return rows.drop_columns(["fault"])
