"""Read the body of a request once, on the fast road or on the careful one.

Nearly every body is a list of customers with flat rows of the expected types. Arrow
reads those in place of Python's JSON and pandas. Where anything else is sent, the fast
road gives None, and the careful one reads the same or says what is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from pydantic_core import from_json

from regulars.errors import RequestError
from regulars.scoring.histories import (
    Histories,
    names_of,
    read_day,
    refused_ids,
    wanted_fields,
    with_owners,
)
from regulars.scoring.pyfunc import asked_reasons
from regulars.serving.faults import ServingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Sized
    from datetime import date

    from regulars.config import ServingSettings

# of MLflow's scoring protocol, that which takes a list of records first
FORMS = ("dataframe_records", "inputs", "instances", "dataframe_split")
_LISTS = FORMS[:3]
_PARAMS = pa.struct([("as_of", pa.string()), ("reasons", pa.string())])
# Arrow leaves out fields that it is not told of, and so would a misspelt parameter be
_FLAT_PARAMS = re.compile(rb'"params"\s*:\s*(\{[^{}]*\})')
_ID_TYPES = (pa.string(), pa.int64())
# below this many bytes Arrow takes longer to begin than Python takes in all
_SMALL = 100_000
_PLAIN = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating)


@dataclass(frozen=True)
class Question:
    """What a request asks."""

    histories: Histories
    cutoff: date
    reasons: Literal["all", "none"]

    def goes_with(self, other: Question) -> bool:
        """Return whether both can be answered at once: no customer is in both."""
        return (
            # a referral may name a customer of the other request
            "referrals" not in self.histories.tables
            and (self.cutoff, self.reasons) == (other.cutoff, other.reasons)
            and self.names.isdisjoint(other.names)
            and all(
                rows.schema == other.histories.tables[name].schema
                for name, rows in self.histories.tables.items()
            )
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Customers as the model knows them."""
        return frozenset(names_of(self.histories.ids))


@dataclass(frozen=True)
class HistoryReader:
    """Reads requests for a model of histories; `columns` are those of each table."""

    columns: Mapping[str, Sequence[str]]
    limits: ServingSettings

    def read(self, body: bytes) -> Question:
        """Return what a body asks, or refuse it."""
        question = None if len(body) < _SMALL else self._read_fast(body)
        return question if question is not None else self._read_carefully(body)

    def _read_fast(self, body: bytes) -> Question | None:
        try:
            body.decode()  # Arrow takes any bytes for text
        except UnicodeDecodeError:
            return None
        for kind in _ID_TYPES:
            try:
                table = pyarrow.json.read_json(
                    pa.BufferReader(body),
                    pyarrow.json.ReadOptions(
                        use_threads=False, block_size=len(body) + 1
                    ),
                    pyarrow.json.ParseOptions(
                        explicit_schema=self._schema(kind),
                        newlines_in_values=True,
                        unexpected_field_behavior=self._unexpected,
                    ),
                )
            except (pa.ArrowException, ValueError):
                continue
            return self._question(table) if _are_params_known(body) else None
        return None

    @property
    def _unexpected(self) -> Literal["ignore", "infer"]:
        fields = [wanted_fields(*each) for each in self.columns.items()]
        is_open = any(None in each.values() for each in fields)
        return "infer" if is_open else "ignore"

    def _schema(self, kind: pa.DataType) -> pa.Schema:
        tables = {
            name: [
                (field, form)
                for field, form in wanted_fields(name, columns).items()
                if form is not None
            ]
            for name, columns in self.columns.items()
        }
        customer = pa.struct(
            [
                ("customer_id", kind),
                *((name, pa.list_(pa.struct(rows))) for name, rows in tables.items()),
            ]
        )
        lists = [(form, pa.list_(customer)) for form in _LISTS]
        return pa.schema([*lists, ("dataframe_split", pa.null()), ("params", _PARAMS)])

    def _question(self, table: pa.Table) -> Question | None:
        """Return what was read, None where it may be wrong or mean something else."""
        sent = [form for form in FORMS if table[form].null_count < table.num_rows]
        if table.num_rows != 1 or len(sent) != 1 or sent[0] not in _LISTS:
            return None
        customers = table[sent[0]].combine_chunks().flatten()
        if not len(customers) or customers.null_count:
            return None
        ids = customers.field("customer_id").to_pylist()
        if refused_ids(ids) is not None:
            return None
        params = table["params"][0].as_py() or {}
        check_customers({"customer_id": ids}, self.limits)
        owners = names_of(ids)
        tables = {}
        for name, columns in self.columns.items():
            rows = self._rows(customers.field(name), owners, name, columns)
            if rows is None:
                return None
            tables[name] = rows
        histories = Histories(ids, tables)
        check_rows(histories, self.limits)
        return _question(histories, params)

    def _rows(
        self,
        lists: pa.ListArray,
        owners: Any,
        name: str,
        columns: Sequence[str],
    ) -> pa.Table | None:
        if lists.null_count:
            return None
        flat = lists.flatten()
        fields = wanted_fields(name, columns)
        known = {each.name for each in flat.type}
        if flat.null_count or not known.issuperset(fields):
            return None
        sent = {field: flat.field(field) for field in fields}
        for field, values in sent.items():
            # whether what nobody sends may be left out is for the careful road
            if len(flat) and field != "is_return" and values.null_count == len(flat):
                return None
            if fields[field] is None and not any(is_(values.type) for is_ in _PLAIN):
                return None
        whose = np.repeat(np.arange(len(owners)), pc.list_value_length(lists))
        return with_owners(sent, pa.array(owners, pa.string()).take(whose), name)

    def _read_carefully(self, body: bytes) -> Question:
        columns, params = read_columns(body)
        check_customers(columns, self.limits)
        histories = Histories.of(columns, self.columns)
        check_rows(histories, self.limits)
        return _question(histories, params)


