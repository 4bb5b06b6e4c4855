"""A table that says itself who has churned."""

from regulars.kinds.labelled.workspace import TableWorkspace, check_table

__all__ = [
    "TableWorkspace",
    "check_table",
]
