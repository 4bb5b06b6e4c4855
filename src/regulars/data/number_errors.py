"""Stop where a table's numbers are written for people, or are of several currencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from regulars.data.config_text import text_of
from regulars.data.currencies import counted_list, currency_column, currency_in_name
from regulars.data.number_columns import (
    NumberSource,
    differences,
    lines_of,
    number_sources,
)
from regulars.data.number_formats import sql_name
from regulars.data.queries import first_row
from regulars.errors import DataError

if TYPE_CHECKING:
    from regulars.config import SqlExpression, TableSettings
    from regulars.data.contract import TableContract
    from regulars.data.quality import TableCounts
    from regulars.data.reading import RawTable
    from regulars.data.staging import Staged


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
        if not _is_suspicious(name, source, raw, staged, counts, contract):
            continue
        setting = f"source.{contract.name}.columns.{name}"
        sources = number_sources(source, raw, raw.label, setting)
        if sources:
            raise DataError(_proposal(raw.label, setting, described, sources))


def _is_suspicious(
    name: str,
    source: str | SqlExpression,
    raw: RawTable,
    staged: Staged,
    counts: TableCounts,
    contract: TableContract,
) -> bool:
    """Say whether to look at a column's texts, which takes a reading of the file."""
    if not isinstance(source, str):
        # What an optional expression does not read leaves no trace.
        return _has_faults(name, staged, counts) or not contract.column(name).required
    if source not in raw.columns or not raw.table[source].type().is_string():
        return False
    return _has_faults(name, staged, counts) or _may_be_thousands(staged.clean[name])


def _has_faults(name: str, staged: Staged, counts: TableCounts) -> bool:
    reasons = {each.reason for each in counts.reasons}
    wrong = {f"missing_{name}", f"{name}_not_a_number"}
    return bool(reasons & wrong or staged.lost.get(name))


def _may_be_thousands(value: Any) -> bool:
    """Say whether 1.234 may mean 1,234: no number has more or fewer decimals than 3."""
    # not by rounding: the engine rounds to an integer, which 1e22 overflows
    rest = (value.abs() * 1000) % 1
    off = ibis.least(rest, 1 - rest)
    row = first_row(
        value.as_table().aggregate(largest=value.abs().max(), off=off.max())
    )
    if row["largest"] is None:
        return False
    return bool(row["largest"] < 1000 and row["off"] < 1e-6)


def _proposal(
    label: str, setting: str, described: str, sources: tuple[NumberSource, ...]
) -> str:
    where, _, name = setting.rpartition(".")
    lines = lines_of(name, sources)
    first = sources[0].forms[0]
    shown = f"'{name}'" if name == described else f"'{described}' ({name})"
    if len(sources) > 1:
        readings = " or ".join(differences(sources))
        return (
            f"{label}: {shown} can be read in two ways: {readings}; "
            f"none of its {first.n_read:,} numbers says which. Write the right one of "
            f"these lines under {where}:" + "".join(f"\n  {line}" for line in lines)
        )
    return (
        f"{label}: {shown} holds numbers written for people: "
        f"{sources[0].reading} ({first.n_read:,} of {first.n_read + first.n_unread:,} "
        f"values can be read so). Say so under {where} by: {lines[0]}"
    )


def refuse_several_currencies(raw: RawTable, settings: TableSettings) -> None:
    """Stop where the rows of a log name several currencies, and nothing is said of it.

    An expression or a condition that uses the column of currencies says something; so
    does a ``max_bad_share`` of 1, which takes everything as it comes.
    """
    if settings.max_bad_share == 1:
        return
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
    kept = text_of(f"{sql_name(name)} = '{first}'")
    converted = text_of(f"{sql_name(name)} IS NOT NULL")
    msg = (
        f"{raw.label}: '{name}' names {len(counts)} currencies "
        f"({counted_list(counts)}), and a log has one. Keep one by where: {kept} under "
        "source.transactions; or convert the amounts by an expression that uses "
        f"'{name}'; or, if they are converted already, say so by where: {converted}"
    )
    raise DataError(msg)
