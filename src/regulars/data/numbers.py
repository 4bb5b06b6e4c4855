"""Settle how the numbers of a text column are written, or refuse to guess.

Reads ``1.234,50 €``, ``($50.00)``, ``1'000-`` and the like. A text such as ``1,234`` is
read only if other values of the column say what its comma is; else the user is asked.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis
import sqlglot
from sqlglot import exp

from regulars.data.config_text import text_of
from regulars.data.currencies import codes_of, counted_list
from regulars.data.parsing import is_missing
from regulars.data.reading import quote_name
from regulars.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SAMPLE = 5_000
# Of the filled values, so many have to be numbers, else it is no column of numbers.
_LEAST_SHARE = 0.5
# All the dashes that people and programs write for a minus.
_DASHES = "-\u2212\u2013\u2014\u2010\u2011"
# Blanks of any width, for the engine and for Python.
_BLANKS = r"\s\p{Z}"
_BLANKS_HERE = "\t\n\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_APOSTROPHES = "'\u2019\u2018\u02bc\u00b4`"
_MARKS = {"": "", ",": ",", ".": "[.]", "'": f"[{_APOSTROPHES}]", " ": f"[{_BLANKS}]"}
# What an engine takes for a number as it stands.
_PLAIN = (
    "(?i)^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?$|^[-+]?(nan|inf|infinity)$"
)
# Texts of one shape, all digits being equal, are read in the same way; more than these
# characters around the digits are no number's.
_NUMBER_LIKE = "^[^0-9]{0,8}[0-9]([^A-Za-z]*[0-9])?[^0-9]{0,8}$"


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
    signs: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    example: str = ""
    value: float = 0.0
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


class AmbiguousNumberError(DataError):
    """The numbers of a column can be read in more than one way."""

    def __init__(self, message: str, formats: tuple[NumberFormat, ...]) -> None:
        super().__init__(message)
        self.formats = formats


@dataclass(frozen=True)
class _Shape:
    """Rows that differ in their digits only."""

    example: str
    n_rows: int
    is_plain: bool
    # None where the text is no number with known currency signs.
    signs: tuple[str, ...] | None


# In order of preference where several read the same numbers.
_WAYS = (
    *(NumberFormat(".", mark) for mark in ("", ",", "'", " ")),
    *(NumberFormat(",", mark) for mark in ("", ".", "'", " ")),
    NumberFormat(".", ",", is_indian=True),
)


def _example_of(way: NumberFormat) -> str:
    groups = "12{0}34{0}567" if way.is_indian else "1{0}234"
    return f"{groups.format(way.thousands)}{way.decimal}5"


_BY_EXAMPLE = {_example_of(way): way for way in _WAYS}


def find_number_format(
    column: Any, label: str = "", setting: str = ""
) -> NumberFormat | None:
    """Return how a text column's numbers are written; None where a computer reads them.

    All rows decide. None as well where less than half of the values are numbers.
    """
    if not column.type().is_string():
        return None
    name = column.get_name()
    label = label or f"column '{name}'"
    setting = setting or f"columns.{name}"
    texts = column.as_table().select(text=column.strip())
    texts = texts.filter(~is_missing(texts.text))
    if _known_share(_shapes(texts.limit(_SAMPLE))) < _LEAST_SHARE:
        return None
    shapes = _shapes(texts)
    if _known_share(shapes) < _LEAST_SHARE:
        return None
    return _settled(shapes, name, label, setting)


def format_of(texts: Iterable[str]) -> NumberFormat | None:
    """Return how some texts are written, the likeliest way where they do not decide.

    For a first look at a few values; None where most are plain or no numbers.
    """
    shapes = [_shape(text, 1, _is_plain(text)) for text in texts]
    known = [shape for shape in shapes if shape.signs is not None]
    dressed = [shape for shape in known if not shape.is_plain]
    if not dressed or len(known) < _LEAST_SHARE * len(shapes):
        return None
    ways = _with_signs(known)
    counts = [sum(read_text(s.example, way) is not None for s in known) for way in ways]
    return ways[counts.index(max(counts))]


def _is_plain(text: str) -> bool:
    return re.search(_PLAIN, text.strip()) is not None


def _shapes(texts: Any) -> list[_Shape]:
    text = texts.text
    keys = {
        "shape": text.translate("012345678", "999999999"),
        # 0,990 has no thousands: a first digit of 0 makes a shape of its own.
        "zero": text.re_search("^[^0-9]*0"),
        "plain": text.re_search(_PLAIN),
    }
    each = _counted(texts.mutate(**keys, n=1, example=text))
    # Texts that are no numbers may be of as many shapes as there are rows.
    like = (each.shape.length() < 60) & each.shape.re_search(_NUMBER_LIKE)
    shape = ibis.ifelse(like, each.shape, ibis.null("string"))
    counted = _counted(each.mutate(shape=shape))
    rows = counted.order_by(ibis.desc("n"), "example").to_pyarrow().to_pylist()
    return [_shape(row["example"], row["n"], bool(row["plain"])) for row in rows]


def _counted(table: Any) -> Any:
    groups = table.group_by("shape", "zero", "plain")
    return groups.aggregate(n=table.n.sum(), example=table.example.min())


def _shape(text: str, n_rows: int, is_plain: bool) -> _Shape:
    signs = _signs_of(text)
    if signs is not None and not any(
        read_text(text, replace(way, signs=signs)) is not None for way in _WAYS
    ):
        signs = None
    return _Shape(text, n_rows, is_plain, signs)


def _signs_of(text: str) -> tuple[str, ...] | None:
    """Return the currency signs around a number; None where anything else is there."""
    found = re.fullmatch(r"([^0-9]*)[0-9](?:.*[0-9])?([^0-9]*)", text, re.DOTALL)
    if found is None:
        return None
    outside = re.sub(f"[{_DASHES}+(){_BLANKS_HERE}]", " ", " ".join(found.groups()))
    signs = []
    for piece in outside.split():
        known = [
            p for p in (piece, piece.rstrip(".,")) if not p or codes_of(p) is not None
        ]
        if not known:
            return None
        signs += [known[0]] if known[0] else []
    return tuple(signs)


def _known_share(shapes: list[_Shape]) -> float:
    known = sum(s.n_rows for s in shapes if s.is_plain or s.signs is not None)
    return known / max(sum(s.n_rows for s in shapes), 1)


def _with_signs(shapes: Sequence[_Shape]) -> list[NumberFormat]:
    signs = {sign: None for shape in shapes for sign in shape.signs or ()}
    longest_first = tuple(sorted(signs, key=lambda sign: (-len(sign), sign)))
    return [replace(way, signs=longest_first) for way in _WAYS]


def _settled(
    shapes: list[_Shape], name: str, label: str, setting: str
) -> NumberFormat | None:
    known = [s for s in shapes if s.is_plain or s.signs is not None]
    is_plain = all(shape.is_plain for shape in known)
    read = [s for s in known if s.signs is not None]
    ways = _with_signs(read)
    values = {way: [read_text(s.example, way) for s in read] for way in ways}
    # A number such as 1e5 is read by no other way than the computer's.
    whole = [way for way in ways if None not in values[way] and len(read) == len(known)]
    different: dict[tuple[float | None, ...], NumberFormat] = {}
    for way in whole:
        different.setdefault(tuple(values[way]), way)
    distinct = list(different.values())
    if is_plain and len(distinct) < 2:
        return None
    codes = _codes(read, label)
    unread = [shape for shape in shapes if shape not in known]
    forms = [
        _exemplified(replace(way, codes=codes), read, distinct, known, unread)
        for way in distinct
    ]
    if len(forms) == 1:
        return forms[0]
    if forms:
        raise AmbiguousNumberError(_two_ways(forms, name, label, setting), (*forms,))
    raise DataError(_mixture(values, read, known, codes, name, label, setting))


def _exemplified(
    form: NumberFormat,
    read: list[_Shape],
    rivals: list[NumberFormat],
    known: list[_Shape],
    unread: list[_Shape],
) -> NumberFormat:
    """Add an example that tells a way from its rivals, and what it reads."""

    def tells(shape: _Shape) -> bool:
        if len(rivals) > 1:
            return len({read_text(shape.example, way) for way in rivals}) > 1
        return not shape.is_plain

    example = max((s.example for s in read if tells(s)), key=len)
    return replace(
        form,
        example=example,
        value=read_text(example, form) or 0.0,
        n_read=sum(shape.n_rows for shape in known),
        n_unread=sum(shape.n_rows for shape in unread),
        unread=unread[0].example if unread else "",
    )


def _codes(shapes: list[_Shape], label: str) -> tuple[str, ...]:
    """Return the codes that fit every sign; several currencies are refused."""
    counts: dict[tuple[str, ...], int] = {}
    for shape in shapes:
        codes = _codes_together(shape.signs or ())
        if codes:
            counts[codes] = counts.get(codes, 0) + shape.n_rows
    common = _common(list(counts))
    if counts and not common:
        listed = counted_list({" or ".join(c): n for c, n in counts.items()})
        msg = (
            f"{label} holds amounts in several currencies ({listed}); a log has one. "
            "Keep the rows of one currency, or convert them."
        )
        raise DataError(msg)
    return common


def _codes_together(signs: Sequence[str]) -> tuple[str, ...]:
    common = _common([codes for sign in signs if (codes := codes_of(sign))])
    # $ may be any dollar where a code beside it says so, else it is the US dollar.
    return ("USD",) if set(signs) == {"$"} else common


def _common(choices: list[tuple[str, ...]]) -> tuple[str, ...]:
    first = choices[0] if choices else ()
    return tuple(code for code in first if all(code in each for each in choices))


def _two_ways(forms: list[NumberFormat], name: str, label: str, setting: str) -> str:
    lines = "".join(
        f"\n  {proposal(setting, form, name)}  # {form.reading}" for form in forms
    )
    readings = " or ".join(f"{form.value:.15g}" for form in forms)
    return (
        f"{label} can be read in two ways: '{forms[0].example}' is {readings}, and "
        f"none of its {forms[0].n_read:,} numbers says which. Write the right one of "
        f"these lines under {setting.rpartition('.')[0]}:{lines}"
    )


def _mixture(
    values: dict[NumberFormat, list[float | None]],
    read: list[_Shape],
    known: list[_Shape],
    codes: tuple[str, ...],
    name: str,
    label: str,
    setting: str,
) -> str:
    counts: dict[tuple[float | None, ...], tuple[int, NumberFormat, str]] = {}
    for way, numbers in values.items():
        rows = [
            s for s, number in zip(read, numbers, strict=True) if number is not None
        ]
        total = sum(shape.n_rows for shape in rows)
        shown = (
            max(rows, key=lambda s: (not s.is_plain, s.n_rows)).example if rows else ""
        )
        counts.setdefault(tuple(numbers), (total, way, shown))
    best = sorted((c for c in counts.values() if c[0]), key=lambda each: -each[0])[:2]
    listed = ", ".join(
        f"{_in_words(way)} (as in '{shown}') reads {total:,}"
        for total, way, shown in best
    )
    missed = next(
        s for s in known if s not in read or read_text(s.example, best[0][1]) is None
    )
    total = sum(shape.n_rows for shape in known)
    return (
        f"{label} holds numbers written for people in more than one way: of {total:,} "
        f"numbers {listed}; '{missed.example}' does not fit the first. Mend the file, "
        "or have the others set aside as faulty, under "
        f"{setting.rpartition('.')[0]} by: "
        f"{proposal(setting, replace(best[0][1], codes=codes), name)}"
    )


def _in_words(way: NumberFormat) -> str:
    names = {".": "point", ",": "comma", "'": "apostrophe", " ": "blank"}
    words = f"a decimal {names[way.decimal]}"
    return words + (
        f" and {names[way.thousands]}s for thousands" if way.thousands else ""
    )


def proposal(setting: str, form: NumberFormat, name: str) -> str:
    """Return the line of YAML that reads a column of numbers written for people."""
    key = setting.rpartition(".")[2]
    return f"{text_of(key)}: {{sql: {text_of(number_sql(form, name))}}}"


def sql_name(column: str) -> str:
    """Return a column's name for SQL, in quotes where it needs them."""
    is_word = re.fullmatch(r"[A-Za-z_]\w*", column, re.ASCII) is not None
    return column if is_word and column.upper() not in _KEYWORDS else quote_name(column)


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
    sign = f"regexp_replace({name}, '[^{_DASHES}+()]', '', 'g')"
    sign = f"translate({sign}, '{_DASHES[1:]}', '{'-' * (len(_DASHES) - 1)}')"
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
    before = "|".join([*signs, f"[{_DASHES}+({_BLANKS}]"])
    after = "|".join([*signs, f"[{_DASHES}+){_BLANKS}]"])
    return _any_case(f"(?:{before})*{number}(?:{after})*", signs)


def _any_case(pattern: str, signs: Sequence[str]) -> str:
    letters = any(character.isalpha() for sign in signs for character in sign)
    return f"(?i){pattern}" if letters else pattern


def _escaped(sign: str) -> str:
    return re.sub(r"[.$^*+?()\[\]{}|/\\]", lambda found: f"[{found.group()}]", sign)


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
    sign = re.sub(f"[^{_DASHES}+()]", "", text)
    sign = re.sub(f"[{_DASHES}]", "-", sign)
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
    return re.compile(_pattern(form).replace(_BLANKS, _BLANKS_HERE))
