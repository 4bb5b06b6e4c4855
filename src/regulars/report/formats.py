"""Numbers, money and dates as people read them.

In come floats, integers and ISO dates, possibly missing; out come short strings with
thin thousands separators, a currency sign and no more digits than carry meaning. They
stand apart from the page so that the same figure reads the same in a table, a caption
and a chart's label. A missing value is always an en dash, never ``nan``.
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
    """Tell whether a value is absent: None, NaN, NaT or infinite.

    Parameters
    ----------
    value : object
        Any scalar.

    Returns
    -------
    bool
        True where there is nothing to print.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing(0), is_missing("")
    (True, True, False, False)
    """
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return True
    try:
        return not math.isfinite(value)
    except TypeError:
        return False


def number(value: Any, digits: int = 0) -> str:
    """Format a number with thin thousands separators and fixed decimals.

    Parameters
    ----------
    value : float or None
        Any unit.
    digits : int, default 0
        Decimals.

    Returns
    -------
    str
        The number; an en dash where it is missing.

    Examples
    --------
    >>> number(23570).replace(THIN, " "), number(-0.0444, 3).replace(MINUS, "-")
    ('23 570', '-0.044')
    """
    if is_missing(value):
        return MISSING
    text = f"{abs(float(value)):,.{digits}f}"
    # a number that rounds to nothing carries no sign
    sign = MINUS if value < 0 and text.strip("0.,") else ""
    return sign + text.replace(",", THIN)


def significant(value: Any, digits: int = 3) -> str:
    """Format a number with a given count of significant digits.

    Parameters
    ----------
    value : float or None
        Any unit.
    digits : int, default 3
        Significant digits; integers are never cut.

    Returns
    -------
    str
        The number without an exponent.

    Examples
    --------
    >>> significant(0.24259), significant(4.4136), significant(12.3456, 4)
    ('0.243', '4.41', '12.35')
    >>> significant(9582.429, 4).replace(THIN, " ")
    '9 582'
    """
    if is_missing(value):
        return MISSING
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    return number(value, max(digits - 1 - size, 0))


def percent(value: Any, digits: int | None = None) -> str:
    """Format a share as a percentage that never rounds to a false 0 or 100%.

    Parameters
    ----------
    value : float or None
        Share, 0-1 (growth may lie outside).
    digits : int, optional
        Decimals; by default one below 10% and none above.

    Returns
    -------
    str
        The percentage.

    Examples
    --------
    >>> percent(0.4321), percent(0.043), percent(0.0002), percent(0.9999), percent(1)
    ('43%', '4.3%', '<0.1%', '>99.9%', '100%')
    """
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

    Parameters
    ----------
    value : float or None
        Amount in ``currency``.
    currency : str
        ISO 4217 code; codes without a familiar sign are written out.
    short : bool, default False
        Write millions and thousands of millions as ``M`` and ``bn``.

    Returns
    -------
    str
        The amount.

    Examples
    --------
    >>> money(36.9, "USD"), money(1234567, "EUR", short=True)
    ('$36.90', '€1.23\xa0M')
    >>> money(2500.4, "CHF").replace(THIN, " ")
    'CHF\xa02 500'
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
    r"""Return what stands before an amount in this currency.

    Parameters
    ----------
    currency : str
        ISO 4217 code.

    Returns
    -------
    str
        A sign, or the code and a no-break space.

    Examples
    --------
    >>> currency_prefix("GBP"), currency_prefix("SEK")
    ('£', 'SEK\xa0')
    """
    return SIGNS.get(currency, f"{currency}\u00a0" if currency else "")


def date(value: Any) -> str:
    r"""Format a day as ``1 July 1998``.

    Parameters
    ----------
    value : date, datetime, str or None
        ISO text is parsed; text that is no date is handed back unchanged.

    Returns
    -------
    str
        The day without its time.

    Examples
    --------
    >>> date("1998-07-01T00:00:00"), date("soon")
    ('1\xa0July\xa01998', 'soon')
    """
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
    r"""Format a day as ``1 Jul 1998``, for columns of a table.

    Parameters
    ----------
    value : date, datetime, str or None
        As for :func:`date`.

    Returns
    -------
    str
        The day without its time.

    Examples
    --------
    >>> short_date("1998-07-01")
    '1\xa0Jul\xa01998'
    """
    day, *rest = date(value).split("\u00a0")
    if len(rest) != 2:
        return day
    return "\u00a0".join((day, rest[0][:3], rest[1]))


def moment(value: Any) -> str:
    r"""Format an instant as ``1 July 1998, 06:00 UTC``.

    Parameters
    ----------
    value : datetime, str or None
        ISO text is parsed; one without a zone is read as UTC.

    Returns
    -------
    str
        The instant to the minute; text that is none is handed back unchanged.

    Examples
    --------
    >>> moment("1998-07-01T08:00:00+02:00")
    '1\xa0July\xa01998, 06:00\xa0UTC'
    """
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
    """Format a month as ``January 1997``.

    Parameters
    ----------
    value : str or None
        ``YYYY-MM`` or an ISO date; anything else is handed back unchanged.

    Returns
    -------
    str
        The month in words.

    Examples
    --------
    >>> month("1997-01"), month("1997-W05")
    ('January 1997', '1997-W05')
    """
    if is_missing(value):
        return MISSING
    text = str(value)
    try:
        day = dt.date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return text
    return f"{MONTHS[day.month - 1]} {day.year}"


def listing(words: list[str]) -> str:
    """Join words as a sentence does.

    Parameters
    ----------
    words : list of str
        Any number of them.

    Returns
    -------
    str
        ``a, b and c``.

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing(["a"]), listing([])
    ('a, b and c', 'a', '')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def in_sentence(words: str) -> str:
    """Lower the first letter, unless it begins an abbreviation.

    Parameters
    ----------
    words : str
        A label or a meaning.

    Returns
    -------
    str
        The words as they stand in the middle of a sentence.

    Examples
    --------
    >>> in_sentence("Rank correlation"), in_sentence("ROC AUC"), in_sentence("A day")
    ('rank correlation', 'ROC AUC', 'a day')
    """
    is_word = words[1:2].islower() or words[1:2] == " "
    return words[:1].lower() + words[1:] if is_word else words


def plural(count: float, word: str) -> str:
    """Write a count and its noun, with an s where there is not exactly one.

    Parameters
    ----------
    count : float
        How many.
    word : str
        The noun in the singular.

    Returns
    -------
    str
        Count and noun.

    Examples
    --------
    >>> plural(1, "customer"), plural(0, "row")
    ('1 customer', '0 rows')
    """
    return f"{number(count)} {word}{'' if count == 1 else 's'}"
