"""Map columns of numbers, or expressions over them, that are written for people."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from regulars.config import SqlExpression
from regulars.data.config_text import beside, text_of
from regulars.data.contract import TABLES, TableContract
from regulars.data.currencies import (
    guess_currency,
)
from regulars.data.mapping import means_number
from regulars.data.number_formats import NumberFormat, number_sql
from regulars.data.numbers import AmbiguousNumberError, find_number_format
from regulars.errors import DataError

if TYPE_CHECKING:
    from regulars.data.reading import RawTable


@dataclass(frozen=True)
class NumberSource:
    """One way to read a canonical column whose numbers are written for people."""

    sql: str
    forms: tuple[NumberFormat, ...]

    @property
    def reading(self) -> str:
        """What becomes of an example of each column, in words."""
        return ", ".join(form.reading for form in self.forms)


def number_sources(
    source: str | SqlExpression, raw: RawTable, label: str = "", setting: str = ""
) -> tuple[NumberSource, ...]:
    """Return the ways to read a column of numbers; none where it is a computer's.

    More than one where the values do not decide.
    """
    expression = source if isinstance(source, str) else source.sql
    names = [source] if isinstance(source, str) else _number_names(source.sql, raw)
    ways: dict[str, tuple[NumberFormat, ...]] = {}
    for name in names:
        forms = _forms(name, raw, label, setting)
        if forms:
            ways[name] = forms
    if not ways:
        return ()
    sources = []
    for chosen in itertools.product(*ways.values()):
        form_of = dict(zip(ways, chosen, strict=True))
        if isinstance(source, str):
            sql = number_sql(chosen[0], source)
        else:
            sql = _rewritten(expression, form_of)
        sources.append(NumberSource(sql, chosen))
    return tuple(sources)


def _forms(
    name: str, raw: RawTable, label: str, setting: str
) -> tuple[NumberFormat, ...]:
    if name not in raw.columns:
        return ()
    label = f"{label}: column '{name}'" if label else ""
    try:
        form = find_number_format(raw.table[name], label, setting)
    except AmbiguousNumberError as error:
        return error.formats
    return () if form is None else (form,)


def _number_names(sql: str, raw: RawTable) -> list[str]:
    """Return the source's columns that an expression uses as numbers."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return []
    named = [
        column.name
        for column in tree.find_all(exp.Column)
        if column.name in raw.columns and _is_number_here(column)
    ]
    return list(dict.fromkeys(named))


def _is_number_here(column: exp.Column) -> bool:
    # A plain CAST(column AS DOUBLE) reads a number too.
    cast = column.parent
    is_cast = isinstance(cast, exp.Cast) and bool(
        cast.to.is_type(*exp.DataType.NUMERIC_TYPES)
    )
    return is_cast or means_number(column, numeric=True)


def _rewritten(sql: str, form_of: dict[str, NumberFormat]) -> str:
    """Read the columns of an expression by their formats."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    columns = [
        column
        for column in tree.find_all(exp.Column)
        if column.name in form_of and _is_number_here(column)
    ]
    for column in columns:
        text = f"({number_sql(form_of[column.name], column.name)})"
        new = sqlglot.parse_one(text, dialect="duckdb")
        if column is tree:
            tree = new
        else:
            column.replace(new)
    return tree.sql(dialect="duckdb")


def lines_of(name: str, sources: tuple[NumberSource, ...]) -> list[str]:
    """Return the lines of YAML between which a user chooses, or the one to write."""
    lines = [f"{text_of(name)}: {{sql: {text_of(each.sql)}}}" for each in sources]
    if len(sources) == 1:
        return lines
    pairs = zip(lines, differences(sources), strict=True)
    return [f"{line}  # {_in_a_comment(reading)}" for line, reading in pairs]


def differences(sources: tuple[NumberSource, ...]) -> list[str]:
    """Return what each way makes of the columns that the ways read differently."""
    in_doubt = [
        position
        for position in range(len(sources[0].forms))
        if len({each.forms[position].reading for each in sources}) > 1
    ]
    return [
        ", ".join(each.forms[position].reading for position in in_doubt)
        for each in sources
    ]


def left_out_lines(notes: dict[str, str]) -> list[str]:
    """Return the comments that say which columns are not read, and why."""
    return [
        f"# {key.removeprefix('left_out.')} is left out: {note}"
        for key, note in notes.items()
        if key.startswith("left_out.")
    ]


def _in_a_comment(text: str) -> str:
    return re.sub(r"\s", " ", text)


def number_lines(name: str, sources: tuple[NumberSource, ...]) -> list[str]:
    """Return the comments by which a configuration asks how to read a column."""
    if not sources:
        return []
    readings = " or ".join(map(_in_a_comment, differences(sources)))
    lines = [f"# {line}" for line in lines_of(name, sources)]
    return [f"# {readings}: say which, one of these for the line above", *lines]


@dataclass(frozen=True)
class GuessedNumbers:
    """How the columns of numbers of an unknown file are read."""

    columns: dict[str, str | SqlExpression]
    choices: dict[str, tuple[NumberSource, ...]]
    currency: str
    notes: dict[str, str]


def column_lines(numbers: GuessedNumbers) -> list[str]:
    """Return the lines of a configuration that map columns, and what is to be said."""
    lines = []
    for name, source in numbers.columns.items():
        written = (
            text_of(source)
            if isinstance(source, str)
            else f"{{sql: {text_of(source.sql)}}}"
        )
        lines.append(f"{name}: {written}{beside(numbers.notes, f'columns.{name}')}")
        lines += number_lines(name, numbers.choices.get(name, ()))
    return lines + left_out_lines(numbers.notes)


def guess_numbers(
    columns: dict[str, str | SqlExpression],
    raw: RawTable,
    contract: TableContract = TABLES["transactions"],
    money: str = "amount",
) -> GuessedNumbers:
    """Say how to read each column of numbers, and in which currency."""
    read: dict[str, str | SqlExpression] = {}
    choices: dict[str, tuple[NumberSource, ...]] = {}
    forms: list[NumberFormat] = []
    notes: dict[str, str] = {}
    for name, source in columns.items():
        column = contract.column(name)
        sources: tuple[NumberSource, ...] = ()
        if column.kind == "number":
            try:
                setting = f"source.{contract.name}.columns.{name}"
                sources = number_sources(source, raw, raw.label, setting)
            except DataError as error:
                if column.required:
                    raise
                notes[f"left_out.{name}"] = _in_a_comment(str(error).partition(". ")[0])
                continue
        read[name] = source
        if len(sources) > 1:
            choices[name] = sources
        elif sources:
            read[name] = SqlExpression(sql=sources[0].sql)
            notes[f"columns.{name}"] = _in_a_comment(sources[0].reading) + _unread(
                sources[0]
            )
        if name == money and sources:
            forms = list(sources[0].forms)
    names = _names_in(columns.get(money, ""), raw)
    currency, notes["currency"] = guess_currency(forms, names, raw)
    return GuessedNumbers(read, choices, currency, notes)


def _unread(source: NumberSource) -> str:
    unread = [form for form in source.forms if form.n_unread]
    if not unread:
        return ""
    form = unread[0]
    return f"; {form.n_unread:,} values are no such numbers, as '{form.unread}'"


def _names_in(source: str | SqlExpression, raw: RawTable) -> list[str]:
    return [source] if isinstance(source, str) else _number_names(source.sql, raw)
