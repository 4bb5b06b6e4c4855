"""Map a source's columns, or SQL expressions over them, to canonical names.

Expressions are made safe: a text column that meets arithmetic is read as a number, and
a cast that fails gives null instead of stopping the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from regulars.data.engine import readable_errors
from regulars.data.names import quote_name
from regulars.data.number_formats import expand_numbers
from regulars.data.reading import find_column
from regulars.errors import ConfigError, DataError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.config import TableSettings
    from regulars.data.contract import TableContract
    from regulars.data.reading import RawTable

_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg)
_NUMERIC = (
    *_ARITHMETIC,
    exp.Abs,
    exp.Round,
    exp.Floor,
    exp.Ceil,
    exp.Sqrt,
    exp.UnixToTime,
)
_COMPARISON = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EQ, exp.NEQ, exp.Between, exp.In)
_WHERE = "__where"
_REFUSED = (exp.Query, exp.AggFunc, exp.Window, exp.Command, exp.DDL, exp.DML)


@dataclass(frozen=True)
class Mapping:
    """Canonical columns and where each comes from."""

    table: Any
    sources: dict[str, str]  # canonical name -> column of `table`
    described: dict[str, str]  # canonical name -> the user's column or expression
    where: str = ""  # column of `table` that says whether a row is read


def map_columns(
    raw: RawTable, contract: TableContract, settings: TableSettings, connection: Any
) -> Mapping:
    r"""Find the source of each canonical column.

    A name is looked up exactly, then without regard to case and outer blanks. A column
    that already has the canonical name need not be listed.
    """
    sources: dict[str, str] = {}
    described: dict[str, str] = {}
    worked_out: dict[str, str] = {}
    missing: dict[str, str] = {}
    _refuse_alike(settings.columns, contract)
    for name, source in settings.columns.items():
        contract.column(name)
        if not isinstance(source, str):
            sources[name] = f"__sql_{name}"
            where = f"source.{contract.name}.columns.{name}.sql"
            numeric = contract.column(name).kind == "number"
            worked_out[sources[name]] = _expression(
                where, source.sql, raw, numeric=numeric
            )
            described[name] = source.sql
        elif (column := _find(source, raw)) is None:
            missing[name] = source
        else:
            sources[name] = described[name] = column
    for each in contract.columns:
        if each.name in settings.columns:
            continue
        column = _find(each.name, raw)
        if column is not None:
            sources[each.name] = described[each.name] = column
        elif each.required:
            missing[each.name] = each.name
    if missing:
        raise DataError(_missing_columns(missing, raw, contract))
    if settings.where is not None:
        where = f"source.{contract.name}.where"
        worked_out[_WHERE] = _expression(where, settings.where, raw, numeric=False)
    table = _with_expressions(raw, worked_out, contract, connection)
    if settings.where is not None:
        _refuse_other_than_boolean(table, settings.where, contract)
    kept = _WHERE if settings.where is not None else ""
    return Mapping(table, sources, described, kept)


def _refuse_alike(names: Iterable[str], contract: TableContract) -> None:
    """Refuse names that differ in case alone, which engines take for one."""
    # a name of the contract need not be listed
    known: dict[str, str] = {name: name for name in contract.names}
    for name in names:
        first = known.setdefault(name.lower(), name)
        if first != name:
            msg = (
                f"source.{contract.name}.columns: '{first}' and '{name}' differ in "
                "nothing but capitals. Give one of them another name."
            )
            raise ConfigError(msg)


def _refuse_other_than_boolean(table: Any, where: str, contract: TableContract) -> None:
    if not table[_WHERE].type().is_boolean():
        msg = (
            f"source.{contract.name}.where '{where}' is no condition: it gives a "
            f"{table[_WHERE].type()}, not true or false. Compare a column with "
            "something, as in Status = 'completed'."
        )
        raise ConfigError(msg)


def _find(name: str, raw: RawTable) -> str | None:
    if name.strip().lower() in raw.repeated:
        msg = (
            f"{raw.label} has the column '{name}' more than once. Rename one of them "
            "in the file, or refer to it as it is told apart: the second is "
            f"'{name} (2)'."
        )
        raise DataError(msg)
    return find_column(name, raw.columns)


def _missing_columns(
    missing: dict[str, str], raw: RawTable, contract: TableContract
) -> str:
    wanted = ", ".join(
        f"'{source}'" + (f" (wanted as {name})" if source != name else "")
        for name, source in missing.items()
    )
    hints = "".join(suggestion(source, raw.columns) for source in missing.values())
    noun = "column" if len(missing) == 1 else "columns"
    msg = (
        f"{raw.label} has no {noun} {wanted}.{hints} Its columns are "
        f"{', '.join(raw.columns)}. Name the right ones under "
        f"source.{contract.name}.columns."
    )
    if raw.headless:
        msg += (
            f" Its first line, '{raw.headless}', looks like data: if the file has no "
            "header line, call its columns column1, column2, ... there."
        )
    return msg


def _expression(setting: str, sql: str, raw: RawTable, *, numeric: bool) -> str:
    where = f"{setting} '{sql}'"
    with readable_errors(where, ConfigError):
        tree = expand_numbers(sqlglot.parse_one(sql, dialect="duckdb"), where)
    if any(tree.find(kind) for kind in _REFUSED):
        msg = (
            f"{where} must be one expression over the columns of one row: no SELECT, "
            "no aggregate, no window. Prepare the rest in a table or view."
        )
        raise ConfigError(msg)
    text = _text_columns(raw)
    for column in tree.find_all(exp.Column):
        name = _find(column.name, raw)
        if column.table and (inner := _find(_dotted_name(column), raw)) is not None:
            # The column of an object inside a JSON record, such as customer.id.
            name = inner
            for part in ("table", "db", "catalog"):
                column.set(part, None)
        if name is None:
            msg = (
                f"{where} uses the column '{column.name}', which {raw.label} does not "
                f"have.{suggestion(column.name, raw.columns)} Its columns are "
                f"{', '.join(raw.columns)}."
            )
            raise ConfigError(msg)
        column.set("this", exp.to_identifier(name, quoted=True))
    return _safe(tree, text, numeric=numeric).sql(dialect="duckdb")


def _dotted_name(column: exp.Column) -> str:
    """Return a column's name with what stands before its points."""
    return ".".join(part.name for part in column.parts)


