"""Look at an unknown file and see whether it holds contracts or a churn label.

Profiles of columns come in; a commented configuration of kind ``contractual`` or
``labelled`` goes out, or None where the file looks like a purchase log. What cannot be
seen (the column that says what a customer is worth, columns written after the fact) is
left as a comment for the user to fill in.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.data.column_names import name_key
from regulars.data.config_text import beside, name_of, text_of, time_lines
from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.number_columns import column_lines, guess_numbers
from regulars.errors import ConfigError, suggestion
from regulars.init.guess_trial import choose_horizon
from regulars.init.number_values import holds_numbers
from regulars.init.unknown import OpenFile, look_at, open_unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.config import SqlExpression
    from regulars.init.profile import ColumnProfile

TIME_SHARE = 0.9
# words for the customer who left, the plainest first
LEFT_WORDS = (
    *("churned", "churn", "left", "exited", "cancelled", "canceled", "attrited"),
    *("lost", "gone", "yes", "y", "true", "t", "1", "1.0"),
)
STAYED_WORDS = frozenset(
    {"stayed", "stay", "active", "existing", "retained", "kept", "current"}
    | {"no", "n", "false", "f", "0", "0.0"}
)
MOST_LABELS = 3
WANTED_HORIZON = 60
_MORE_TABLES = {
    "events": "",
    "tickets": "",
    "customers": "  # attributes, with known_from",
}


@dataclass(frozen=True)
class GuessedKind:
    """A configuration of another kind than a purchase log's."""

    name: str
    kind: str
    text: str


def guess_kind(path: str | Path, label: str | None = None) -> GuessedKind | None:
    r"""Propose a configuration for contracts or a table with a label."""
    place = str(path)
    connection = connect()
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        raw = open_unknown(place, connection, Path(folder))
        return kind_of(look_at(place, raw, connection), label)


def kind_of(
    file: OpenFile, label: str | None = None, tables: dict[str, str] | None = None
) -> GuessedKind | None:
    """Propose a configuration for an open file; as `guess_kind`.

    `tables` are other tables of ours that belong to contracts, and their files.
    """
    profiles = file.profiles
    if label is not None and label not in {each.name for each in profiles}:
        names = [each.name for each in profiles]
        msg = (
            f"--label: the file has no column '{label}'.{suggestion(label, names)} "
            f"It has {', '.join(names[:20])}."
        )
        raise ConfigError(msg)
    start, end = _contract_columns(profiles)
    if label is None and start is not None and end is not None:
        span = _span(file.raw.table, start, end)
        text = _contracts(file, start, end, span, tables or {})
        return GuessedKind(name_of(file.path), "contractual", text)
    found = _label_of(profiles, label)
    if found is None or (label is None and _marks_orders(found[0], profiles)):
        return None
    text = _labelled(file.path, profiles, found)
    return GuessedKind(name_of(file.path), "labelled", text)


def _marks_orders(label: ColumnProfile, profiles: Sequence[ColumnProfile]) -> bool:
    """Say whether a label such as 'cancelled' is said of orders, not of customers."""
    if name_key(label.name).find("churn") >= 0:
        return False
    numbers = [each for each in profiles if holds_numbers(each)]
    times = [each for each in profiles if each.time_share >= TIME_SHARE]
    return all(
        _best(among, role) is not None
        for among, role in (
            (profiles, "order_id"),
            (times, "order_time"),
            (numbers, "amount"),
        )
    )


def _best(profiles: Sequence[ColumnProfile], column: str) -> ColumnProfile | None:
    fitting = [each for each in profiles if each.name_score(column) > 0]
    return max(fitting, key=lambda each: each.name_score(column), default=None)


def _contract_columns(
    profiles: Sequence[ColumnProfile],
) -> tuple[ColumnProfile | None, ColumnProfile | None]:
    """Return the columns of the start and the end of a contract."""
    times = [
        each for each in profiles if each.time_share >= TIME_SHARE or not each.n_filled
    ]
    start, end = _best(times, "started_at"), _best(times, "ended_at")
    return start if start is not None and start.n_filled else None, end


def _span(table: Any, start: ColumnProfile, end: ColumnProfile) -> int:
    """Return about how many days the contracts span; by ISO days where they are."""
    days = []
    for each in (start, end):
        column = table[each.name]
        if not each.n_filled or (column.type().is_string() and each.time_format):
            continue
        found = table.aggregate(
            low=column.min().cast("string"), high=column.max().cast("string")
        )
        days += [v for v in found.to_pyarrow().to_pylist()[0].values() if v]
    try:
        read = sorted(date.fromisoformat(text[:10]) for text in days)
    except ValueError:
        return 0
    return (read[-1] - read[0]).days if read else 0