def _are_params_known(body: bytes) -> bool:
    """Return whether the parameters of a body are known ones; False if in doubt."""
    found = _FLAT_PARAMS.findall(body)
    if len(found) != body.count(b'"params"') or len(found) > 1:
        return False
    try:
        return all(from_json(each).keys() <= {*_PARAMS.names} for each in found)
    except ValueError:  # a brace within a text
        return False


def _question(histories: Histories, params: Mapping[str, Any]) -> Question:
    for name in params.keys() - {*_PARAMS.names}:
        msg = f"There is no parameter '{name}'; send {' and '.join(_PARAMS.names)}."
        raise RequestError(msg, code="bad_parameter", field=f"params.{name}")
    cutoff = read_day(params.get("as_of"))
    return Question(histories, cutoff, asked_reasons(params.get("reasons")))


def check_customers(columns: Mapping[str, Sized], limits: ServingSettings) -> None:
    """Refuse a request of too many customers."""
    n_customers, most = len(next(iter(columns.values()))), limits.customers_per_request
    if n_customers > most:
        msg = (
            f"The request has {n_customers:,} customers; send {most:,} at most, the "
            "others in further requests (serving.customers_per_request)."
        )
        raise ServingError(413, "too_many_customers", msg)


def check_rows(histories: Histories, limits: ServingSettings) -> None:
    """Refuse a request with too many rows of one customer."""
    most = limits.lines_per_customer
    for name, rows in histories.tables.items():
        if len(rows) <= most:
            continue
        counts = rows.column(0).value_counts()
        largest = max(counts.to_pylist(), key=lambda each: each["counts"])
        if largest["counts"] > most:
            msg = (
                f"A customer has {largest['counts']:,} rows of '{name}'; send {most:,} "
                "at most, the latest ones (serving.lines_per_customer)."
            )
            raise ServingError(413, "too_many_lines", msg, largest["values"], name)


def read_columns(body: bytes) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return the columns of a request in any of MLflow's forms, and its parameters."""
    content = _read_json(body)
    forms = [form for form in FORMS if form in content]
    if len(forms) != 1:
        msg = (
            f"The body must have exactly one of {', '.join(FORMS)}; it has "
            f"{', '.join(forms) or 'none of them'}."
        )
        raise RequestError(msg, code="bad_form")
    params = content.get("params")
    params = {} if params is None else params
    if not isinstance(params, dict):
        msg = "'params' must be an object with 'as_of' and 'reasons'."
        raise RequestError(msg, code="bad_parameter", field="params")
    columns = _columns(content[forms[0]], forms[0])
    if not columns or not len(next(iter(columns.values()))):
        msg = f"'{forms[0]}' holds no customer; send one row a customer."
        raise RequestError(msg, code="bad_form", field=forms[0])
    return columns, params


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        content = from_json(body, cache_strings="keys")
    except ValueError as error:
        msg = f"The body is no JSON in UTF-8: {error}. Send an object."
        raise RequestError(msg, code="no_json") from error
    if not isinstance(content, dict):
        msg = f"The body is a JSON {type(content).__name__}; send an object."
        raise RequestError(msg, code="bad_form")
    return content


def _columns(sent: object, form: str) -> dict[str, list[Any]]:
    if form == "dataframe_split":
        return _split_columns(sent)
    if isinstance(sent, dict):
        lists = [each for each in sent.values() if isinstance(each, list)]
        if len(lists) < len(sent) or len({*map(len, lists)}) > 1:
            msg = f"'{form}' must hold lists of one length, one for each column."
            raise RequestError(msg, code="bad_form", field=form)
        return sent
    if not isinstance(sent, list) or not all(isinstance(each, dict) for each in sent):
        msg = f"'{form}' must be a list of objects, one a customer."
        raise RequestError(msg, code="bad_form", field=form)
    names = dict.fromkeys(name for row in sent for name in row)
    return {name: [row.get(name) for row in sent] for name in names}


def _split_columns(sent: object) -> dict[str, list[Any]]:
    rows = sent.get("data") if isinstance(sent, dict) else None
    names = sent.get("columns") if isinstance(sent, dict) else None
    if (
        not isinstance(rows, list)
        or not isinstance(names, list)
        or not all(isinstance(name, str) for name in names)
        or len({*names}) != len(names)
        or not all(isinstance(row, list) and len(row) == len(names) for row in rows)
    ):
        msg = (
            "'dataframe_split' must hold 'columns', a list of names, and 'data', a "
            "list of rows with a value for each."
        )
        raise RequestError(msg, code="bad_form", field="dataframe_split")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}
