"""What `regulars init` does: from one file or several to a configuration's text."""

from __future__ import annotations

import glob
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.config import TableSettings
from regulars.data.contract import TABLES
from regulars.data.engine import connect
from regulars.data.folders import common_start
from regulars.data.preparing import complete_rows
from regulars.errors import ConfigError
from regulars.init.guess import guess_log
from regulars.init.guess_text import render_config
from regulars.init.join_plan import JoinPlan, plan_joins
from regulars.init.kinds_guess import kind_of
from regulars.init.unknown import OpenFile, look_at, open_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STEPS = ("look", "propose")


@dataclass(frozen=True)
class Proposal:
    """The name, the kind of churn and the text of a configuration."""

    name: str
    kind: str
    text: str


def propose(
    paths: Sequence[str],
    label: str | None = None,
    step: Callable[[str], None] = lambda name: None,
) -> Proposal:
    """Propose a configuration for one file, or for several that belong together.

    Parameters
    ----------
    paths : sequence of str
        Files, globs, folders, or ``package:NAME/FILE``.
    label : str, optional
        Column that says who churned; default: one whose name and values say so.
    step : callable, optional
        Called with the name of each of `STEPS` as it begins.

    Returns
    -------
    Proposal

    Raises
    ------
    ConfigError
        No column can be the customer, the time or the amount, or the files do not hang
        together by keys.
    DataError
        A file cannot be read.

    Examples
    --------
    >>> propose(["package:lifetimes/datasets/CDNOW_master.txt"]).kind
    'non_contractual'
    """
    connection = connect()
    with tempfile.TemporaryDirectory(prefix="regulars-") as place:
        folder = Path(place)
        step(STEPS[0])
        files = [
            _opened(path, connection, folder / str(number))
            for number, path in enumerate(dict.fromkeys(paths))
        ]
        if len(files) > 1:
            files = _of_one_table(files, connection, folder / "all")
        step(STEPS[1])
        if len(files) == 1:
            return _of_one_file(files[0], label, connection, {})
        return _of_several(files, label, connection, folder)


def _opened(path: str, connection: Any, folder: Path) -> OpenFile:
    folder.mkdir()
    return look_at(path, open_unknown(path, connection, folder), connection)


def _of_one_file(
    file: OpenFile, label: str | None, connection: Any, tables: dict[str, str]
) -> Proposal:
    kind = kind_of(file, label, tables)
    if kind is not None:
        if tables and not kind.takes_tables:
            msg = (
                f"'{file.path}' is a table with a label of its own, which "
                f"{' and '.join(tables.values())} cannot be added to. Give it alone, "
                "or join the files before."
            )
            raise ConfigError(msg)
        return Proposal(kind.name, kind.kind, kind.text)
    guess = guess_log(file, connection, tables=tables)
    return Proposal(guess.name, "non_contractual", render_config(guess))


def _of_one_table(
    files: list[OpenFile], connection: Any, folder: Path
) -> list[OpenFile]:
    """Put files of the same columns, such as one a month, under one glob."""
    headers = {tuple(sorted(p.name.lower() for p in file.profiles)) for file in files}
    if len(headers) > 1:
        return files
    pattern = _common_glob([file.path for file in files])
    if pattern is None:
        listed = ", ".join(f"'{file.path}'" for file in files)
        msg = (
            f"{listed} have the same columns: they are parts of one table. Put them in "
            "a folder of their own and give the folder, or a pattern that means them "
            "and no others, in quotes: regulars init 'orders_*.csv'."
        )
        raise ConfigError(msg)
    return [_opened(pattern, connection, folder)]


def _common_glob(paths: Sequence[str]) -> str | None:
    """Return a pattern that means these files and no others."""
    start = glob.escape(common_start(paths))
    end = glob.escape(common_start([path[::-1] for path in paths])[::-1])
    places = {Path(path).resolve() for path in paths}
    for pattern in (f"{start}*{end}", f"{start}*{Path(paths[0]).suffix}"):
        matched = {Path(path).resolve() for path in glob.glob(pattern)}
        if matched == places:
            return pattern
    return None


def _of_several(
    files: list[OpenFile], label: str | None, connection: Any, folder: Path
) -> Proposal:
    if label is not None:
        msg = "--label goes with one file: the table that holds the label."
        raise ConfigError(msg)
    tables, rest = _own_tables(files)
    if not rest and "subscriptions" in tables:
        main = next(f for f in files if f.path == tables["subscriptions"])
        others = {n: path for n, path in tables.items() if n != "subscriptions"}
        return _of_one_file(main, None, connection, others)
    if not rest:
        msg = (
            f"The files are {_listed(tables)}: none of them holds purchases, contracts "
            "or a label, of which a configuration needs one."
        )
        raise ConfigError(msg)
    if len(rest) == 1:
        return _of_one_file(rest[0], None, connection, tables)
    plan = plan_joins(rest)
    joined = _joined(plan, connection, folder)
    guess = guess_log(joined, connection, plan, tables)
    return Proposal(guess.name, "non_contractual", render_config(guess))


def _listed(tables: dict[str, str]) -> str:
    return ", ".join(f"{name} ('{path}')" for name, path in tables.items())


def _joined(plan: JoinPlan, connection: Any, folder: Path) -> OpenFile:
    settings = TableSettings(path=plan.main.path, join=plan.joins)
    setting = "source.transactions"
    inner = folder / "joined"
    inner.mkdir()
    raw = open_unknown(plan.main.path, connection, inner)
    whole, _ = complete_rows(raw, settings, connection, inner, setting)
    return look_at(plan.main.path, whole, connection)


def _own_tables(files: Sequence[OpenFile]) -> tuple[dict[str, str], list[OpenFile]]:
    """Part the files that are other tables of ours, by their columns, from the rest."""
    tables: dict[str, str] = {}
    rest: list[OpenFile] = []
    for file in files:
        names = {re.sub(r"\W+", "_", p.name.strip().lower()) for p in file.profiles}
        fitting = [
            name
            for name, contract in TABLES.items()
            if name != "transactions"
            and {*contract.required, *_TELLING.get(name, ())} <= names
        ]
        if not fitting or {"order_time", "amount"} <= names:
            rest.append(file)
            continue
        name = max(fitting, key=lambda each: len(TABLES[each].required))
        if name in tables:
            msg = (
                f"'{tables[name]}' and '{file.path}' both look like {name}. Give one "
                "of them, or a pattern that means both."
            )
            raise ConfigError(msg)
        tables[name] = file.path
    return tables, rest


# a customer_id by itself makes no file a table of customers' attributes
_TELLING = {"customers": ("known_from",)}
