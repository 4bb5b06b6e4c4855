"""Columns of numbers at a first look, be they written for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.data.names import quote_name
from regulars.data.number_formats import number_expression
from regulars.data.numbers import format_of

if TYPE_CHECKING:
    from regulars.init.profile import ColumnProfile


def holds_numbers(profile: ColumnProfile, least: float = 0.9) -> bool:
    """Say whether a column holds numbers, be they written for people."""
    if profile.numeric_share > least:
        return True
    if not profile.is_text or profile.time_share > 0.5:
        return False
    return format_of(profile.examples) is not None


def value_sql(profile: ColumnProfile) -> str:
    """Return an expression for a column's numbers, for a first look at them."""
    form = format_of(profile.examples) if profile.is_text else None
    if form is None:
        return f"try_cast({quote_name(profile.name)} AS DOUBLE)"
    return f"({number_expression(form, profile.name)})"
