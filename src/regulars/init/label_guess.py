"""Recognise the column of a table that says who churned, and write a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.data.column_names import name_key
from regulars.data.config_text import name_of, text_of
from regulars.errors import ConfigError
from regulars.init.number_values import holds_numbers
from regulars.init.profile import TIME_SHARE, best_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regulars.init.profile import ColumnProfile

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


def find_label(
    profiles: Sequence[ColumnProfile], label: str | None
) -> tuple[ColumnProfile, str] | None:
    """Return the label and the value that means churned."""
    if label is not None:
        column = next(each for each in profiles if each.name == label)
        value = _left(column)
        if value is None:
            msg = (
                f"--label: '{label}' has {column.n_distinct:,} values "
                f"({', '.join(column.examples[:5])}); none of them plainly means that "
                "a customer left. Name a column of yes and no, or write the "
                "configuration by hand: docs/kinds-of-churn.md shows one."
            )
            raise ConfigError(msg)
        return column, value
    candidates = [
        (each, value)
        for each in profiles
        if each.name_score("label") > 0 and (value := _left(each)) is not None
    ]
    return max(candidates, key=lambda c: c[0].name_score("label"), default=None)


def marks_orders(label: ColumnProfile, profiles: Sequence[ColumnProfile]) -> bool:
    """Say whether a label such as 'cancelled' is said of orders, not of customers."""
    if name_key(label.name).find("churn") >= 0:
        return False
    numbers = [each for each in profiles if holds_numbers(each)]
    times = [each for each in profiles if each.time_share >= TIME_SHARE]
    return all(
        best_named(among, role) is not None
        for among, role in (
            (profiles, "order_id"),
            (times, "order_time"),
            (numbers, "amount"),
        )
    )


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


def labelled_config(
    path: str, profiles: Sequence[ColumnProfile], label: ColumnProfile, positive: str
) -> str:
    """Return the configuration of a table whose column `label` says who churned."""
    free = [each for each in profiles if each is not label]
    who = best_named(free, "customer_id")
    row = best_named(
        [each for each in free if each.time_share >= TIME_SHARE], "row_date"
    )
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


def _key(name: str, column: ColumnProfile | None, meaning: str) -> str:
    if column is None:
        return f"    # {name}: COLUMN  # {meaning}"
    return f"    {name}: {text_of(column.name)}  # {meaning}"


def _value(text: str) -> str:
    """Return a value as YAML reads it back; yes and no are understood as such."""
    plain = text.strip()
    if plain.lower() in {"yes", "no", "true", "false"}:
        return plain.lower()
    return plain if plain.replace(".", "", 1).isdigit() else text_of(text)
