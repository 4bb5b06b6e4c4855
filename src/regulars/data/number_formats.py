"""One way of writing numbers for people, and how Python and the engine read it.

A configuration says it by an example: ``read_number(price, '1.234,5', '€')``.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from regulars.data.names import quote_name
from regulars.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


# All the dashes that people and programs write for a minus.
DASHES = "-\u2212\u2013\u2014\u2010\u2011"


# Blanks of any width, for the engine and for Python.
_BLANKS = r"\s\p{Z}"


BLANKS_HERE = "\t\n\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


_APOSTROPHES = "'\u2019\u2018\u02bc\u00b4`"


_MARKS = {"": "", ",": ",", ".": "[.]", "'": f"[{_APOSTROPHES}]", " ": f"[{_BLANKS}]"}


# Names of columns that SQL takes for something else.
_KEYWORD_LIST = (
    "ALL AND ANY AS ASC BETWEEN BY CASE CAST COLUMN CROSS CURRENT_DATE DATE DEFAULT "
    "DESC DISTINCT ELSE END EXCEPT FALSE FOR FROM FULL GROUP HAVING IN INNER INTERVAL "
    "INTO IS JOIN LEFT LIKE LIMIT NATURAL NOT NULL OFFSET ON OR ORDER OUTER OVER "
    "PRIMARY RIGHT SELECT TABLE THEN TIME TIMESTAMP TO TRUE UNION UNIQUE USING VALUES "
    "WHEN WHERE WINDOW WITH"
)


_KEYWORDS = frozenset(_KEYWORD_LIST.split())


@dataclass(frozen=True)
class NumberFormat:
    """The way a column's numbers are written for people."""

    decimal: str
    thousands: str
    is_indian: bool = False
    signs: tuple[str, ...] = ()  # currency signs, the longest first
    codes: tuple[str, ...] = ()  # currencies that fit every sign
    example: str = ""  # a text that other ways would read differently
    value: float = 0.0  # of the example
    n_read: int = 0
    n_unread: int = 0
    unread: str = ""

    @property
    def currency(self) -> str | None:
        """ISO code, or None where there is no sign or it may mean several."""
        return self.codes[0] if len(self.codes) == 1 else None

    @property
    def reading(self) -> str:
        """What becomes of the example, in words."""
        return f"'{self.example}' is {self.value:.15g}"


# In order of preference where several read the same numbers.
WAYS = (
    *(NumberFormat(".", mark) for mark in ("", ",", "'", " ")),
    *(NumberFormat(",", mark) for mark in ("", ".", "'", " ")),
    NumberFormat(".", ",", is_indian=True),
)


def _example_of(way: NumberFormat) -> str:
    groups = "12{0}34{0}567" if way.is_indian else "1{0}234"
    return f"{groups.format(way.thousands)}{way.decimal}5"


_BY_EXAMPLE = {_example_of(way): way for way in WAYS}


READ_NUMBER = "read_number"
"""Function of the configuration's expressions: column, example, currency signs."""


def number_sql(form: NumberFormat, column: str) -> str:
    """Return how a configuration reads numbers: ``read_number(price, '1.234,5')``."""
    words = ", ".join(map(_quoted, [_example_of(form), *form.signs]))
    return f"{READ_NUMBER}({sql_name(column)}, {words})"


def expand_numbers(tree: exp.Expr, where: str) -> exp.Expr:
    """Return an expression with engine functions in place of `READ_NUMBER`."""
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() != READ_NUMBER:
            continue
        column, *words = call.expressions
        texts = [w.this for w in words if isinstance(w, exp.Literal) and w.is_string]
        form = _form_of(texts) if isinstance(column, exp.Column) else None
        if form is None or len(texts) < len(words):
            examples = ", ".join(_quoted(each) for each in _BY_EXAMPLE)
            msg = (
                f"{where}: '{call.sql(dialect='duckdb')}' must name a column, how its "
                f"numbers are written (one of {examples}), and any currency signs, as "
                "in read_number(price, '1.234,5', '€')."
            )
            raise ConfigError(msg)
        sql = number_expression(form, column.name)
        new = exp.Paren(this=sqlglot.parse_one(sql, dialect="duckdb"))
        if call is tree:
            return new
        call.replace(new)
    return tree


