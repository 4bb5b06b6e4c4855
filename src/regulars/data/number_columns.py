"""Columns of numbers, mapped or worked out, where the file writes them for people."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from regulars.config import SqlExpression
from regulars.data.config_text import text_of
from regulars.data.contract import TABLES, TableContract
from regulars.data.currencies import (
    counted_list,
    currency_column,
    currency_in_name,
    guess_currency,
)
from regulars.data.mapping import _means_number as means_number
from regulars.data.numbers import (
    AmbiguousNumberError,
    NumberFormat,
    find_number_format,
    number_sql,
)
from regulars.data.reading import quote_name
from regulars.errors import DataError

if TYPE_CHECKING:
    from regulars.config import TableSettings
    from regulars.data.quality import TableCounts
    from regulars.data.reading import RawTable
    from regulars.data.staging import Staged


@dataclass(frozen=True)
class NumberSource:
    """One way to read a canonical column whose numbers are written for people.

    Parameters
    ----------
    sql : str
        Expression over the source's own columns.
    forms : tuple of NumberFormat
        How its columns are written.
    """

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

    Parameters
    ----------
    source : str or SqlExpression
        As the configuration has it: in an expression, the text columns that are used
        as numbers count.
    raw : RawTable
    label, setting : str, optional
        What messages call the file and the column's setting.

    Raises
    ------
    DataError
        A column mixes ways of writing, or currencies.
    """
    expression = source if isinstance(source, str) else source.sql
    names = [source] if isinstance(source, str) else _number_names(source.sql, raw)
    found: dict[str, tuple[NumberFormat, ...]] = {}
    for name in names:
        forms = _forms(name, raw, label, setting)
        if forms:
            found[name] = forms
    if not found:
        return ()
    sources = []
    for chosen in itertools.product(*found.values()):
        form_of = dict(zip(found, chosen, strict=True))
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
    return [
        f"{text_of(name)}: {{sql: {text_of(each.sql)}}}"
        + (f"  # {_in_a_comment(each.reading)}" if len(sources) > 1 else "")
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
    told = " or ".join(_in_a_comment(each.reading) for each in sources)
    lines = [f"# {line}" for line in lines_of(name, sources)]
    return [f"# {told}: say which, one of these for the line above", *lines]


@dataclass(frozen=True)
class GuessedNumbers:
    """How the columns of numbers of an unknown file are read.

    Parameters
    ----------
    columns : dict of str to (str or SqlExpression)
        Canonical column -> the file's column or an expression, for all columns.
    choices : dict of str to tuple of NumberSource
        Canonical column -> ways to read it between which its values do not decide.
    currency : str
        ISO code of the amounts.
    notes : dict of str to str
        Setting -> the sentence that stands beside it.
    """

    columns: dict[str, str | SqlExpression]
    choices: dict[str, tuple[NumberSource, ...]]
    currency: str
    notes: dict[str, str]


def guess_numbers(
    columns: dict[str, str | SqlExpression],
    raw: RawTable,
    contract: TableContract = TABLES["transactions"],
    money: str = "amount",
) -> GuessedNumbers:
    """Say how to read each column of numbers, and in which currency.

    Parameters
    ----------
    columns : dict of str to (str or SqlExpression)
        Canonical column -> the file's column or an expression.
    raw : RawTable
    contract : TableContract, default=TABLES["transactions"]
    money : str, default="amount"
        The canonical column that the currency is taken from.

    Raises
    ------
    DataError
        A required column mixes ways of writing; an optional one is left out instead,
        with a note.
    """
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


def refuse_dressed_numbers(
    raw: RawTable,
    staged: Staged,
    counts: TableCounts,
    contract: TableContract,
    settings: TableSettings,
) -> None:
    """Stop where numbers are merely written for people: dropping them would bias."""
    for name, described in counts.columns.items():
        if contract.column(name).kind != "number":
            continue
        source = settings.columns.get(name)
        source = described if source is None or isinstance(source, str) else source
        is_optional = not contract.column(name).required
        if not (
            _has_faults(name, staged, counts)
            or (is_optional and not isinstance(source, str))
            or (isinstance(source, str) and _may_be_thousands(staged.clean[name]))
        ):
            continue
        setting = f"source.{contract.name}.columns.{name}"
        sources = number_sources(source, raw, raw.label, setting)
        if sources:
            raise DataError(_proposal(raw.label, setting, described, sources))


def _has_faults(name: str, staged: Staged, counts: TableCounts) -> bool:
    reasons = {each.reason for each in counts.reasons}
    wrong = {f"missing_{name}", f"{name}_not_a_number"}
    return bool(reasons & wrong or staged.lost.get(name))


def _may_be_thousands(value: Any) -> bool:
    """Say whether 1.234 may mean 1,234: no number has more or fewer decimals than 3."""
    off = ((value * 1000).round() - value * 1000).abs()
    row = value.as_table().aggregate(largest=value.abs().max(), off=off.max())
    found = row.to_pyarrow().to_pylist()[0]
    if found["largest"] is None:
        return False
    return bool(found["largest"] < 1000 and found["off"] < 1e-6)


def _proposal(
    label: str, setting: str, described: str, sources: tuple[NumberSource, ...]
) -> str:
    where, _, name = setting.rpartition(".")
    lines = lines_of(name, sources)
    first = sources[0].forms[0]
    if len(sources) > 1:
        readings = " or ".join(each.reading for each in sources)
        return (
            f"{label}: '{described}' ({name}) can be read in two ways: {readings}; "
            f"none of its {first.n_read:,} numbers says which. Write the right one of "
            f"these lines under {where}:" + "".join(f"\n  {line}" for line in lines)
        )
    return (
        f"{label}: '{described}' ({name}) holds numbers written for people: "
        f"{sources[0].reading} ({first.n_read:,} of {first.n_read + first.n_unread:,} "
        f"values can be read so). Say so under {where} by: {lines[0]}"
    )


def refuse_several_currencies(raw: RawTable, settings: TableSettings) -> None:
    """Stop where the rows of a log name several currencies, and nothing is said of it.

    An expression or a condition that uses the column of currencies says something.
    """
    source = settings.columns.get("amount", "amount")
    if isinstance(source, str) and currency_in_name(source) is not None:
        return
    column = currency_column(raw)
    if column is None or len(column[1]) < 2:
        return
    name, counts = column
    said = [settings.where or "", "" if isinstance(source, str) else source.sql]
    if any(name.casefold() in text.casefold() for text in said):
        return
    first = next(iter(counts))
    kept = text_of(f"{quote_name(name)} = '{first}'")
    converted = text_of(f"{quote_name(name)} IS NOT NULL")
    msg = (
        f"{raw.label}: '{name}' names {len(counts)} currencies "
        f"({counted_list(counts)}), and a log has one. Keep one by where: {kept} under "
        "source.transactions; or convert the amounts by an expression that uses "
        f"'{name}'; or, if they are converted already, say so by where: {converted}"
    )
    raise DataError(msg)
