"""Labelled tables: a column says who churned."""

from regulars.kinds.labelled.workspace import TableWorkspace, check_table

__all__ = [
    "TableWorkspace",
    "check_table",
]
