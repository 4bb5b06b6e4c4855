"""See whether an unknown file holds contracts or a churn label, not purchases.

What cannot be seen (what a customer is worth, columns written after the fact) is left
to the user, as a comment in the proposed configuration.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from regulars.data.config_text import name_of
from regulars.data.engine import connect
from regulars.errors import ConfigError, suggestion
from regulars.init.contract_guess import contract_columns, contracts_config
from regulars.init.label_guess import find_label, labelled_config, marks_orders
from regulars.init.unknown import OpenFile, look_at, open_unknown


@dataclass(frozen=True)
class GuessedKind:
    """A configuration of another kind than a purchase log's."""

    name: str  # from the name of the file
    kind: str  # contractual or labelled
    text: str  # commented YAML
    takes_tables: bool = True  # other tables can stand beside it


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
    start, end = contract_columns(profiles)
    if label is None and start is not None and end is not None:
        text = contracts_config(file, start, end, tables or {})
        return GuessedKind(name_of(file.path), "contractual", text)
    labelled = find_label(profiles, label)
    if labelled is None or (label is None and marks_orders(labelled[0], profiles)):
        return None
    text = labelled_config(file.path, profiles, *labelled)
    return GuessedKind(name_of(file.path), "labelled", text, takes_tables=False)
