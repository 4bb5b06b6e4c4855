"""Stop a run, in a sentence, where a table cannot be used as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.data.number_errors import (
    refuse_dressed_numbers,
    refuse_several_currencies,
)
from regulars.data.quality import GUEST, too_many_faults
from regulars.data.queries import first_row
from regulars.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.config import TableSettings
    from regulars.data.contract import TableContract
    from regulars.data.quality import TableCounts
    from regulars.data.reading import RawTable
    from regulars.data.staging import Staged


SUMMED = ("amount", "quantity", "discount_amount", "cost_amount")
_LARGEST_SUM = 9e12  # of which 64 bits hold the millionths


def refuse_if_bad(
    raw: RawTable,
    staged: Staged,
    counts: TableCounts,
    contract: TableContract,
    settings: TableSettings,
) -> None:
    """Stop where a table cannot be used as it is."""
    if counts.rows_in == 0:
        msg = f"{raw.label} holds no rows. Export it again, or name another file."
        raise DataError(msg)
    refuse_dressed_numbers(raw, staged, counts, contract, settings)
    if contract.name == "transactions":
        refuse_several_currencies(raw, settings)
    refuse_counts(raw.label, counts, contract, settings)
    if contract.name == "transactions":
        _refuse_large_sums(raw.label, f"source.{contract.name}", staged.clean)


def refuse_counts(
    label: str,
    counts: TableCounts,
    contract: TableContract,
    settings: TableSettings,
) -> None:
    """Stop where too many rows were set aside, wherever they were counted."""
    where = f"source.{contract.name}"
    _refuse_anonymous(label, where, counts, contract, settings)
    if counts.n_faults > settings.max_bad_share * counts.n_meant:
        hint = _time_hint(counts, contract, settings)
        msg = too_many_faults(label, where, counts, settings.max_bad_share, hint)
        raise DataError(msg)
    if counts.rows_kept == 0:
        why = "; ".join(f"{each.rows:,} with {each.label}" for each in counts.reasons)
        msg = f"{label}: none of its {counts.rows_in:,} rows can be used ({why})."
        raise DataError(msg)


def _refuse_large_sums(label: str, where: str, clean: Any) -> None:
    names = [name for name in SUMMED if name in clean.columns]
    sums = {name: clean[name].cast("float64").abs().sum() for name in names}
    refuse_sums(label, where, first_row(clean.aggregate(**sums)))


def refuse_sums(label: str, where: str, sums: Mapping[str, float | None]) -> None:
    """Stop where sums are too large to be counted in millionths, as the ledger does."""
    for name, value in sums.items():
        if value is not None and value >= _LARGEST_SUM:
            msg = (
                f"{label}: the values of {name} add up to {value:.3g}; sums are exact "
                f"up to {_LARGEST_SUM:.3g} only. Give them in thousands by "
                f'{where}.columns.{name}: {{sql: "COLUMN / 1000"}}, or check that it '
                "is the right column."
            )
            raise DataError(msg)


def _refuse_anonymous(
    label: str,
    where: str,
    counts: TableCounts,
    contract: TableContract,
    settings: TableSettings,
) -> None:
    for each in counts.reasons:
        anonymous = {f"missing_{contract.id_column}", GUEST}
        if each.reason in anonymous and settings.anonymous == "error":
            msg = (
                f"{label}: {each.rows:,} of {counts.rows_in:,} rows have "
                f"{each.label} ({', '.join(each.examples)}). Fill it in, or "
                f"set {where}.anonymous to 'set_aside'."
            )
            raise DataError(msg)


def _time_hint(
    counts: TableCounts, contract: TableContract, settings: TableSettings
) -> str:
    unread = f"{contract.time_column}_unreadable"
    worst = max(
        (each for each in counts.reasons if each.is_fault), key=lambda e: e.rows
    )
    if worst.reason != unread:
        return ""
    if settings.time_format is not None:
        return f"time_format is '{settings.time_format}': does it fit the values?"
    return (
        f"Set source.{contract.name}.time_format to how they are written, such as "
        "'%d.%m.%Y %H:%M'; seconds since 1970 are read by {sql: to_timestamp(column)}."
    )
