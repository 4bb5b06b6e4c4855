"""Recognise a file of contracts, and write a configuration for it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from regulars.data.config_text import beside, name_of, text_of, time_lines
from regulars.data.contract import TABLES
from regulars.data.number_columns import column_lines, guess_numbers
from regulars.data.queries import first_row
from regulars.errors import ConfigError
from regulars.init.guess_trial import choose_horizon
from regulars.init.number_values import holds_numbers
from regulars.init.profile import TIME_SHARE, best_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.config import SqlExpression
    from regulars.init.profile import ColumnProfile
    from regulars.init.unknown import OpenFile

WANTED_HORIZON = 60


_MORE_TABLES = {
    "events": "",
    "tickets": "",
    "customers": "  # attributes, with known_from",
}


def contract_columns(
    profiles: Sequence[ColumnProfile],
) -> tuple[ColumnProfile | None, ColumnProfile | None]:
    """Return the columns of the start and the end of a contract."""
    times = [
        each for each in profiles if each.time_share >= TIME_SHARE or not each.n_filled
    ]
    start, end = best_named(times, "started_at"), best_named(times, "ended_at")
    return start if start is not None and start.n_filled else None, end


def _span(table: Any, start: ColumnProfile, end: ColumnProfile) -> int:
    """Return about how many days the contracts span; by ISO days where they are."""
    days = []
    for each in (start, end):
        column = table[each.name]
        if not each.n_filled or (column.type().is_string() and each.time_format):
            continue
        ends = first_row(
            table.aggregate(
                low=column.min().cast("string"), high=column.max().cast("string")
            )
        )
        days += [text for text in ends.values() if text]
    try:
        read = sorted(date.fromisoformat(text[:10]) for text in days)
    except ValueError:
        return 0
    return (read[-1] - read[0]).days if read else 0


def contracts_config(
    file: OpenFile, start: ColumnProfile, end: ColumnProfile, tables: dict[str, str]
) -> str:
    """Return the configuration of a file whose rows are contracts."""
    path, profiles = file.path, file.profiles
    free = [each for each in profiles if each not in (start, end)]
    columns: dict[str, str | SqlExpression]
    columns = {"started_at": start.name, "ended_at": end.name}
    for name in ("customer_id", "plan", "monthly_amount"):
        column = best_named(free, name)
        if column is None or (name == "monthly_amount" and not holds_numbers(column)):
            continue
        columns = {name: column.name, **columns}
        free.remove(column)
    if "customer_id" not in columns:
        names = ", ".join(f"'{each.name}'" for each in profiles)
        msg = (
            f"'{path}' holds contracts (from '{start.name}' to '{end.name}'), but no "
            f"column that names the customer. Its columns are {names}. Write the "
            "configuration by hand: docs/kinds-of-churn.md shows one."
        )
        raise ConfigError(msg)
    span = _span(file.raw.table, start, end)
    horizon = choose_horizon(WANTED_HORIZON, span) if span else WANTED_HORIZON
    notes = {"horizon": f"the contracts span {span:,} days" if span else ""}
    needs = "" if "monthly_amount" in columns else "; needs monthly_amount"
    numbers = guess_numbers(
        columns, file.raw, TABLES["subscriptions"], "monthly_amount"
    )
    name = name_of(path)
    lines = [
        "# Written by 'regulars init': look it over, then run 'regulars check' on it.",
        f"# {start.n_rows:,} contracts, {end.n_filled:,} of them with an end.",
        f"name: {text_of(name)}",
        "source:",
        f"  currency: {numbers.currency}{beside(numbers.notes, 'currency')}",
        "  subscriptions:",
        f"    path: {text_of(path)}",
        "    columns:  # our name: the file's column",
        *(f"      {line}" for line in column_lines(numbers)),
        *time_lines(start.time_choices, start.time_format),
        *(f"  {name}: {{path: {text_of(path)}}}" for name, path in tables.items()),
        "  # more of what you know of the customers, each row with its day:",
        *(
            f"  # {name}: {{path: {name}.csv}}{note}"
            for name, note in _MORE_TABLES.items()
            if name not in tables
        ),
        "time:",
        f"  horizon_days: {horizon}{beside(notes, 'horizon')}",
        "  cutoff: null  # null: the day after the last record; set it to the day of",
        "  # the export where ends of a day to come are in the file",
        "churn:",
        "  kind: contractual",
        "value:",
        f"  margin: 0.3  # your margin on the price: please set it{needs}",
        f"outputs: {text_of('out/' + name)}",
        "seed: 0",
    ]
    return "\n".join(lines) + "\n"
