"""Fetch small results of Ibis expressions as Python values."""

from __future__ import annotations

from typing import Any


def first_row(table: Any) -> dict[str, Any]:
    """Return the first row of a table, such as the only one of an aggregate."""
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row


def count_rows(table: Any) -> int:
    """Return how many rows a table has."""
    return int(table.count().to_pyarrow().as_py())


def total(table: Any, value: Any) -> int:
    """Return the sum of whole numbers over a table; 0 where there is none."""
    return int(table.aggregate(total=value.sum()).to_pyarrow()[0][0].as_py() or 0)