def _contracts(
    file: OpenFile,
    start: ColumnProfile,
    end: ColumnProfile,
    span: int,
    tables: dict[str, str],
) -> str:
    path, profiles = file.path, file.profiles
    free = [each for each in profiles if each not in (start, end)]
    columns: dict[str, str | SqlExpression]
    columns = {"started_at": start.name, "ended_at": end.name}
    for name in ("customer_id", "plan", "monthly_amount"):
        found = _best(free, name)
        if found is not None and _allowed(name, found):
            columns = {name: found.name, **columns}
            free.remove(found)
    if "customer_id" not in columns:
        names = ", ".join(f"'{each.name}'" for each in profiles)
        msg = (
            f"'{path}' holds contracts (from '{start.name}' to '{end.name}'), but no "
            f"column that names the customer. Its columns are {names}. Write the "
            "configuration by hand: docs/kinds-of-churn.md shows one."
        )
        raise ConfigError(msg)
    horizon = choose_horizon(WANTED_HORIZON, span) if span else WANTED_HORIZON
    notes = {
        "horizon": f"the contracts span {span:,} days" if span else "",
        "price": "" if "monthly_amount" in columns else "needs monthly_amount",
    }
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
        f"  margin: 0.3  # your margin on the price: please set it{_but(notes)}",
        f"outputs: {text_of('out/' + name)}",
        "seed: 0",
    ]
    return "\n".join(lines) + "\n"


def _but(notes: dict[str, str]) -> str:
    return f"; {notes['price']}" if notes["price"] else ""


def _allowed(name: str, profile: ColumnProfile) -> bool:
    return name != "monthly_amount" or holds_numbers(profile)


def _label_of(
    profiles: Sequence[ColumnProfile], label: str | None
) -> tuple[ColumnProfile, str] | None:
    """Return the label and the value that means churned."""
    if label is not None:
        found = next(each for each in profiles if each.name == label)
        value = _left(found)
        if value is None:
            msg = (
                f"--label: '{label}' has {found.n_distinct:,} values "
                f"({', '.join(found.examples[:5])}); none of them plainly means that a "
                "customer left. Name a column of yes and no, or write the "
                "configuration by hand: docs/kinds-of-churn.md shows one."
            )
            raise ConfigError(msg)
        return found, value
    candidates = [
        (each, value)
        for each in profiles
        if each.name_score("label") > 0 and (value := _left(each)) is not None
    ]
    return max(candidates, key=lambda c: c[0].name_score("label"), default=None)


def _left(profile: ColumnProfile) -> str | None:
    """Return the value that means that the customer left, where it is plain."""
    if not 2 <= profile.n_distinct <= MOST_LABELS:
        return None
    words = {value.strip().lower(): value for value in profile.examples}
    for word in LEFT_WORDS:
        if word in words:
            return words[word]
    others = [value for word, value in words.items() if word not in STAYED_WORDS]
    first = {w: v for w, v in words.items() if w.split()[0] in LEFT_WORDS}
    if len(first) == 1:
        return next(iter(first.values()))
    return others[0] if len(others) == 1 and len(words) == 2 else None


def _labelled(
    path: str, profiles: Sequence[ColumnProfile], found: tuple[ColumnProfile, str]
) -> str:
    label, positive = found
    free = [each for each in profiles if each is not label]
    who = _best(free, "customer_id")
    row = _best([each for each in free if each.time_share >= TIME_SHARE], "row_date")
    repeated = who is not None and who.n_distinct < who.n_filled
    # an id that repeats needs a date that says which row is the latest
    ids = who if who is not None and (row is not None or not repeated) else None
    name = name_of(path)
    lines = [
        "# Written by 'regulars init': look it over, then run 'regulars check' on it.",
        f"# {label.n_rows:,} rows, {len(profiles):,} columns.",
        f"name: {text_of(name)}",
        "source: {currency: USD}  # not told by the file: a label only",
        "churn:",
        "  kind: labelled",
        "  tuning_trials: 10",
        "  labelled:",
        f"    path: {text_of(path)}",
        f"    label: {text_of(label.name)}",
        f"    positive: {_value(positive)}  # the value that means churned",
        _key("id", ids, "the column that names the customer"),
        _key("date", row, "the day each row is of; later rows then test earlier ones"),
        "    # label_days: 30  # with a date: days until a row's label is known",
        "    drop: []  # columns that were known only after the customer had left",
        "    value: 200  # what a customer is worth if kept: an amount, or a column",
        f"outputs: {text_of('out/' + name)}",
        "seed: 0",
    ]
    return "\n".join(lines) + "\n"


def _key(name: str, found: ColumnProfile | None, meaning: str) -> str:
    if found is None:
        return f"    # {name}: COLUMN  # {meaning}"
    return f"    {name}: {text_of(found.name)}  # {meaning}"


def _value(text: str) -> str:
    """Return a value as YAML reads it back; yes and no are understood as such."""
    plain = text.strip()
    if plain.lower() in {"yes", "no", "true", "false"}:
        return plain.lower()
    return plain if plain.replace(".", "", 1).isdigit() else text_of(text)
