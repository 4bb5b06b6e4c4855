"""Numbers, money and dates as people read them: no more digits than carry meaning.

A figure reads the same in a table, a caption and a chart's label. A missing value is
always an en dash, never ``nan``.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

THIN = "\u202f"
MINUS = "\u2212"
MISSING = "\u2013"
SIGNS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "BRL": "R$",
    "AUD": "A$",
    "CAD": "C$",
}
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def is_missing(value: Any) -> bool:
    """Tell whether a value is absent: None, NaN, NaT or infinite."""
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return True
    try:
        return not math.isfinite(value)
    except TypeError:
        return False


def number(value: Any, digits: int = 0) -> str:
    """Format a number with thin thousands separators and fixed decimals."""
    if is_missing(value):
        return MISSING
    text = f"{abs(float(value)):,.{digits}f}"
    # a number that rounds to nothing carries no sign
    sign = MINUS if value < 0 and text.strip("0.,") else ""
    return sign + text.replace(",", THIN)


def significant(value: Any, digits: int = 3) -> str:
    """Format a number with a given count of significant digits."""
    if is_missing(value):
        return MISSING
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    return number(value, max(digits - 1 - size, 0))


def percent(value: Any, digits: int | None = None) -> str:
    """Format a share as a percentage that never rounds to a false 0 or 100%."""
    if is_missing(value):
        return MISSING
    share = float(value)
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 < share < 1:
        return ">99.9%"
    if digits is None:
        near_edge = abs(share) < 0.0995 or 0.985 < share < 1
        digits = 1 if near_edge and share != 0 else 0
    return number(100 * share, digits) + "%"


def money(value: Any, currency: str, *, short: bool = False) -> str:
    r"""Format an amount of money.

    Cents are shown below a hundred only; above that they are noise.
    """
    if is_missing(value):
        return MISSING
    size, unit = abs(float(value)), ""
    if short and size >= 1e6:
        power, unit = (1e9, "\u00a0bn") if size >= 1e9 else (1e6, "\u00a0M")
        text = significant(size / power)
    else:
        text = number(size, 2 if 0 < size < 99.995 else 0)
    sign = MINUS if value < 0 and text.strip("0.") else ""
    return f"{sign}{currency_prefix(currency)}{text}{unit}"


def currency_prefix(currency: str) -> str:
    r"""Return what stands before an amount in this currency."""
    return SIGNS.get(currency, f"{currency}\u00a0" if currency else "")


def date(value: Any) -> str:
    r"""Format a day as ``1 July 1998``."""
    if is_missing(value):
        return MISSING
    day = value
    if isinstance(value, str):
        try:
            day = dt.datetime.fromisoformat(value)
        except ValueError:
            return value
    return f"{day.day}\u00a0{MONTHS[day.month - 1]}\u00a0{day.year}"


def short_date(value: Any) -> str:
    r"""Format a day as ``1 Jul 1998``, for columns of a table."""
    day, *rest = date(value).split("\u00a0")
    if len(rest) != 2:
        return day
    return "\u00a0".join((day, rest[0][:3], rest[1]))


def moment(value: Any) -> str:
    r"""Format an instant as ``1 July 1998, 06:00 UTC``."""
    if is_missing(value):
        return MISSING
    try:
        instant = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if instant.tzinfo is not None:
        instant = instant.astimezone(dt.UTC)
    return f"{date(instant)}, {instant:%H:%M}\u00a0UTC"


def month(value: Any) -> str:
    """Format a month as ``January 1997``."""
    if is_missing(value):
        return MISSING
    text = str(value)
    try:
        day = dt.date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return text
    return f"{MONTHS[day.month - 1]} {day.year}"


def listing(words: list[str]) -> str:
    """Join words as a sentence does."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def in_sentence(words: str) -> str:
    """Lower the first letter, unless it begins an abbreviation."""
    is_word = words[1:2].islower() or words[1:2] == " "
    return words[:1].lower() + words[1:] if is_word else words


def plural(count: float, word: str) -> str:
    """Write a count and its noun, with an s where there is not exactly one."""
    return f"{number(count)} {word}{'' if count == 1 else 's'}"
