"""Pick the purchase log out of a folder that holds other files beside it.

Only `init` picks: a configuration names what it reads.
"""

from __future__ import annotations

import glob
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import ArrowException

from regulars.data.alignment import column_key
from regulars.data.column_names import name_score
from regulars.data.contents import ending_of
from regulars.data.conversion import column_names
from regulars.data.locating import KINDS, files_below, locate_files, may_be_data
from regulars.errors import ConfigError, RegularsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROLES = (("customer_id",), ("order_time",), ("amount", "unit_price"))
_LOG_NAME = re.compile(
    r"(transaction|order|sale|purchase|invoice|receipt|log|bestellung|commande|pedido)s?",
    re.IGNORECASE,
)
_SHOWN = 6
_SHARED = 0.5
_LOOKED_AT = 5


@dataclass(frozen=True)
class _Family:
    """Files that seem to be parts of one table: same folder, kind and columns."""

    files: tuple[Path, ...]
    columns: frozenset[str]

    def is_like(self, other: _Family) -> bool:
        """Whether both are of one kind and share half of their columns."""
        same_kind = _kind(self.files[0]) == _kind(other.files[0])
        both, either = self.columns & other.columns, self.columns | other.columns
        return same_kind and bool(both) and len(both) >= _SHARED * len(either)

    def with_files(self, other: _Family) -> _Family:
        """Return both as one."""
        files = tuple(sorted((*self.files, *other.files)))
        return _Family(files, self.columns | other.columns)

    @property
    def is_log(self) -> bool:
        """Whether its columns can be a customer, a time and an amount."""
        return all(
            any(name_score(name, role) > 0 for name in self.columns for role in roles)
            for roles in _ROLES
        )

    @property
    def is_named_log(self) -> bool:
        """Whether the name of the file or its folder says so."""
        first = self.files[0]
        stem = "parts" if first.name.startswith("part-") else _stem(first)
        return bool(_LOG_NAME.fullmatch(stem) or _LOG_NAME.fullmatch(first.parent.name))


def locate_log(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the path of the purchase log, and the files of a folder passed over.

    Anything but a folder is returned as it is, and so is a folder of one table. Raises
    `ConfigError`, with a list, where several files may be meant.
    """
    folder = Path(path)
    if not folder.is_dir():
        return path, ()
    files = files_below(folder)
    families = _families([file for file in files if may_be_data(file)])
    if not families:
        locate_files(path)
    if len(families) == 1 and len(families[0].files) == len(files):
        return path, ()
    chosen = _chosen(families, folder)
    others = [file for file in files if file not in chosen.files]
    shown = tuple(str(file.relative_to(folder)) for file in others)
    return _path_of(chosen, folder), shown


def _families(files: list[Path]) -> list[_Family]:
    """Return the tables that the files are parts of."""
    parts: dict[tuple[Path, int, str], list[Path]] = {}
    for file in files:
        parts.setdefault((file.parent, _kind(file), _stem(file)), []).append(file)
    families: list[_Family] = []
    for members in parts.values():
        each = _Family(tuple(members), _columns_of(members))
        # Files that are almost alike belong together: reading them says what differs.
        alike = next((other for other in families if other.is_like(each)), None)
        if alike is not None:
            families.remove(alike)
            each = alike.with_files(each)
        families.append(each)
    return families


def _kind(file: Path) -> int:
    """Return the number of a file's kind."""
    ending = ending_of(file)
    return next((n for n, kind in enumerate(KINDS) if ending in kind), -1)


def _stem(file: Path) -> str:
    """Return the letters of a file's name: those of orders_2024-01.csv are orders."""
    if file.name.startswith("part-"):
        return "part"
    letters = re.sub(r"[\d\W_]+", " ", file.name.partition(".")[0])
    return letters.strip()


def _columns_of(files: list[Path]) -> frozenset[str]:
    """Return the names of the first file's columns that can be read; else none."""
    for file in files[:_LOOKED_AT]:
        try:
            return frozenset(map(column_key, column_names(file)))
        except (RegularsError, OSError, ArrowException):
            continue
    return frozenset()


def _chosen(families: list[_Family], folder: Path) -> _Family:
    """Return the family that is meant, if that is clear."""
    logs = [each for each in families if each.is_log]
    named = [each for each in logs if each.is_named_log]
    for candidates in (families, logs, named):
        if len(candidates) == 1:
            return candidates[0]
    listed = [str(each.files[0].relative_to(folder)) for each in logs or families]
    shown = ", ".join(listed[:_SHOWN]) + ", ..." * (len(listed) > _SHOWN)
    what = "several logs" if logs else "several tables, and none is plainly the log"
    msg = (
        f"'{folder}' is a folder that holds {what}: {shown}. Name the one that is "
        f"meant, such as '{families[0].files[0]}', or those that belong together."
    )
    raise ConfigError(msg)


def _path_of(family: _Family, folder: Path) -> str:
    """Return a path that means just the files of a family."""
    for parent in family.files[0].parents:
        if parent == folder:
            break
        if tuple(files_below(parent)) == family.files:
            return str(parent)
    if len(family.files) == 1:
        return str(family.files[0])
    names = [file.name for file in family.files]
    start = common_start(names)
    end = common_start([name[::-1] for name in names])[::-1]
    place = family.files[0].parent
    # Without digits first, so that the files of next year are meant too.
    for first, last in (
        (re.split(r"\d", start)[0], re.split(r"\d", end)[-1]),
        (start, end),
    ):
        pattern = f"{glob.escape(str(place))}/{glob.escape(first)}*{glob.escape(last)}"
        if tuple(sorted(map(Path, glob.glob(pattern)))) == family.files:
            return pattern
    msg = (
        f"'{folder}' is a folder that holds {len(names):,} files of one table beside "
        f"others: {', '.join(names[:_SHOWN])}. Move them to a folder of their own."
    )
    raise ConfigError(msg)


def common_start(texts: Sequence[str]) -> str:
    """Return the letters with which all texts begin."""
    columns = zip(*texts, strict=False)
    same = itertools.takewhile(lambda letters: len(set(letters)) == 1, columns)
    return "".join(letters[0] for letters in same)
