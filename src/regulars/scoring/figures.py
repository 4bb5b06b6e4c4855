"""Columns of numbers as texts that a person would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    Texts = pd.Series[str]


def number(values: pd.Series[float], digits: int = 0) -> Texts:
    """Return numbers with separated thousands; unknown ones as 0."""
    return values.fillna(0).map(f"{{:,.{digits}f}}".format)


def counted(values: pd.Series[float], noun: str, plural: str = "") -> Texts:
    """Return how many there are of a thing."""
    several = pd.Series(f" {plural or noun + 's'}", index=values.index)
    return number(values) + several.mask(values.round() == 1, f" {noun}")


def days_ago(values: pd.Series[float]) -> Texts:
    """Return how long ago a day is."""
    return (counted(values, "day") + " ago").mask(values.round() == 0, "today")


def money(values: pd.Series[float], currency: str) -> Texts:
    """Return amounts; cents are shown below a hundred, above they are noise."""
    amount = number(values, 2).where(values.abs() < 100, number(values))
    return f"{currency} " + amount if currency else amount


def percent(values: pd.Series[float]) -> Texts:
    """Return shares as whole per cent."""
    return number(100 * values) + "%"
