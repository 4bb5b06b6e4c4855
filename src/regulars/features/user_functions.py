"""Feature functions of the user's own (``features.extra``): import, check, join.

Whatever goes wrong in one becomes a sentence that names it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import ibis

from regulars.errors import ConfigError
from regulars.features.group import KEYS, Group, refuse_repeated
from regulars.features.summary import left_join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.features.group import BuildGroup
    from regulars.features.past import Past


def load_function(path: str) -> BuildGroup:
    """Import a function of the user's own, and guard what it returns."""
    module_name, _, function_name = path.partition(":")
    if not function_name:
        msg = f"features.extra names '{path}'; write it as 'module:function'."
        raise ConfigError(msg)
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        msg = (
            f"features.extra names '{path}', which cannot be imported ({error}). Check "
            "the names, and that Python finds the module from where the command runs."
        )
        raise ConfigError(msg) from error
    if not callable(function):
        msg = f"features.extra names '{path}', which is not a function."
        raise ConfigError(msg)
    return _Guarded(path, function)


class _Guarded:
    """A user's own function, whose faults become one sentence."""

    def __init__(self, path: str, function: BuildGroup) -> None:
        self.__module__, _, self.__name__ = path.partition(":")
        self._path = path
        self._function = function

    def __call__(self, past: Past) -> Group:
        try:
            result = self._function(past)
        except Exception as error:
            msg = (
                f"The function '{self._path}' of features.extra failed: "
                f"{type(error).__name__}: {error}. It is called with a Past and "
                "returns an ibis table with 'customer_id' and numeric columns."
            )
            raise ConfigError(msg) from error
        if isinstance(result, Group) or (
            isinstance(result, ibis.Table) and _is_own_table(result)
        ):
            return result
        msg = (
            f"The function '{self._path}' of features.extra returned "
            f"{_describe(result)}; it has to return an ibis table with 'customer_id' "
            "and numeric columns, or a Group."
        )
        raise ConfigError(msg)


def _is_own_table(table: ibis.Table) -> bool:
    values = [name for name in table.columns if name not in KEYS]
    numbers = [
        table[n].type().is_numeric() or table[n].type().is_boolean() for n in values
    ]
    return "customer_id" in table.columns and bool(values) and all(numbers)


def _describe(result: object) -> str:
    if isinstance(result, ibis.Table):
        columns = {name: str(kind) for name, kind in result.schema().items()}
        return f"a table with the columns {columns}"
    return f"a {type(result).__name__}"


def join_own(matrix: ibis.Table, table: ibis.Table, name: str) -> ibis.Table:
    """Add the columns of a user's table, which has one row a customer."""
    values = [column for column in table.columns if column not in KEYS]
    refuse_repeated(name, "feature", set(values) & set(matrix.columns))
    n_rows = table.count()
    repeated = (
        table.aggregate(excess=n_rows - table.customer_id.nunique())
        .to_pyarrow()["excess"][0]
        .as_py()
    )
    if repeated:
        msg = (
            f"The feature function '{name}' returned {repeated} rows too many; it has "
            "to return one row a customer. Aggregate by 'customer_id'."
        )
        raise ConfigError(msg)
    own = table.select("customer_id", **{n: table[n].cast("float64") for n in values})
    return left_join(matrix, own)


def refuse_later_rows(name: str, tables: Iterable[ibis.Table], past: Past) -> None:
    """Refuse a table that would let a cutoff see the days before a later one."""
    if any(past.known.is_behind(table) for table in tables):
        msg = (
            f"The feature function '{name}' makes a table of 'past.known', which holds "
            "the days before later cutoffs too. Make it of 'past.days', 'past.items' "
            "or 'past.novelties', or hand it over in 'lasting_tables', by "
            "'past.known.by'."
        )
        raise ConfigError(msg)
