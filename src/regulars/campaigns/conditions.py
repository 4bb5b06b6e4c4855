"""Conditions of offers, channels and rules: one test of a customer, and nothing else.

A condition is DuckDB's SQL over the columns of a `Standing`. What it may be made of is
listed: whatever is not in the list (queries, files, settings, chance, the clock) is
refused before anything runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from regulars.data.engine import first_sentence
from regulars.errors import ConfigError, suggestion

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

# comparison and logic, arithmetic, texts, days and lists
ALLOWED = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren),
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
    *(exp.In, exp.Between, exp.Is, exp.Like, exp.ILike, exp.Escape),
    *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Case, exp.If, exp.Coalesce, exp.Nullif),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg),
    *(exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Greatest, exp.Least),
    *(exp.Cast, exp.TryCast, exp.DataType, exp.Interval, exp.Var, exp.Date),
    *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.StartsWith, exp.Contains),
    *(exp.ArrayContains, exp.Tuple, exp.Array, exp.Year, exp.Month, exp.Day),
)
MOST_NAMED = 12
EXAMPLE = "Write a test of a customer, such as: churn_probability > 0.5 AND tier = 'x'"


def evaluate(
    condition: str, table: pa.Table, where: str
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return for whom a condition holds, and the columns that it uses."""
    told = f"{where} '{condition}'"
    try:
        tree = _parsed(condition, told)
        used = _columns(tree, table.column_names, told)
        sql = tree.sql(dialect="duckdb")
    except RecursionError as error:
        msg = f"{told[:200]}... is nested too deeply. Write it with fewer parentheses."
        raise ConfigError(msg) from error
    except SqlglotError as error:
        msg = f"{told} cannot be read: {first_sentence(error)}"
        raise ConfigError(msg) from error
    return _run(sql, table.select([*used]), told), used


def _parsed(condition: str, told: str) -> exp.Expr:
    """Return a condition that is made of nothing but what a test is made of."""
    trees = sqlglot.parse(condition, dialect="duckdb")
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        msg = f"{told} must be one condition. {EXAMPLE}"
        raise ConfigError(msg)
    for node in tree.walk():
        if type(node) not in ALLOWED:
            shown = node.sql(dialect="duckdb")[:60]
            msg = (
                f"{told} does something else than test: '{shown}' is not allowed in a "
                "condition. It may compare columns and values, with AND, OR, NOT, IN, "
                "BETWEEN, LIKE, CASE and arithmetic."
            )
            raise ConfigError(msg)
    return tree


def _columns(tree: exp.Expr, names: list[str], told: str) -> tuple[str, ...]:
    """Return the columns that are used, and name each as the table does."""
    by_lower = {name.lower(): name for name in names}
    used: dict[str, None] = {}
    for column in tree.find_all(exp.Column):
        written = ".".join(part.name for part in column.parts)
        name = by_lower.get(written.lower())
        if name is None:
            hint = suggestion(written, names) or f" There are {_listed(names)}."
            msg = (
                f"{told} uses the column '{written}', which customers do not "
                f"have.{hint} docs/campaigns.md lists the columns; texts stand in "
                "single quotes."
            )
            raise ConfigError(msg)
        # an attribute's name may have a dot in it: the whole is one column
        for part in ("table", "db", "catalog"):
            column.set(part, None)
        column.set("this", exp.to_identifier(name, quoted=True))
        used[name] = None
    if not used:
        msg = f"{told} uses no column, so that it holds for all or nobody. {EXAMPLE}"
        raise ConfigError(msg)
    return tuple(used)


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _run(sql: str, table: pa.Table, told: str) -> NDArray[np.bool_]:
    # one thread: rows keep their order
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    try:
        with duckdb.connect(config=config) as connection:
            connection.register("customers", table)
            found = connection.sql(f"SELECT {sql} AS held FROM customers")
            held = found.to_arrow_table()["held"]
    except duckdb.Error as error:
        msg = f"{told} cannot be worked out: {first_sentence(error)}"
        raise ConfigError(msg) from error
    if str(held.type) != "bool":
        msg = (
            f"{told} is no condition: it gives a {held.type}, not true or false. "
            "Compare it with something, as in tickets_open > 0."
        )
        raise ConfigError(msg)
    return np.asarray(held.fill_null(False).to_numpy(), np.bool_)
