"""Give the columns of several files common names, or refuse files that do not belong.

Names are compared without case and blanks. A column that is needed must be in every
file and of one type; for any other that is missing somewhere there is a notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from regulars.data.contract import TABLES
from regulars.errors import DataError, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from regulars.config import TableSettings

_SHOWN = 5
_MOST_NOTICES = 10
_TYPES = {
    "text": ("VARCHAR", "ENUM", "UUID"),
    "whole numbers": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U"),
    "numbers with decimals": ("FLOAT", "DOUBLE", "DECIMAL"),
    "times with a zone": ("TIMESTAMP WITH",),
    "times": ("DATE", "TIMESTAMP"),
    "truth values": ("BOOLEAN",),
}
_NUMBERS = {"whole numbers", "numbers with decimals"}


@dataclass(frozen=True)
class FileColumns:
    """The columns of one file as they are, and what is needed to speak of them.

    `headless` is the file's first line where it looks like data; `types` are those of
    the engine by column, empty for text.
    """

    label: str
    names: tuple[str, ...]
    headless: str = ""
    types: tuple[tuple[str, str], ...] = ()

    def by_key(self) -> dict[str, str]:
        """Return the names by what they are compared by."""
        by_key: dict[str, str] = {}
        for name in self.names:
            key = column_key(name)
            by_key[key if key not in by_key else name.lower()] = name
        return by_key


@dataclass(frozen=True)
class Need:
    """Columns of which each file must have at least one.

    `wanted_as` is the canonical column that they become as they are.
    """

    names: tuple[str, ...]
    wanted_as: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names as they are compared."""
        return tuple(map(column_key, self.names))


def column_key(name: str) -> str:
    """Return a column's name without regard to case and blanks around and between."""
    return " ".join(name.lower().split())


def needed_columns(name: str, settings: TableSettings) -> list[Need]:
    """Return the columns that a table's settings and its contract ask of its files."""
    needs = [
        each
        for canonical, source in settings.columns.items()
        for each in (
            [Need((source,), canonical)]
            if isinstance(source, str)
            else _of_expression(source.sql)
        )
    ]
    if settings.where is not None:
        needs += _of_expression(settings.where)
    if settings.fill_down is not None:
        filled = (settings.fill_down.by, *settings.fill_down.columns)
        needs += [Need((column,)) for column in filled]
    needs += [Need((key,)) for join in settings.join for key in join.keys]
    contract = TABLES.get(name)
    if contract is not None:
        needs += [
            Need((column.name,), column.name)
            for column in contract.columns
            if column.required and column.name not in settings.columns
        ]
    return needs