def _text_columns(raw: RawTable) -> frozenset[str]:
    return frozenset(
        column for column in raw.columns if raw.table[column].type().is_string()
    )


def _safe(tree: exp.Expr, text: Iterable[str], *, numeric: bool) -> exp.Expr:
    """Read text columns as numbers where numbers are meant; soften casts."""
    # All is decided before anything is changed: each change alters the tree.
    numbers = [
        column
        for column in tree.find_all(exp.Column)
        if column.name in text and means_number(column, numeric=numeric)
    ]
    casts = [cast for cast in tree.find_all(exp.Cast) if type(cast) is exp.Cast]
    for column in numbers:
        double = exp.DataType.build("double")
        tree = _replaced(tree, column, exp.TryCast(this=column.copy(), to=double))
    for cast in casts:
        soft = exp.TryCast(this=cast.this.copy(), to=cast.args["to"].copy())
        tree = _replaced(tree, cast, soft)
    for parsed in tree.find_all(exp.StrToTime):
        parsed.set("safe", True)
    return tree


def _replaced(tree: exp.Expr, old: exp.Expr, new: exp.Expr) -> exp.Expr:
    if old is tree:
        return new
    old.replace(new)
    return tree


def means_number(node: exp.Expr, *, numeric: bool) -> bool:
    """Say whether a column of text is used as a number where it stands."""
    parent = node.parent
    if parent is None:
        return numeric
    if isinstance(parent, (exp.Paren, exp.Coalesce, exp.Greatest, exp.Least)):
        return means_number(parent, numeric=numeric)
    if isinstance(parent, (exp.Case, exp.If)) and node.arg_key != "this":
        return means_number(parent, numeric=numeric)
    if isinstance(parent, _COMPARISON):
        others = [other for other in parent.iter_expressions() if other is not node]
        return any(_is_number(other) for other in others)
    if isinstance(parent, _NUMERIC):
        return not any(_is_time(part) for part in parent.iter_expressions())
    return False


def _is_time(node: exp.Expr) -> bool:
    if isinstance(node, exp.Cast):
        return bool(node.to.is_type(*exp.DataType.TEMPORAL_TYPES))
    return isinstance(node, (exp.Interval, exp.StrToTime, exp.TsOrDsToDate))


def _is_number(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Paren, exp.Neg)):
        return _is_number(node.this)
    return isinstance(node, _NUMERIC) or (
        isinstance(node, exp.Literal) and not node.is_string
    )


def _with_expressions(
    raw: RawTable, worked_out: dict[str, str], contract: TableContract, connection: Any
) -> Any:
    if not worked_out:
        return raw.table
    added = ", ".join(
        f"{sql} AS {quote_name(name)}" for name, sql in worked_out.items()
    )
    where = f"source.{contract.name}.columns: " + "; ".join(worked_out.values())
    with readable_errors(where, ConfigError):
        if connection.name == "duckdb":
            view = f"{raw.view}_mapped"
            # What no value comes of, such as a time in a million years, gives null.
            tried = ", ".join(
                f"TRY({sql}) AS {quote_name(name)}" for name, sql in worked_out.items()
            )
            connection.raw_sql(
                f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT *, {tried} "
                f"FROM {raw.view}"
            )
            return connection.table(view)
        named = raw.table.alias(raw.view)
        return named.sql(f"SELECT *, {added} FROM {raw.view}", dialect="duckdb")