def _form_of(texts: Sequence[str]) -> NumberFormat | None:
    way = _BY_EXAMPLE.get(texts[0]) if texts else None
    longest_first = sorted(texts[1:], key=lambda sign: (-len(sign), sign))
    return None if way is None else replace(way, signs=(*longest_first,))


def number_expression(form: NumberFormat, column: str) -> str:
    """Return a DuckDB expression that reads numbers, null where a text does not fit."""
    name = sql_name(column)
    # Of `Rs.` the point goes with the sign: it is no decimal mark.
    pointed = [_escaped(sign) for sign in form.signs if form.decimal in sign]
    kept = "|".join([*pointed, f"[^0-9{form.decimal}]"])
    digits = f"regexp_replace({name}, {_quoted(_any_case(kept, pointed))}, '', 'g')"
    if form.decimal == ",":
        digits = f"replace({digits}, ',', '.')"
    sign = f"regexp_replace({name}, '[^{DASHES}+()]', '', 'g')"
    sign = f"translate({sign}, '{DASHES[1:]}', '{'-' * (len(DASHES) - 1)}')"
    return (
        f"CASE WHEN regexp_matches({name}, {_quoted('^' + _pattern(form) + '$')}) "
        f"THEN TRY_CAST({digits} AS DOUBLE) * CASE {sign} "
        "WHEN '' THEN 1 WHEN '+' THEN 1 WHEN '-' THEN -1 WHEN '()' THEN -1 END END"
    )


def _pattern(form: NumberFormat) -> str:
    """Return the pattern of a whole text; that it has one sign is seen to elsewhere."""
    point, mark = _MARKS[form.decimal], _MARKS[form.thousands]
    whole = "[0-9]+"
    if mark:
        whole = f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|{whole}"
    if form.is_indian:
        whole = f"[1-9][0-9]?(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}}|{whole}"
    whole = f"(?:{whole})" if mark else whole
    # No mark without digits behind it: 12,- is 12 and no minus.
    number = f"(?:{whole}(?:{point}[0-9]+)?|{point}[0-9]+)"
    signs = [_escaped(sign) for sign in form.signs]
    before = "|".join([*signs, f"[{DASHES}+({_BLANKS}]"])
    after = "|".join([*signs, f"[{DASHES}+){_BLANKS}]"])
    return _any_case(f"(?:{before})*{number}(?:{after})*", signs)


def _any_case(pattern: str, signs: Sequence[str]) -> str:
    letters = any(character.isalpha() for sign in signs for character in sign)
    return f"(?i){pattern}" if letters else pattern


def _escaped(sign: str) -> str:
    return re.sub(r"[.$^*+?()\[\]{}|/\\]", lambda match: f"[{match.group()}]", sign)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def read_text(text: str, form: NumberFormat) -> float | None:
    """Return the number of a text as the engine reads it; None where it is none."""
    if (
        _compiled(form.decimal, form.thousands, form.is_indian, form.signs).fullmatch(
            text
        )
        is None
    ):
        return None
    sign = re.sub(f"[^{DASHES}+()]", "", text)
    sign = re.sub(f"[{DASHES}]", "-", sign)
    if sign not in {"", "+", "-", "()"}:
        return None
    for each in form.signs:
        text = re.sub(re.escape(each), "", text, flags=re.IGNORECASE)
    digits = re.sub(f"[^0-9{form.decimal}]", "", text).replace(",", ".")
    return float(digits) * (-1 if sign in {"-", "()"} else 1)


@functools.cache
def _compiled(
    decimal: str, thousands: str, is_indian: bool, signs: tuple[str, ...]
) -> re.Pattern[str]:
    form = NumberFormat(decimal, thousands, is_indian, signs)
    return re.compile(_pattern(form).replace(_BLANKS, BLANKS_HERE))


def sql_name(column: str) -> str:
    """Return a column's name for SQL, in quotes where it needs them."""
    is_word = re.fullmatch(r"[A-Za-z_]\w*", column, re.ASCII) is not None
    return column if is_word and column.upper() not in _KEYWORDS else quote_name(column)