def _of_expression(sql: str) -> list[Need]:
    """Return what an expression needs; of what stands in a coalesce, one is enough."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError:
        # The mapping of columns says what is wrong with it.
        return []
    needs, free = [], set()
    for choice in tree.find_all(exp.Coalesce):
        columns = list(choice.find_all(exp.Column))
        free |= {id(column) for column in columns}
        needs.append(Need(tuple(map(_dotted_name, columns))))
    for column in tree.find_all(exp.Column):
        if id(column) not in free:
            needs.append(Need((_dotted_name(column),)))
    return [need for need in needs if need.names]


def _dotted_name(column: exp.Column) -> str:
    return ".".join(part.name for part in column.parts)


def align_columns(
    files: Sequence[FileColumns],
    needs: Iterable[Need],
    has_values: Callable[[int, str], bool],
    *,
    header: bool = True,
) -> tuple[list[dict[str, str]], list[str]]:
    """Return, for each file, its columns under one spelling for all; and notices.

    `has_values` says whether a column of the file with that number holds any value,
    `header` whether first lines name the columns, which are numbered otherwise. Raises
    `DataError` where files do not belong together.
    """
    if len(files) == 1:
        return [{name: name for name in files[0].names}], []
    keyed = [file.by_key() for file in files]
    spelling: dict[str, str] = {}
    for each in keyed:
        for key, name in each.items():
            spelling.setdefault(key, name)
    needed = list(needs)
    for need in needed:
        _refuse_missing(need, files, keyed)
    _refuse_strangers(files, keyed, header=header)
    for key in {key for need in needed for key in need.keys}:
        _refuse_types(key, files, keyed, has_values)
    spelled = [{name: spelling[key] for key, name in each.items()} for each in keyed]
    return spelled, list(_partial(files, keyed, spelling))


def _refuse_missing(
    need: Need, files: Sequence[FileColumns], keyed: list[dict[str, str]]
) -> None:
    has = [any(key in each for key in need.keys) for each in keyed]
    if all(has) or not any(has):
        return
    first, without = has.index(True), has.index(False)
    name = next(keyed[first][key] for key in need.keys if key in keyed[first])
    file = files[without]
    own = [own for key, own in keyed[without].items() if key not in keyed[first]]
    instead = "" if file.headless or not own else f"; it has {_listed(own)} instead"
    n_more = has.count(False) - 1
    more = f" {n_more:,} more of {len(files):,} files lack it too." if n_more else ""
    msg = (
        f"'{file.label}' has no column '{name}', which '{files[first].label}' has"
        f"{instead}.{more}{_headless(file)}{suggestion(name, own)} Rename the column "
        "in the file, or name only files with the same columns"
    )
    if need.wanted_as and len(own) == 1 and not file.headless:
        msg += (
            f", or read both: {need.wanted_as}: {{sql: "
            f'\'coalesce("{name}", "{own[0]}")\'}}'
        )
    msg += "."
    raise DataError(msg)


def _headless(file: FileColumns) -> str:
    if not file.headless:
        return ""
    return (
        f" Its first line, '{file.headless}', looks like data: if the file has no "
        "header line, add one."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more


def _refuse_strangers(
    files: Sequence[FileColumns], keyed: list[dict[str, str]], *, header: bool
) -> None:
    """Refuse a file without a common column, and headers in some files only."""
    bare = [bool(file.headless) for file in files]
    if not header and any(bare) and not all(bare):
        msg = (
            f"'{files[bare.index(True)].label}' begins with data and "
            f"'{files[bare.index(False)].label}' with a header line. Make them alike: "
            "all with a header line, or none."
        )
        raise DataError(msg)
    model = bare.index(False) if False in bare else 0
    for file, names in zip(files, keyed, strict=True):
        if names.keys() & keyed[model].keys():
            continue
        msg = (
            f"'{file.label}' has no column in common with '{files[model].label}': it "
            f"has {_listed(file.names)}, the other {_listed(files[model].names)}."
            f"{_headless(file)} Name only files with the same columns."
        )
        raise DataError(msg)


def _refuse_types(
    key: str,
    files: Sequence[FileColumns],
    keyed: list[dict[str, str]],
    has_values: Callable[[int, str], bool],
) -> None:
    """Refuse a needed column that holds, say, texts in one file and numbers in another.

    Read as text, 7 and '007' would be two customers.
    """
    by_class: dict[str, list[int]] = {}
    for number, (file, names) in enumerate(zip(files, keyed, strict=True)):
        kind = dict(file.types).get(names.get(key, ""))
        if kind is not None:
            by_class.setdefault(_type_class(kind), []).append(number)
    if len(by_class) < 2 or set(by_class) <= _NUMBERS:
        return
    # A column without any value has a type that means nothing.
    filled = [
        (words, number)
        for words, numbers in by_class.items()
        for number in [n for n in numbers if has_values(n, keyed[n][key])][:1]
    ]
    if len(filled) < 2:
        return
    (first, one), (second, other) = filled[:2]
    msg = (
        f"Column '{keyed[other][key]}' holds {second} in '{files[other].label}', but "
        f"{first} in '{files[one].label}'. Write it with one type in all files."
    )
    raise DataError(msg)


def _type_class(kind: str) -> str:
    for words, beginnings in _TYPES.items():
        if kind.upper().startswith(beginnings):
            return words
    return kind


def _partial(
    files: Sequence[FileColumns],
    keyed: list[dict[str, str]],
    spelling: dict[str, str],
) -> Iterator[str]:
    """Yield a notice for each column that only some of the files have."""
    partial = [key for key in spelling if not all(key in each for each in keyed)]
    for key in partial[:_MOST_NOTICES]:
        without = [
            file.label
            for file, names in zip(files, keyed, strict=True)
            if key not in names
        ]
        yield (
            f"Column '{spelling[key]}' is not in {len(without):,} of {len(files):,} "
            f"files ({_listed(without)}): it is empty in their rows."
        )
    if len(partial) > _MOST_NOTICES:
        yield f"{len(partial) - _MOST_NOTICES:,} more columns are not in every file."
