"""Feature functions of the user's own (``features.extra``): import, call, check.

Whatever goes wrong in one becomes a sentence that names it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NoReturn

import ibis
import numpy as np
import pandas as pd

from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.features.group import Columns
    from regulars.features.past import Past


class OwnFunction:
    """A user's own function (``module:function``), whose faults become one sentence."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._function = _load(path)

    def __call__(self, past: Past) -> Columns:
        """Return the columns for the customers of a block.

        It gets the days before the cutoff and no others, so that it cannot look ahead.
        """
        result: Any = self._called(past.alone)
        if isinstance(result, ibis.Table):
            result = self._joined(result, past)
        return self._checked(result, len(past))

    def _called(self, past: Past) -> object:
        try:
            return self._function(past)
        except Exception as error:
            msg = (
                f"The function '{self.path}' of features.extra failed: "
                f"{type(error).__name__}: {error}. It is called with a Past and "
                "returns arrays by name, one number a customer, or an ibis table."
            )
            raise ConfigError(msg) from error

    def _joined(self, table: ibis.Table, past: Past) -> Mapping[str, Any]:
        """Return the columns of a table, missing for customers without a row."""
        names = [
            name for name in table.columns if name not in ("customer_id", "cutoff")
        ]
        kinds = [table[name].type() for name in names]
        is_number = all(kind.is_numeric() or kind.is_boolean() for kind in kinds)
        if "customer_id" not in table.columns or not names or not is_number:
            columns = {name: str(kind) for name, kind in table.schema().items()}
            self._refuse(f"a table with the columns {columns}")
        ids = past.customers
        own = table.select("customer_id", *names).to_pandas().set_index("customer_id")
        n_repeated = int(own.index.duplicated().sum())
        if n_repeated:
            msg = (
                f"The feature function '{self.path}' returned {n_repeated} rows too "
                "many; it has to return one row a customer. Aggregate by "
                "'customer_id'."
            )
            raise ConfigError(msg)
        return dict(own.reindex(pd.Index(ids)))

    def _checked(self, result: Any, n_customers: int) -> Columns:
        if not isinstance(result, dict) or not result:
            self._refuse(f"a {type(result).__name__}")
        columns = {name: np.asarray(values) for name, values in result.items()}
        for name, values in columns.items():
            if values.dtype.kind not in "biuf" or values.shape != (n_customers,):
                shape = f"{values.dtype} of shape {values.shape}"
                self._refuse(f"'{name}' as {shape} for {n_customers:,} customers")
        return columns

    def _refuse(self, what: str) -> NoReturn:
        msg = (
            f"The function '{self.path}' of features.extra returned {what}; it has to "
            "return arrays by name, one number a customer, or an ibis table with "
            "'customer_id' and numeric columns."
        )
        raise ConfigError(msg)


def _load(path: str) -> Callable[[Past], object]:
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
    found: Callable[[Past], object] = function
    return found
