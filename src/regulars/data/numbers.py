"""Find how a text column's numbers are written, or refuse to guess.

Finds ``1.234,50 €``, ``($50.00)``, ``1'000-`` and the like. A text such as ``1,234`` is
read only if other values of the column say what its comma is; else the user is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.config_text import text_of
from regulars.data.currencies import codes_of, counted_list
from regulars.data.number_formats import (
    BLANKS_HERE,
    DASHES,
    WAYS,
    NumberFormat,
    number_sql,
    read_text,
)
from regulars.data.parsing import is_missing
from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SAMPLE = 5_000
# Of the filled values, so many have to be numbers, else it is no column of numbers.
_LEAST_SHARE = 0.5
# What an engine takes for a number as it stands.
_PLAIN = (
    "(?i)^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?$|^[-+]?(nan|inf|infinity)$"
)
# Texts of one shape, all digits being equal, are read in the same way; more than these
# characters around the digits are no number's.
_NUMBER_LIKE = "^[^0-9]{0,8}[0-9]([^A-Za-z]*[0-9])?[^0-9]{0,8}$"


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
        read_text(text, replace(way, signs=signs)) is not None for way in WAYS
    ):
        signs = None
    return _Shape(text, n_rows, is_plain, signs)


def _signs_of(text: str) -> tuple[str, ...] | None:
    """Return the currency signs around a number; None where anything else is there."""
    around = re.fullmatch(r"([^0-9]*)[0-9](?:.*[0-9])?([^0-9]*)", text, re.DOTALL)
    if around is None:
        return None
    outside = re.sub(f"[{DASHES}+(){BLANKS_HERE}]", " ", " ".join(around.groups()))
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
    return [replace(way, signs=longest_first) for way in WAYS]


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
